/**
 * Prometheus text: the host's own metrics by prom-client, those of the enclave as it gave them.
 *
 * Source: worker `service/src/prometheus_metrics.rs` (839eda024)
 *
 * @module
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Metric } from "../enclave/api/ecall_values.ts";

/** Prefix of every name. */
const PREFIX = "integritee_worker_";

/** Metrics that the host itself measures. */
export interface HostMetrics {
  readonly registry: Registry;
  /** Slots for which the enclave was not asked in time. */
  readonly missedSlots: Counter;
  /** Seconds left in the slot when its work was done. */
  readonly slotRemaining: Histogram<"stage">;
  /** Free balances on the parentchain, in its tokens. */
  readonly freeBalance: Gauge<"parentchain" | "role">;
  /** Warnings and errors of the log. */
  readonly logEvents: Counter<"level" | "code">;
  /** The exchange of blocks with other validateers. */
  readonly peers: {
    /** Peers that are connected now. */
    readonly connected: Gauge;
    /** Messages handed to a peer's connection. */
    readonly sent: Counter;
    /** Messages that a peer did not get because it was too slow or away. */
    readonly dropped: Counter;
    /** Blocks that were fetched and imported. */
    readonly fetched: Counter;
  };
}

/** Makes the host's metrics; with the process's own if `process` is set. */
export function createHostMetrics(process: boolean): HostMetrics {
  const registry = new Registry();
  if (process) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    missedSlots: new Counter({
      name: `${PREFIX}sidechain_missed_slots`,
      help: "Slots for which the enclave was not asked in time",
      registers,
    }),
    slotRemaining: new Histogram({
      name: `${PREFIX}enclave_sidechain_aura_remaining_durations`,
      help: "Seconds left in the slot after a stage of its work",
      labelNames: ["stage"],
      buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
      registers,
    }),
    freeBalance: new Gauge({
      name: `${PREFIX}account_free_balance`,
      help: "Free balance on the parentchain, in its tokens",
      labelNames: ["parentchain", "role"],
      registers,
    }),
    logEvents: new Counter({
      name: `${PREFIX}log_events`,
      help: "Warnings and errors in the log, by their code",
      labelNames: ["level", "code"],
      registers,
    }),
    peers: createPeerMetrics(registers),
  };
}

function createPeerMetrics(registers: Registry[]): HostMetrics["peers"] {
  return {
    connected: new Gauge({
      name: `${PREFIX}sidechain_connected_peers`,
      help: "Validateers to which a connection is open",
      registers,
    }),
    sent: new Counter({
      name: `${PREFIX}sidechain_messages_sent`,
      help: "Blocks and operations handed to the connections of other validateers",
      registers,
    }),
    dropped: new Counter({
      name: `${PREFIX}sidechain_messages_dropped`,
      help: "Blocks and operations that a validateer did not get because it was too slow or away",
      registers,
    }),
    fetched: new Counter({
      name: `${PREFIX}sidechain_blocks_fetched`,
      help: "Blocks that were fetched from other validateers and imported",
      registers,
    }),
  };
}

const KINDS = ["gauge", "counter", "histogram"] as const;

/** The enclave's metrics as Prometheus text. */
export function renderEnclaveMetrics(metrics: readonly Metric[]): string {
  const families = new Map<string, string[]>();
  for (const metric of metrics) {
    const kind = KINDS[metric.kind] ?? "untyped";
    const family = PREFIX + (kind === "histogram" ? metric.name.replace(/_(?:bucket|sum|count)$/, "") : metric.name);
    const lines = families.get(family) ?? [`# TYPE ${family} ${kind}`];
    families.set(family, lines);
    const labels = metric.labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",");
    lines.push(`${PREFIX}${metric.name}${labels === "" ? "" : `{${labels}}`} ${metric.value}`);
  }
  return [...families.values()].flat().map((line) => `${line}\n`).join("");
}
