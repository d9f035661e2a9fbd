/**
 * What exists once the parentchain is known, put together.
 *
 * @module
 */
import { FINALITY_LEVELS, type FinalityLevel } from "../../attestation/key_statement.ts";
import { h256 } from "../../primitives/branded.ts";
import { hasRoot } from "../../stf/pallets/sudo.ts";
import { EvidenceMaker } from "../evidence.ts";
import { mergeLedgers } from "../duties/merged_ledger.ts";
import type { PayoutLedger } from "../duties/payout_ledger.ts";
import { LEVEL_RANK } from "../duties/ripe_blocks.ts";
import type { Registration } from "../duties/registration.ts";
import type { Tickets } from "../tickets.ts";
import { CatchUp } from "./catch_up.ts";
import { decodeLedger, DutyRunner } from "./duty_runner.ts";
import { EarlierLife } from "./earlier_life.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import { createGenesisChain } from "./genesis_state.ts";
import { IndirectCalls } from "./indirect_calls.ts";
import type { EnclaveCounters } from "./metrics.ts";
import type { Outbox } from "./outbox.ts";
import type { ParentchainFeed } from "./parentchain_feed.ts";
import { PeerImport } from "./peer_import.ts";
import type { PeerRegistry } from "./peer_registry.ts";
import type { Recovered } from "./recovery.ts";
import type { EnclaveSetup } from "./setup.ts";
import { Shard } from "./shard.ts";
import { SlotRunner } from "./slot_runner.ts";
import { Snapshots } from "./snapshots.ts";

/** The shard and everything around it. */
export interface Running {
  readonly feed: ParentchainFeed;
  readonly shard: Shard;
  readonly peers: PeerImport;
  readonly indirect: IndirectCalls;
  readonly duties: DutyRunner;
  readonly snapshots: Snapshots;
  readonly slots: SlotRunner;
  readonly evidence: EvidenceMaker;
  /** Whether the shard is as new here as where it came from: only then does this enclave take part in it. */
  readonly isCaughtUp: () => boolean;
}

/** What it is made of. */
export interface RunningParts {
  readonly setup: EnclaveSetup;
  readonly ports: EnclavePorts;
  readonly feed: ParentchainFeed;
  readonly tickets: Tickets;
  readonly outbox: Outbox;
  readonly counters: EnclaveCounters;
  readonly registry: PeerRegistry;
  /** What was found on disk, or received from another validateer. */
  readonly recovered: Recovered | undefined;
  /** The payout ledger of its own file. */
  readonly ledger: PayoutLedger | undefined;
  /** When the enclave was started, Unix milliseconds. */
  readonly startMs: number;
}

/** Puts it together. */
export function createRunning(parts: RunningParts): Running {
  const { setup, ports, feed, tickets, outbox, counters, registry, recovered, startMs } = parts;
  const chain = recovered?.chain ?? createGenesisChain(setup, feed.state);
  const shard = new Shard(setup, chain, outbox);
  const context = { setup, shard, feed, tickets, outbox };
  const evidence = createEvidence(setup, ports, feed, shard);
  const earlierLife = new EarlierLife(setup.signer, startMs);
  shard.onForeignBlock = (block) => earlierLife.note(block, ports.nowMs());
  const catchUp = new CatchUp(recovered?.manifest.catchUpTo ?? 0n, {
    ...{ setup, shard, feed },
    nowMs: ports.nowMs,
  });
  const isCaughtUp = () => catchUp.isDone;
  const ledger = mergeLedgers(parts.ledger, recovered && decodeLedger(recovered.manifest.duties));
  const payoutFinality = FINALITY_LEVELS[setup.config.payoutFinality] ?? "proven";
  if (ledger !== undefined) refuseLowerLevel(ledger, payoutFinality, outbox);
  const duties = new DutyRunner(
    {
      ...context,
      payoutFinality,
      registration: () => registrationOf(setup, evidence, ports.nowMs()),
      peers: () => registry.provisioned,
      isCaughtUp,
      earlierLife,
    },
    ledger,
  );
  const manifest = recovered?.manifest;
  const loaded = manifest && { number: manifest.blockNumber, hash: manifest.blockHash };
  const snapshots = new Snapshots({ ...context, duties, registry, catchUpTo: () => catchUp.remaining }, loaded);
  const peers = new PeerImport(shard, feed.layerOne, outbox, registry.endpoints);
  const indirect = new IndirectCalls(shard, feed.layerOne, outbox);
  const { monotonicMs } = ports;
  const slots = new SlotRunner({
    ...{ shard, feed, duties, snapshots, indirect, peers, outbox, counters, startMs, monotonicMs, isCaughtUp },
  });
  return { feed, shard, duties, snapshots, peers, indirect, slots, evidence, isCaughtUp };
}

/** A host must not make payments rest on less than the shard's were held to: the ledger keeps its level, and the service stops. */
function refuseLowerLevel({ level }: PayoutLedger, asked: FinalityLevel, outbox: Outbox): void {
  if (LEVEL_RANK[asked] >= LEVEL_RANK[level]) return;
  const detail = `The shard pays at level "${level}", and "${asked}" was asked for`;
  outbox.push({ type: "fatal", value: { code: "PayoutFinalityLowered", detail } });
}

function createEvidence(setup: EnclaveSetup, { platform }: EnclavePorts, feed: ParentchainFeed, shard: Shard) {
  return new EvidenceMaker(platform, setup.keys, {
    genesis: feed.state.genesisHash,
    shard: setup.shard,
    fingerprint: setup.fingerprint,
    instanceId: setup.instanceId,
    slotDurationMs: Number(shard.slotDurationMs),
    tlsCertHash: h256(setup.certificate.hash),
    finality: feed.state.level,
    // Not from the configuration: what counts is the state, which the host's words of today do not change.
    hasRoot: hasRoot(shard.chain.head.snapshot),
  });
}

/** What this enclave registers with. @throws {PlatformError} */
export async function registrationOf(
  { config }: EnclaveSetup,
  evidence: EvidenceMaker,
  nowMs: number,
): Promise<Registration> {
  const url = config.trustedUrl;
  if (config.skipRa) return { proof: { type: "Skip" }, url };
  const { evidence: { quote } } = await evidence.get(nowMs);
  return { proof: { type: "Dcap", quote }, url };
}
