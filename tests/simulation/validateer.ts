/**
 * A simulated validateer: the real enclave, host and service over a simulated disk, node, clock and network.
 *
 * States: down → starting → up → down, by a crash or a fatal error.
 *
 * @module
 */
import { type InitRequest, KEYS_FILE } from "../../src/enclave/api/ecall_values.ts";
import { createInProcessPort, type EnclavePort } from "../../src/enclave/api/enclave_port.ts";
import type { Platform } from "../../src/enclave/api/platform_client.ts";
import type { Shard } from "../../src/enclave/core/shard.ts";
import { Enclave } from "../../src/enclave/enclave.ts";
import { EnclaveHost } from "../../src/host/enclave_host.ts";
import type { Log } from "../../src/host/log.ts";
import { BlockFetcher, type BlockSource } from "../../src/host/peers/block_fetcher.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { ServiceError, ValidateerService } from "../../src/host/service.ts";
import type { RpcService } from "../../src/enclave/rpc/rpc_service.ts";
import { enclaveFingerprint } from "../../src/primitives/branded.ts";
import { MountedDisk, type SimulatedDisk } from "./disk.ts";
import type { SimulatedLink } from "./link.ts";
import type { Scheduler } from "./scheduler.ts";

/** Measurement of the simulated enclave, which names the shard too. */
export const FINGERPRINT = enclaveFingerprint(new Uint8Array(32).fill(0x4d));

/** All validateers run on one platform, so that a copied snapshot stands for a provisioned one. */
const PLATFORM: Platform = {
  measurement: FINGERPRINT,
  sealingKey: () => Promise.resolve(new Uint8Array(32).fill(0x11)),
  quote: () => Promise.reject(new TypeError("Cannot quote in a simulation")),
};

/** Nobody joins in a simulation: what provisioning needs is never asked for. */
const NO_PROVISIONING = {
  enclave: {
    provisioning: {
      listen: () => Promise.resolve({ port: 2, connections: () => 0, stop: () => Promise.resolve() }),
      connect: () => Promise.reject(new TypeError("Cannot dial in a simulation")),
    },
  },
  host: { dialPeer: () => Promise.resolve(undefined) },
  service: { stop: new AbortController().signal },
  request: { muRaListenPort: 0 },
};

const FINALITY = { proven: 0, sealed: 1, trusted: 2 } as const;

/** What a validateer tells its surroundings. */
export interface ValidateerEvents {
  /** A node takes an extrinsic, or not. */
  readonly submit: (bytes: Uint8Array, purpose: string) => Promise<boolean>;
  readonly broadcast: (block: Uint8Array) => void;
  /** Encrypted operations for the others. */
  readonly gossip: (message: Uint8Array) => void;
  /** The others, by index. */
  readonly peers: () => readonly number[];
  /** Connects to the store of another. */
  readonly open: (peer: number) => BlockSource;
  readonly fatal: (code: string, detail: string) => void;
  readonly log: Log;
}

/** What a validateer is made of. */
export interface ValidateerParts {
  readonly index: number;
  readonly scheduler: Scheduler;
  readonly level: "proven" | "sealed" | "trusted";
  readonly slotDurationMs: number;
  readonly createLink: (onError: (error: unknown) => void) => SimulatedLink;
  readonly events: ValidateerEvents;
}

/** One life of a validateer, between a start and a crash. */
interface Life {
  readonly enclave: Enclave;
  readonly port: EnclavePort;
  readonly host: EnclaveHost;
  readonly service: ValidateerService;
  readonly mounted: MountedDisk;
  readonly link: SimulatedLink;
  readonly fetcher: BlockFetcher;
  alive: boolean;
}

/** A validateer. */
export class SimulatedValidateer {
  readonly index: number;
  readonly #parts: ValidateerParts;
  disk: SimulatedDisk;
  /** By how much its clock is wrong. */
  #skewMs = 0;
  /** The latest time that its clock showed before it was set. */
  #shownMs = 0;
  /** Counts starts. */
  lives = 0;
  #life: Life | undefined;

  constructor(parts: ValidateerParts, disk: SimulatedDisk) {
    this.index = parts.index;
    this.#parts = parts;
    this.disk = disk;
  }

  /** Whether it runs. */
  get isUp(): boolean {
    return this.#life !== undefined;
  }

  /** Its clock. */
  get nowMs(): number {
    return this.#parts.scheduler.nowMs + this.#skewMs;
  }

  /** The latest time that its clock has shown. */
  get latestMs(): number {
    return Math.max(this.#shownMs, this.nowMs);
  }

  /** Sets its clock wrong by so much. */
  setSkew(skewMs: number): void {
    this.#shownMs = this.latestMs;
    this.#skewMs = skewMs;
  }

  /** The running shard. */
  get shard(): Shard | undefined {
    return this.#life?.enclave.shard();
  }

  /** The disk as the running process has it. */
  get mounted(): MountedDisk | undefined {
    return this.#life?.mounted;
  }

  /** The service behind its RPC. */
  get rpc(): RpcService | undefined {
    return this.#life?.enclave.service();
  }

  /** Its node has seen new blocks. */
  wakeLink(): void {
    this.#life?.link.wake();
  }

  /** Starts it from what its disk holds. `withSlots` is false for one that shall only follow the parentchain. */
  async start(withSlots = true): Promise<void> {
    if (this.#life !== undefined) return;
    const life = this.#create();
    this.#life = life;
    this.lives++;
    try {
      const identity = await life.service.recover(this.#initRequest());
      if (!life.alive) return;
      await life.service.sync(identity);
      if (life.alive && withSlots) await life.service.run();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (life.alive) this.#parts.events.fatal(error.code, error.message);
      this.crash();
    }
  }

  /** Ends it at once: nothing of what it was doing happens any more. */
  crash(): void {
    const life = this.#life;
    if (life === undefined) return;
    life.alive = false;
    life.mounted.unmount();
    void life.link.stop();
    life.fetcher.stop();
    this.#life = undefined;
  }

  #create(): Life {
    const { scheduler, events, createLink } = this.#parts;
    const mounted = new MountedDisk(this.disk);
    const isAlive = () => life.alive;
    const guarded = <A extends unknown[]>(run: (...args: A) => void) => (...args: A) =>
      isAlive() ? run(...args) : undefined;
    const enclave = new Enclave({
      platform: PLATFORM,
      nowMs: () => this.nowMs,
      monotonicMs: () => scheduler.nowMs,
      tick: () => Promise.resolve(),
      startServer: () => ({ port: 1, connections: () => 0, stop: () => Promise.resolve() }),
      ...NO_PROVISIONING.enclave,
      sendEffects: (effects) => void (isAlive() && port.onEffects?.(effects)),
      version: "simulation",
    });
    const port = createInProcessPort((name, bytes) =>
      isAlive() ? enclave.handle(name, bytes).then((answer) => isAlive() ? answer : never()) : never()
    );
    const fatal = guarded(events.fatal);
    const log = guarded(events.log);
    const host = new EnclaveHost(port, {
      blocks: mounted.blocks,
      files: mounted.files,
      submitExtrinsic: ({ purpose, bytes }) => isAlive() ? events.submit(bytes, purpose) : never(),
      broadcast: guarded(events.broadcast),
      fetchBlocks: guarded((wanted) => fetcher.take(wanted)),
      setPeers: () => {},
      gossip: guarded(events.gossip),
      ...NO_PROVISIONING.host,
      fatal,
      log,
    });
    const link = createLink((error) => log("error", "ParentchainNotImported", { reason: String(error) }));
    const timer = {
      now: () => this.nowMs,
      after: (ms: number, run: () => void) => scheduler.after(ms, `slot v${this.index}`, guarded(run)),
    };
    const fetcher = new BlockFetcher({
      peers: () => events.peers().map(String),
      open: (peer) => Promise.resolve(events.open(Number(/\d+/u.exec(peer)?.[0]))),
      importBlocks: async (blocks) => {
        const result = isAlive() ? await host.call("import_blocks", { nowMs: BigInt(this.nowMs), blocks }) : undefined;
        return result?.ok ? result.value : undefined;
      },
      store: mounted.blocks,
      timer,
      fetched: { inc: () => {} },
      // That peers lie, or do not answer, is no news here.
      log: () => {},
    });
    const fund = () => Promise.resolve();
    const metrics = createHostMetrics(false);
    const service = new ValidateerService({ host, link, timer, metrics, log, fund, ...NO_PROVISIONING.service });
    const life: Life = { enclave, port, host, service, mounted, link, fetcher, alive: true };
    mounted.onPowerLoss = () => this.crash();
    return life;
  }

  #initRequest(): InitRequest {
    const { level, slotDurationMs } = this.#parts;
    const { files, rows } = this.disk;
    const numbers = rows.map(({ number }) => number).sort((a, b) => Number(a - b));
    return {
      nowMs: BigInt(this.nowMs),
      shard: undefined,
      slotDurationMs,
      testGenesis: false,
      finality: FINALITY[level],
      payoutFinality: level === "trusted" ? FINALITY.trusted : FINALITY.proven,
      skipRa: true,
      shieldingTarget: 0,
      listenHostname: "127.0.0.1",
      listenPort: 0,
      ...NO_PROVISIONING.request,
      trustedUrl: `wss://v${this.index}:2000`,
      untrustedUrl: `ws://v${this.index}:2001`,
      muRaUrl: `v${this.index}:3443`,
      tlsNames: ["localhost"],
      sealedKeys: files.get(KEYS_FILE),
      files: [...files.keys()],
      storedBlocks: numbers.length === 0 ? undefined : [numbers[0] as bigint, numbers.at(-1) as bigint],
    };
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
