/**
 * Values for Prometheus, under the worker's names.
 *
 * Source: worker `service/src/prometheus_metrics.rs`, `core-primitives/enclave-metrics/src/lib.rs` (839eda024)
 *
 * @module
 */
import { encodeBase58 } from "../../primitives/base58.ts";
import { parentchainPallets } from "../../stf/pallets/parentchain.ts";
import { readTotalIssuance } from "../../stf/pallets/balances.ts";
import { countOpenPayouts, listOpenPayouts, payoutsDoneCount, payoutsFailedCount } from "../../stf/pallets/payouts.ts";
import { PARENTCHAIN_IDS } from "../../types/parentchain_id.ts";
import type { Metric } from "../api/ecall_values.ts";
import type { ParentchainFeed } from "./parentchain_feed.ts";
import type { PeerImport } from "./peer_import.ts";
import type { Shard } from "./shard.ts";

const GAUGE = 0;
const COUNTER = 1;
const HISTOGRAM = 2;

/** Upper bounds of the calls of a proposal: 0.5, 1, 2 … 1024. */
const CALLS_BUCKETS: readonly number[] = [0.5, ...Array.from({ length: 11 }, (_, i) => 2 ** i)];
/** Upper bounds of an execution in seconds: 0.0001 × 3^k. */
const DURATION_BUCKETS: readonly number[] = Array.from({ length: 10 }, (_, i) => 0.0001 * 3 ** i);

/** A histogram with fixed bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  /** Adds a value. */
  observe(value: number): void {
    this.#sum += value;
    this.#count++;
    for (const [i, bound] of this.#bounds.entries()) if (value <= bound) this.#counts[i] = (this.#counts[i] ?? 0) + 1;
  }

  /** Samples in Prometheus' form. */
  samples(name: string, labels: Metric["labels"]): Metric[] {
    const bucket = (bound: string, count: number): Metric => ({
      name: `${name}_bucket`,
      kind: HISTOGRAM,
      labels: [...labels, ["le", bound]],
      value: String(count),
    });
    return [
      ...this.#bounds.map((bound, i) => bucket(String(bound), this.#counts[i] ?? 0)),
      bucket("+Inf", this.#count),
      { name: `${name}_sum`, kind: HISTOGRAM, labels, value: String(this.#sum) },
      { name: `${name}_count`, kind: HISTOGRAM, labels, value: String(this.#count) },
    ];
  }
}

/** What is counted as it happens. */
export class EnclaveCounters {
  rpcRequests = 0;
  rpcTrustedCalls = 0;
  /** Operations that other validateers were told of. */
  gossipSent = 0;
  /** Operations that another validateer told of and that came into the pool. */
  gossipTaken = 0;
  /** Messages that were not read. */
  gossipRefused = 0;
  /** Ready calls before the last proposal. */
  poolBefore = 0;
  /** Own slots in which no block was made, and why the last one was not. */
  missedSlots = 0;
  readonly succeeded: Histogram = new Histogram(CALLS_BUCKETS);
  readonly failed: Histogram = new Histogram(CALLS_BUCKETS);
  readonly duration: Histogram = new Histogram(DURATION_BUCKETS);
}

/** What the metrics are about; parts are absent until they exist. */
export interface MetricsContext {
  readonly counters: EnclaveCounters;
  readonly fingerprint: Uint8Array;
  readonly version: string;
  readonly shard: Shard | undefined;
  readonly feed: ParentchainFeed | undefined;
  readonly peers: PeerImport | undefined;
  readonly connections: number;
  /** Nested workers that answer. */
  readonly cryptoWorkers: number;
}

function plain(name: string, kind: number, value: number | bigint | string, labels: Metric["labels"] = []): Metric {
  return { name, kind, labels, value: String(value) };
}

/** All samples. */
export function collectMetrics(context: MetricsContext): Metric[] {
  const { counters, fingerprint, version, shard, feed, peers, connections, cryptoWorkers } = context;
  const samples: Metric[] = [
    plain("enclave_labels", GAUGE, 0, [["version", version], ["fingerprint", encodeBase58(fingerprint)]]),
    plain("enclave_rpc_requests", COUNTER, counters.rpcRequests),
    plain("enclave_rpc_tc_received", COUNTER, counters.rpcTrustedCalls),
    plain("enclave_rpc_connections", GAUGE, connections),
    plain("enclave_gossip_operations_sent", COUNTER, counters.gossipSent),
    plain("enclave_gossip_operations_taken", COUNTER, counters.gossipTaken),
    plain("enclave_gossip_messages_refused", COUNTER, counters.gossipRefused),
    plain("enclave_crypto_workers", GAUGE, cryptoWorkers),
    plain("enclave_top_pool_a_priori_size", GAUGE, counters.poolBefore),
    plain("enclave_sidechain_missed_slots", COUNTER, counters.missedSlots),
    ...counters.succeeded.samples("enclave_stf_state_update_attempted_calls_count", [["result", "success"]]),
    ...counters.failed.samples("enclave_stf_state_update_attempted_calls_count", [["result", "failed"]]),
    ...counters.duration.samples("enclave_stf_state_update_execution_duration", []),
  ];
  if (shard !== undefined) samples.push(...shardMetrics(shard));
  if (shard !== undefined && peers !== undefined) samples.push(...consensusMetrics(shard, peers));
  const view = feed?.layerOne.newestView;
  if (shard !== undefined && view !== undefined) {
    const name = encodeBase58(shard.setup.shard);
    const last = view.confirmation?.blockNumber ?? 0n;
    samples.push(
      plain("enclave_sidechain_last_finalized_block_number", GAUGE, last, [["shard", name]]),
      plain("enclave_sidechain_peer_count", GAUGE, view.shardStatus.length),
    );
  }
  return samples;
}

function shardMetrics(shard: Shard): Metric[] {
  const { snapshot, number } = shard.persisted;
  const issuance = readTotalIssuance(snapshot);
  const { one } = shard.stf;
  const tokens = `${issuance / one}.${(issuance % one).toString().padStart(String(one).length - 1, "0")}`;
  const processed = PARENTCHAIN_IDS.flatMap((id) => {
    const block = parentchainPallets[id].number.get(snapshot);
    const name = "enclave_stf_runtime_parentchain_processed_block_number";
    return block === undefined ? [] : [plain(name, GAUGE, block, [["parentchain_id", id]])];
  });
  return [
    plain("enclave_sidechain_block_height", GAUGE, number),
    plain("enclave_payouts_open", GAUGE, countOpenPayouts(snapshot)),
    plain("enclave_payouts_oldest_open_seconds", GAUGE, oldestPayoutSeconds(shard)),
    plain("enclave_payouts_failed", GAUGE, payoutsFailedCount.get(snapshot) ?? 0n),
    plain("enclave_payouts_settled", COUNTER, payoutsDoneCount.get(snapshot) ?? 0n),
    plain("enclave_stf_state_size_bytes", GAUGE, snapshot.encodedSize, [["shard", encodeBase58(shard.setup.shard)]]),
    plain("enclave_stf_runtime_total_issuance", GAUGE, tokens),
    ...processed,
  ];
}

/** How long the oldest open payout has waited at least: the time of the blocks since, without slots that have none. */
function oldestPayoutSeconds({ persisted: { snapshot, number }, slotDurationMs }: Shard): number {
  if (countOpenPayouts(snapshot) === 0n) return 0;
  const [oldest] = listOpenPayouts(snapshot);
  return oldest === undefined ? 0 : Number((number - oldest.blockNumber) * slotDurationMs) / 1000;
}

/** What goes wrong between validateers; 0 while all is well, but for the blocks that are not confirmed yet. */
function consensusMetrics({ chain, equivocations }: Shard, { confirmations, parkedCount }: PeerImport): Metric[] {
  const prefix = "enclave_sidechain";
  return [
    plain(`${prefix}_unconfirmed_blocks`, GAUGE, chain.head.number - chain.base.number),
    plain(`${prefix}_confirmations_overdue`, GAUGE, confirmations.isOverdue ? 1 : 0),
    plain(`${prefix}_confirmed_block_missing`, GAUGE, confirmations.missing === undefined ? 0 : 1),
    plain(`${prefix}_parked_blocks`, GAUGE, parkedCount),
    plain(`${prefix}_equivocations`, COUNTER, equivocations.found),
  ];
}
