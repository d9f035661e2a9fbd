/**
 * The running enclave: what each ecall does. Handlers run one at a time; the dispatcher (`enclave.ts`) sees to that.
 *
 * States: uninitialised → recovering → parentchain → syncing → running; stopped from each of them (see `PHASES`).
 *
 * @module
 */
import { FINALITY_LEVELS } from "../../attestation/key_statement.ts";
import { h256 } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { readShardVault } from "../../stf/pallets/parentchain.ts";
import { sudoKey } from "../../stf/pallets/sudo.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { SignedBlock } from "../../types/signed_block.ts";
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
  PHASES,
  type SlotOutcome,
} from "../api/ecall_values.ts";
import type { EcallError } from "../api/ecalls.ts";
import { EvidenceMaker } from "../evidence.ts";
import type { PayoutLedger } from "../duties/payout_ledger.ts";
import type { Registration } from "../duties/registration.ts";
import { enclaveMethods } from "../rpc/method_table.ts";
import type { RpcService } from "../rpc/rpc_service.ts";
import type { RunningServer } from "../server_port.ts";
import { Tickets } from "../tickets.ts";
import { decodeLedger, DutyRunner, LEDGER_FILE, newerLedger, openLedger } from "./duty_runner.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import { createGenesisChain } from "./genesis_state.ts";
import { IndirectCalls } from "./indirect_calls.ts";
import { collectMetrics, EnclaveCounters } from "./metrics.ts";
import type { Outbox } from "./outbox.ts";
import { ParentchainFeed } from "./parentchain_feed.ts";
import { PeerImport } from "./peer_import.ts";
import { type Recovered, startRecovery } from "./recovery.ts";
import { createRpcService } from "./rpc_backend.ts";
import { createSetup, type EnclaveSetup, identityOf } from "./setup.ts";
import { Shard } from "./shard.ts";
import { skippedSlot, SlotRunner } from "./slot_runner.ts";
import { Snapshots } from "./snapshots.ts";

/** What exists once the parentchain is known. */
interface Running {
  readonly feed: ParentchainFeed;
  readonly shard: Shard;
  readonly peers: PeerImport;
  readonly indirect: IndirectCalls;
  readonly duties: DutyRunner;
  readonly snapshots: Snapshots;
  readonly slots: SlotRunner;
}

type Outcome<T> = Promise<Result<T, EcallError>>;

/**
 * Largest import after which the duties run: a host that is still catching up hands in at least one more at a time. Finality
 * may well come in steps of several blocks.
 */
export const LIVE_IMPORT_BLOCKS = 31;

function refuse(code: string, detail: string): Result<never, EcallError> {
  return err({ code, detail });
}

/** State and handlers of the enclave. */
export class Runtime {
  readonly #ports: EnclavePorts;
  readonly #outbox: Outbox;
  readonly #enqueue: (work: () => Promise<void>) => void;
  readonly tickets: Tickets = new Tickets();
  readonly #counters = new EnclaveCounters();
  #phase: Phase = "uninitialised";
  #keysStored = true;
  #setup: EnclaveSetup | undefined;
  #recovered: Recovered | undefined;
  #ledger: PayoutLedger | undefined;
  #running: Running | undefined;
  #evidence: EvidenceMaker | undefined;
  #service: RpcService | undefined;
  #server: RunningServer | undefined;
  #startMs = 0;

  /** `enqueue` runs work between ecalls. */
  constructor(ports: EnclavePorts, outbox: Outbox, enqueue: (work: () => Promise<void>) => void) {
    this.#ports = ports;
    this.#outbox = outbox;
    this.#enqueue = enqueue;
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
    const sealed = setup.value.newSealedKeys;
    if (sealed !== undefined) this.#writeKeys(sealed);
    else await this.#recover(setup.value);
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

  async #recover(setup: EnclaveSetup): Promise<void> {
    const startSnapshots = () =>
      startRecovery({
        setup,
        tickets: this.tickets,
        outbox: this.#outbox,
        onDone: (recovered) => {
          this.#recovered = recovered;
          this.#phase = "parentchain";
        },
      });
    if (!setup.config.files.includes(LEDGER_FILE)) {
      this.#outbox.push(...await startSnapshots());
      return;
    }
    const ticket = this.tickets.open("file_read", async (sealed) => {
      this.#ledger = sealed === undefined ? undefined : await openLedger(setup, sealed);
      if (this.#ledger !== undefined) return await startSnapshots();
      const detail = `The file "${LEDGER_FILE}" is damaged: without it a payout could be paid twice`;
      return [{ type: "fatal", value: { code: "PayoutLedgerDamaged", detail } }];
    });
    this.#outbox.push({ type: "read_file", value: { ticket, name: LEDGER_FILE } });
  }

  async initParentchain(request: InitParentchainRequest): Outcome<ParentchainPosition> {
    const setup = this.#setup as EnclaveSetup;
    if (request.parentchain !== 0) return refuse("UnsupportedParentchain", "Only Integritee is followed");
    if (this.#phase === "recovering") return refuse("Recovering", "The state is being recovered");
    if (this.#running !== undefined) {
      const updated = this.#running.feed.updateMetadata(request.info);
      return updated.ok ? ok(this.#running.feed.position()) : updated;
    }
    const sealedFollower = this.#recovered?.manifest.followers.find(({ parentchain }) => parentchain === 0)?.state;
    const known = this.#recovered && readShardVault(this.#recovered.chain.head.snapshot);
    const vault = (known ?? setup.ownVault.vault).account;
    const feed = ParentchainFeed.start(setup, vault, request.info, sealedFollower);
    if (!feed.ok) return feed;
    await this.#start(setup, feed.value);
    return ok(feed.value.position());
  }

  async #start(setup: EnclaveSetup, feed: ParentchainFeed): Promise<void> {
    const recovered = this.#recovered;
    const chain = recovered?.chain ?? createGenesisChain(setup, feed.state);
    const shard = new Shard(setup, chain, this.#outbox);
    const context = { setup, shard, feed, tickets: this.tickets, outbox: this.#outbox };
    const payoutFinality = FINALITY_LEVELS[setup.config.payoutFinality] ?? "proven";
    const evidence = new EvidenceMaker(this.#ports.platform, setup.keys, {
      genesis: feed.state.genesisHash,
      shard: setup.shard,
      fingerprint: setup.fingerprint,
      instanceId: setup.instanceId,
      slotDurationMs: Number(shard.slotDurationMs),
      tlsCertHash: h256(setup.certificate.hash),
      finality: feed.state.level,
      // Not from the configuration: what counts is the state, which the host's words of today do not change.
      hasRoot: sudoKey.get(shard.chain.head.snapshot) !== undefined,
    });
    const duties = new DutyRunner(
      {
        ...context,
        payoutFinality,
        registration: () => this.#registration(setup, evidence),
        peers: () => [],
        isCaughtUp: () => true,
      },
      newerLedger(this.#ledger, recovered && decodeLedger(recovered.manifest.duties)),
    );
    const manifest = recovered?.manifest;
    const loaded = manifest && { number: manifest.blockNumber, hash: manifest.blockHash };
    const snapshots = new Snapshots({ ...context, duties }, loaded);
    this.#evidence = evidence;
    const peers = new PeerImport(shard, feed.layerOne, this.#outbox);
    const indirect = new IndirectCalls(shard, feed.layerOne, this.#outbox);
    const slots = new SlotRunner({
      ...{ shard, feed, duties, snapshots, indirect, outbox: this.#outbox, counters: this.#counters },
      startMs: this.#startMs,
      monotonicMs: this.#ports.monotonicMs,
    });
    this.#running = { feed, shard, duties, snapshots, peers, indirect, slots };
    this.#recovered = undefined;
    this.#phase = "syncing";
    this.#outbox.push(...await snapshots.writeFirst());
  }

  async #registration(setup: EnclaveSetup, evidence: EvidenceMaker): Promise<Registration> {
    const url = setup.config.trustedUrl;
    if (setup.config.skipRa) return { proof: { type: "Skip" }, url };
    const { evidence: { quote } } = await evidence.get(this.#ports.nowMs());
    return { proof: { type: "Dcap", quote }, url };
  }

  async importParentchain(request: ImportParentchainRequest): Outcome<ParentchainPosition> {
    const running = this.#running;
    if (running === undefined || request.parentchain !== 0) {
      return refuse("ParentchainUnknown", "Call init_parentchain");
    }
    const { feed, shard, duties, peers } = running;
    const nowMs = Number(request.nowMs);
    const { base } = shard.chain;
    const confirmedUpTo = base.type === "block" ? base.layerOneHead.number : 0;
    const imported = feed.importBlocks(request.blocks, nowMs, confirmedUpTo);
    if (!imported.ok) {
      if (imported.error.code === "ParentchainTailReverted") this.#stopOnRevert();
      return imported;
    }
    const { isLost, revertedFrom } = imported.value;
    const takenBack = shard.followLayerOne(isLost, nowMs);
    if (takenBack === undefined) this.#stopOnRevert();
    else if (takenBack > 0) {
      this.#outbox.log("warn", "BlocksTakenBack", { count: takenBack, head: shard.chain.head.number });
    }
    this.#followConfirmation(running, nowMs);
    duties.noteImported(imported.value.imported, revertedFrom);
    running.indirect.take(imported.value.imported);
    feed.layerOne.prune(shard.chain.base.snapshot, duties.unreadFrom);
    await peers.retryParked(nowMs);
    if (request.blocks.length <= LIVE_IMPORT_BLOCKS) await duties.run(nowMs);
    return ok(feed.position());
  }

  #stopOnRevert(): void {
    const detail = "Confirmed sidechain blocks rest on parentchain blocks that are not final after all";
    this.#outbox.push({ type: "fatal", value: { code: "ParentchainTailReverted", detail } });
  }

  #followConfirmation({ feed, shard, slots }: Running, nowMs: number): void {
    const view = feed.layerOne.newestView;
    if (view?.nowMs !== undefined) slots.sawParentchain(view.nowMs);
    if (view?.confirmation === undefined || shard.confirm(view.confirmation, nowMs)) return;
    const { blockNumber, blockHeaderHash } = view.confirmation;
    this.#outbox.log("error", "ConfirmedBlockUnavailable", { number: blockNumber });
    this.#outbox.push({ type: "blocks_wanted", value: { from: shard.chain.head.hash, until: blockHeaderHash } });
  }

  async onSlot(nowMs: number): Promise<SlotOutcome> {
    if (this.#running === undefined) return skippedSlot("ParentchainUnknown");
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
    return ok(await running.peers.importEncoded(blocks, Number(nowMs)));
  }

  /** Blocks that a peer sent to the trusted endpoint. */
  #takePeerBlocks(blocks: readonly SignedBlock[]): void {
    const peers = this.#running?.peers;
    const wanted = peers?.ofPeers(blocks) ?? [];
    if (wanted.length > 0) this.#enqueue(async () => void await peers?.importDecoded(wanted, this.#ports.nowMs()));
  }

  startRpc(): Result<number, EcallError> {
    const setup = this.#setup as EnclaveSetup;
    if (this.#server !== undefined) return ok(this.#server.port);
    try {
      const { listenHostname: hostname, listenPort: port } = setup.config;
      const router = new RpcRouter<RpcService>(enclaveMethods(), {
        onInternalError: (method, error) =>
          this.#outbox.log("error", "RpcHandlerFailed", { method, error: error instanceof Error ? error.name : "" }),
      });
      const service = this.service();
      this.#server = this.#ports.startServer({ hostname, port, certificate: setup.certificate, router, service });
      return ok(this.#server.port);
    } catch (error) {
      return refuse("ListenFailed", error instanceof Error ? error.name : "unknown");
    }
  }

  /** The service behind the RPC methods. @throws {TypeError} Before `init`. */
  service(): RpcService {
    if (this.#setup === undefined) throw new TypeError("Cannot serve before init");
    return this.#service ??= createRpcService({
      setup: this.#setup,
      ports: this.#ports,
      counters: this.#counters,
      outbox: this.#outbox,
      shard: () => this.#running?.shard,
      evidence: () => this.#evidence,
      importBlocks: (blocks) => this.#takePeerBlocks(blocks),
    });
  }

  /** The running shard, for checks in the same process; none before `init_parentchain`. */
  get shard(): Shard | undefined {
    return this.#running?.shard;
  }

  async shutdown(): Promise<void> {
    this.#phase = "stopped";
    this.#setup?.crypto.stop();
    await this.#server?.stop();
    this.#server = undefined;
  }

  metrics(): readonly Metric[] {
    return collectMetrics({
      counters: this.#counters,
      fingerprint: this.#ports.platform.measurement,
      version: this.#ports.version,
      shard: this.#running?.shard,
      feed: this.#running?.feed,
      connections: this.#server?.connections() ?? 0,
      cryptoWorkers: this.#setup?.crypto.readyWorkers ?? 0,
    });
  }

  health(): Health {
    const running = this.#running;
    const view = running?.feed.layerOne.newestView;
    const self = this.#setup?.signer ?? new Uint8Array(0);
    return {
      phase: PHASES.indexOf(this.#phase),
      registered: view?.enclave !== undefined,
      listed: view?.shardStatus.some(({ signer }) => equalBytes(signer, self)) ?? false,
      vault: running && readShardVault(running.shard.persisted.snapshot)?.account,
      blockNumber: running?.shard.persisted.number ?? 0n,
      blockHash: running?.shard.persisted.hash ?? new Uint8Array(32),
      confirmedNumber: view?.confirmation?.blockNumber ?? 0n,
      slotDurationMs: Number(running?.shard.slotDurationMs ?? 0n),
      notAuthoring: running?.slots.notAuthoring ?? "ParentchainUnknown",
    };
  }
}
