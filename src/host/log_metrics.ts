/**
 * Warnings and errors of the log as a metric, so that an alert can be made of each.
 *
 * @module
 */
import type { Counter } from "prom-client";
import type { Log } from "./log.ts";

/**
 * Codes that the alert rules name. They are served as 0 from the start: a counter that appears with its first event does
 * not increase, as Prometheus sees it.
 */
export const WATCHED_CODES = {
  error: [
    "AwayForTooLong",
    "ConfirmedBlockUnavailable",
    "FileNotWritten",
    "InternalError",
    "ParentchainNotImported",
    "PayoutLedgerNotStored",
    "SlotFailed",
    "SnapshotDamaged",
    "SnapshotFailed",
  ],
  warn: [
    "EnclaveAccountUnfunded",
    "ExtrinsicRefused",
    "PayoutFailed",
    "PayoutLedgerCorrected",
    "PayoutLedgerIncomplete",
    "PayoutLedgerReverted",
    "PayoutLedgerStopped",
    "ProvisioningFailed",
    "ProvisioningRefused",
    "UpgradeVisible",
  ],
} as const satisfies Readonly<Record<"error" | "warn", readonly string[]>>;

/** Codes that are counted by their name; further ones count as `other`. The source has fewer than a hundred. */
export const MAX_COUNTED_CODES = 256;

/** A log that counts warnings and errors by level and code, and hands everything on. */
export function countLog(log: Log, events: Counter<"level" | "code">): Log {
  const known = new Set<string>();
  for (const [level, codes] of Object.entries(WATCHED_CODES)) {
    for (const code of codes) {
      known.add(code);
      events.inc({ level, code }, 0);
    }
  }
  return (level, code, fields) => {
    if (level === "error" || level === "warn") {
      if (known.size < MAX_COUNTED_CODES) known.add(code);
      events.inc({ level, code: known.has(code) ? code : "other" });
    }
    log(level, code, fields);
  };
}
