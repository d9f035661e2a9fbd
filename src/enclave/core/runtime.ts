/**
 * The running enclave: what each ecall does. Handlers run one at a time; the dispatcher (`enclave.ts`) sees to that.
 *
 * States: uninitialised → recovering → parentchain → syncing → running; syncing → provisioning → syncing; stopped from each of
 * them (see `PHASES`).
 *
 * @module
 */
import { readShardVault } from "../../stf/pallets/parentchain.ts";
import { isProductionChain } from "../../stf/parentchain_specs.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { RpcRouter } from "../../transport/router.ts";
import {
  type BlockOutcome,
  type Health,
  type Identity,
  type ImportBlocksRequest,
  type ImportParentchainRequest,
  type InitParentchainRequest,
  type InitRequest,
  KEYS_FILE,
  type Metric,
  type ParentchainPosition,
  type Phase,
  type SlotOutcome,
} from "../api/ecall_values.ts";
import type { EcallError } from "../api/ecalls.ts";
import type { Effect } from "../api/effects.ts";
import type { PayoutLedger } from "../duties/payout_ledger.ts";
import { enclaveMethods } from "../rpc/method_table.ts";
import type { RpcService } from "../rpc/rpc_service.ts";
import type { RunningServer } from "../server_port.ts";
import { Tickets } from "../tickets.ts";
import type { PushedWork } from "../turn_queue.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import { describeHealth } from "./health.ts";
import { type Joined, joinedFields, Joining, mustJoin } from "./joining.ts";
import { collectMetrics, EnclaveCounters } from "./metrics.ts";
import type { Outbox } from "./outbox.ts";
import { type FeedImport, ParentchainFeed } from "./parentchain_feed.ts";
import { PeerRegistry } from "./peer_registry.ts";
import { ProvisioningService } from "./provisioning_service.ts";
import { PushGate, pushTarget } from "./push_gate.ts";
import type { Recovered } from "./recovery.ts";
import { createRpcService } from "./rpc_backend.ts";
import { createRunning, type Running } from "./running.ts";
import { adoptKeys, createSetup, type EnclaveSetup, identityOf } from "./setup.ts";
import type { Shard } from "./shard.ts";
import { skippedSlot } from "./slot_runner.ts";
import { readStartFiles } from "./start_files.ts";

type Outcome<T> = Promise<Result<T, EcallError>>;

/**
 * Largest import after which the duties run: a host that is still catching up hands in at least one more at a time. Finality
 * may well come in steps of several blocks.
 */
export const LIVE_IMPORT_BLOCKS = 31;

function refuse(code: string, detail: string): Result<never, EcallError> {
  return err({ code, detail });
}

/** What runs beside the handlers, in its turn. */
export interface RuntimeTurns {
  /** Work of the enclave itself, as if it were an ecall. */
  readonly enqueue: (work: () => Promise<void>) => void;
  /** What peers pushed; `false` if there is no room. */
  readonly push: (work: PushedWork) => boolean;
}

/** State and handlers of the enclave. */
export class Runtime {
  readonly #ports: EnclavePorts;
  readonly #outbox: Outbox;
  readonly #enqueue: RuntimeTurns["enqueue"];
  readonly #gate: PushGate;
  readonly tickets: Tickets = new Tickets();
  readonly #counters = new EnclaveCounters();
  #phase: Phase = "uninitialised";
  #keysStored = true;
  #setup: EnclaveSetup | undefined;
  #recovered: Recovered | undefined;
  #ledger: PayoutLedger | undefined;
  #running: Running | undefined;
  #joining: Joining | undefined;
  #registry: PeerRegistry | undefined;
  #provisioning: ProvisioningService | undefined;
  /** Description of the parentchain as the host gave it last. */
  #info: Uint8Array = new Uint8Array(0);
  /** Whether it is known that this enclave's keys are those of the shard. */
  #isSettled = false;
  /** Whether the follower stands elsewhere than the host was told. */
  #isPositionNew = false;
  #service: RpcService | undefined;
  #server: RunningServer | undefined;
  #startMs = 0;

  constructor(ports: EnclavePorts, outbox: Outbox, { enqueue, push }: RuntimeTurns) {
    this.#ports = ports;
    this.#outbox = outbox;
    this.#enqueue = enqueue;
    this.#gate = new PushGate({ push, outbox, target: () => pushTarget(this.#running, ports) });
  }

  /** Why an ecall may not run now; `undefined` if it may. */
  refusalOf(ecall: string): EcallError | undefined {
    if (ecall === "health" || ecall === "metrics" || ecall === "shutdown") return undefined;
    if (this.#phase === "stopped") return { code: "Stopped", detail: "The enclave was shut down" };
    if (ecall === "init") return undefined;
    if (this.#setup === undefined) return { code: "NotInitialised", detail: "Call init first" };
    if (!this.#keysStored && ecall !== "file_written") {
      return { code: "KeysNotStored", detail: "Answer the write_file effect of the keys first" };
    }
    return undefined;
  }

  async init(request: InitRequest): Outcome<Identity> {
    if (this.#setup !== undefined) return refuse("AlreadyInitialised", "init runs once");
    const setup = await createSetup(request, this.#ports, this.#outbox);
    if (!setup.ok) return setup;
    this.#setup = setup.value;
    this.#startMs = Number(request.nowMs);
    this.#phase = "recovering";
    this.#registry = new PeerRegistry(setup.value, this.tickets, this.#outbox);
    const sealed = setup.value.newSealedKeys;
    if (sealed !== undefined) this.#writeKeys(sealed);
    else this.#outbox.push(...await this.#recover(setup.value));
    return ok(identityOf(setup.value));
  }

  #writeKeys(sealed: Uint8Array): void {
    this.#keysStored = false;
    const ticket = this.tickets.open("file_written", (written) => {
      if (!written) {
        const detail = "The sealed keys could not be written, and without them nothing may go on";
        return [{ type: "fatal", value: { code: "KeysNotStored", detail } }];
      }
      this.#keysStored = true;
      this.#phase = "parentchain";
      return [];
    });
    this.#outbox.push({ type: "write_file", value: { ticket, name: KEYS_FILE, bytes: sealed } });
  }

  async #recover(setup: EnclaveSetup): Promise<readonly Effect[]> {
    return await readStartFiles({
      ...{ setup, tickets: this.tickets, outbox: this.#outbox },
      onDone: ({ registry, ledger, recovered }) => {
        this.#registry = registry;
        registry.resumeWatch(recovered?.manifest.upgrade);
        this.#ledger = ledger;
        this.#recovered = recovered;
        this.#phase = "parentchain";
      },
    });
  }

  async initParentchain(request: InitParentchainRequest): Outcome<ParentchainPosition> {
    const setup = this.#setup as EnclaveSetup;
    if (request.parentchain !== 0) return refuse("UnsupportedParentchain", "Only Integritee is followed");
    if (this.#phase === "recovering") return refuse("Recovering", "The state is being recovered");
    this.#info = request.info;
    const started = this.#feed;
    if (started !== undefined) {
      const updated = started.updateMetadata(request.info);
      return updated.ok ? ok(started.position()) : updated;
    }
    const sealedFollower = this.#recovered?.manifest.followers.find(({ parentchain }) => parentchain === 0)?.state;
    const known = this.#recovered && readShardVault(this.#recovered.chain.head.snapshot);
    const vault = (known ?? setup.ownVault.vault).account;
    const feed = ParentchainFeed.start(setup, vault, request.info, sealedFollower);
    if (!feed.ok) return feed;
    if (setup.config.skipRa && isProductionChain(feed.value.state.genesisHash)) {
      return refuse("SkipAttestationNotAllowed", "A chain whose token has value wants attested enclaves");
    }
    if (sealedFollower === undefined) feed.value.tellCheckpoint(this.#outbox);
    await this.#start(setup, feed.value);
    return ok(feed.value.position());
  }

  async #start(setup: EnclaveSetup, feed: ParentchainFeed): Promise<void> {
    const recovered = this.#recovered;
    const running = createRunning({
      ...{ setup, feed, recovered },
      ...{ ports: this.#ports, tickets: this.tickets, outbox: this.#outbox, counters: this.#counters },
      ...{ registry: this.#registry as PeerRegistry, ledger: this.#ledger, startMs: this.#startMs },
    });
    this.#running = running;
    this.#recovered = undefined;
    // An enclave with blocks, or with the state of another's shard, is of the shard; any other may have founded a second one.
    this.#isSettled ||= running.shard.chain.head.number > 0n || !equalBytes(feed.vault, setup.ownVault.vault.account);
    this.#phase = this.#isSettled ? "syncing" : "founding";
    this.#outbox.push(...await running.snapshots.writeFirst());
  }

  /** Once the parentchain shows who runs the shard: this enclave founded it, or gives its own keys up and joins. */
  #hasToJoin({ feed, evidence }: Running): boolean {
    const view = feed.layerOne.newestView;
    const setup = this.#setup as EnclaveSetup;
    const joins = this.#isSettled || view === undefined ? undefined : mustJoin(view, setup.signer);
    if (joins === undefined) return false;
    this.#isSettled = true;
    const fields = { shard: encodeBase58(setup.shard), validateers: view?.shardStatus.length ?? 0 };
    this.#outbox.log("info", joins ? "JoiningShard" : "ShardFounded", fields);
    this.#phase = joins ? "provisioning" : "syncing";
    if (!joins) return false;
    this.#running = undefined;
    this.#joining = new Joining({
      ...{ setup, feed, evidence, registry: this.#registry as PeerRegistry },
      ...{ ports: this.#ports, tickets: this.tickets, outbox: this.#outbox, enqueue: this.#enqueue },
      onJoined: (joined) => this.#join(joined),
    });
    return true;
  }

  async #join({ keys, recovered, received }: Joined): Promise<void> {
    const setup = await adoptKeys(this.#setup as EnclaveSetup, keys, this.#ports, this.#outbox);
    const { head } = recovered.chain;
    const vault = (readShardVault(head.snapshot) ?? setup.ownVault.vault).account;
    const feed = ParentchainFeed.start(setup, vault, this.#info, received.follower);
    if (!feed.ok) return this.#outbox.push({ type: "fatal", value: feed.error });
    this.#setup = setup;
    this.#joining = undefined;
    this.#recovered = recovered;
    this.#isPositionNew = true;
    this.#outbox.log("info", "ShardReceived", joinedFields(received));
    const { newestNumber, newestHash } = received.manifest;
    await this.#start(setup, feed.value);
    if (newestNumber > head.number) {
      this.#outbox.push({ type: "blocks_wanted", value: { from: head.hash, until: newestHash, only: undefined } });
    }
  }

  async importParentchain(request: ImportParentchainRequest): Outcome<ParentchainPosition> {
    const [running, known] = [this.#running, this.#feed];
    if (known === undefined || request.parentchain !== 0) return refuse("ParentchainUnknown", "Call init_parentchain");
    if (this.#isPositionNew) {
      this.#isPositionNew = false;
      return ok(known.position());
    }
    if (running === undefined) return await this.#importJoining(known, request);
    const { feed, shard, duties, peers } = running;
    const nowMs = running.slots.clock.notBefore(Number(request.nowMs));
    const { base } = shard.chain;
    const confirmedUpTo = base.type === "block" ? base.layerOneHead.number : 0;
    const imported = feed.importBlocks(request.blocks, nowMs, confirmedUpTo);
    if (!imported.ok) {
      if (imported.error.code === "ParentchainTailReverted") this.#stopOnRevert();
      return imported;
    }
    this.#followPeers(feed, imported.value);
    if (this.#hasToJoin(running)) return ok(feed.position());
    const { isLost, revertedFrom } = imported.value;
    const takenBack = shard.followLayerOne(isLost, nowMs);
    if (takenBack === undefined) this.#stopOnRevert();
    else if (takenBack > 0) {
      this.#outbox.log("warn", "BlocksTakenBack", { count: takenBack, head: shard.chain.head.number });
    }
    const view = feed.layerOne.newestView;
    if (view?.nowMs !== undefined) running.slots.clock.sawParentchain(Number(view.nowMs));
    await peers.followParentchain(view, nowMs);
    duties.noteImported(imported.value.imported, revertedFrom);
    running.indirect.take(imported.value.imported);
    feed.layerOne.prune(shard.chain.base.snapshot, duties.unreadFrom);
    if (request.blocks.length <= LIVE_IMPORT_BLOCKS) await duties.run(nowMs);
    return ok(feed.position());
  }

  async #importJoining(
    feed: ParentchainFeed,
    { blocks, nowMs }: ImportParentchainRequest,
  ): Outcome<ParentchainPosition> {
    const imported = feed.importBlocks(blocks, Number(nowMs), 0);
    if (!imported.ok) return imported;
    this.#followPeers(feed, imported.value);
    await this.#joining?.onImported(Number(nowMs), blocks.length <= LIVE_IMPORT_BLOCKS);
    return ok(feed.position());
  }

  /** Which other enclaves the next blocks are to tell of, and which code is announced for the shard. */
  #followPeers(feed: ParentchainFeed, { imported }: FeedImport): void {
    const registry = this.#registry as PeerRegistry;
    registry.noteViews(imported.flatMap(({ content }) => content === undefined ? [] : [content.view]));
    feed.askForPeers(registry.wanted(feed.layerOne.newestView));
    this.#outbox.push(...registry.endpoints.note(feed.layerOne.newestView));
  }

  #stopOnRevert(): void {
    const detail = "Confirmed sidechain blocks rest on parentchain blocks that are not final after all";
    this.#outbox.push({ type: "fatal", value: { code: "ParentchainTailReverted", detail } });
  }

  async onSlot(nowMs: number): Promise<SlotOutcome> {
    if (this.#running === undefined) {
      return skippedSlot(this.#joining === undefined ? "ParentchainUnknown" : "Provisioning");
    }
    const outcome = await this.#running.slots.run(nowMs);
    if (outcome.code === "Authored") this.#phase = "running";
    return outcome;
  }

  async persisted(hash: Uint8Array): Outcome<undefined> {
    const running = this.#running;
    if (running === undefined || !running.shard.markPersisted(hash)) {
      return refuse("UnknownBlock", "No such block waits to be stored");
    }
    this.#outbox.push(...await running.snapshots.step());
    return ok(undefined);
  }

  async importBlocks({ nowMs, blocks }: ImportBlocksRequest): Outcome<readonly BlockOutcome[]> {
    const running = this.#running;
    if (running === undefined) return refuse("ParentchainUnknown", "Call init_parentchain");
    return ok(await running.peers.importEncoded(blocks, running.slots.clock.bounded(Number(nowMs))));
  }

  startRpc(): Result<number, EcallError> {
    const setup = this.#setup as EnclaveSetup;
    if (this.#server !== undefined) return ok(this.#server.port);
    const { listenHostname: hostname, listenPort: port } = setup.config;
    try {
      const router = new RpcRouter<RpcService>(enclaveMethods(), {
        onInternalError: (method, error) =>
          this.#outbox.log("error", "RpcHandlerFailed", { method, error: error instanceof Error ? error.name : "" }),
      });
      const service = this.service();
      this.#server = this.#ports.startServer({ hostname, port, certificate: setup.certificate, router, service });
      return ok(this.#server.port);
    } catch (error) {
      return refuse(
        "ListenFailed",
        `Cannot listen on ${hostname}:${port}: ${error instanceof Error ? error.name : "unknown"}`,
      );
    }
  }

  /** Opens the provisioning endpoint. */
  async startProvisioning(): Outcome<number> {
    this.#provisioning ??= new ProvisioningService({
      ...{ ports: this.#ports, outbox: this.#outbox, registry: this.#registry as PeerRegistry },
      setup: () => this.#setup as EnclaveSetup,
      running: () => this.#running,
    });
    return await this.#provisioning.start();
  }

  /** The service behind the RPC methods. @throws {TypeError} Before `init`. */
  service(): RpcService {
    if (this.#setup === undefined) throw new TypeError("Cannot serve before init");
    return this.#service ??= createRpcService({
      setup: () => this.#setup as EnclaveSetup,
      ports: this.#ports,
      counters: this.#counters,
      outbox: this.#outbox,
      // Clients are told of no other keys than those that are known to be the shard's.
      shard: () => this.#isSettled ? this.#running?.shard : undefined,
      evidence: () => this.#isSettled ? this.#running?.evidence : undefined,
      importBlocks: (blocks, connection) => this.#gate.take(blocks, connection),
      view: () => this.#running?.feed.layerOne.newestView,
    });
  }

  /** The running shard, for checks in the same process; none before `init_parentchain`. */
  get shard(): Shard | undefined {
    return this.#running?.shard;
  }

  async shutdown(): Promise<void> {
    this.#phase = "stopped";
    this.#setup?.crypto.stop();
    await Promise.all([this.#server?.stop(), this.#provisioning?.stop()]);
    this.#server = undefined;
  }

  metrics(): readonly Metric[] {
    return collectMetrics({
      counters: this.#counters,
      fingerprint: this.#ports.platform.measurement,
      version: this.#ports.version,
      shard: this.#running?.shard,
      feed: this.#feed,
      peers: this.#running?.peers,
      connections: this.#server?.connections() ?? 0,
      cryptoWorkers: this.#setup?.crypto.readyWorkers ?? 0,
    });
  }

  health(): Health {
    return describeHealth(this.#phase, this.#setup, this.#running, this.#feed);
  }

  get #feed(): ParentchainFeed | undefined {
    return this.#running?.feed ?? this.#joining?.feed;
  }
}
