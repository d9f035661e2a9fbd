/**
 * One ledger out of two: that of the own file, and that of a snapshot or of the validateer that handed the shard over.
 *
 * @module
 */
import type { LedgerEntry } from "./payout_entries.ts";
import type { PayoutLedger } from "./payout_ledger.ts";

/**
 * The ledger that has read more of the parentchain; of an equally new pair the own one. What this enclave has signed itself
 * stays signed as long as its window is not over, so that no payout is signed a second time; the ledgers of others do not
 * name it; nor how often it has failed.
 */
export function mergeLedgers(
  own: PayoutLedger | undefined,
  other: PayoutLedger | undefined,
): PayoutLedger | undefined {
  if (own === undefined || other === undefined) return own ?? other;
  if (other.cursor <= own.cursor) return own;
  // A later window: what was signed in an earlier one is dead.
  if (own.window === undefined || other.window?.start !== own.window.start) return other;
  const known = new Map(own.entries.map((entry) => [entry.id, entry]));
  return { ...other, entries: other.entries.map((entry) => withOwn(entry, known.get(entry.id))) };
}

function withOwn(entry: LedgerEntry, own: LedgerEntry | undefined): LedgerEntry {
  if (own === undefined) return entry;
  const failures = Math.max(entry.failures, own.failures);
  const isOpen = entry.signed === undefined && entry.paidAt === undefined && entry.failedIn === undefined;
  return isOpen ? { ...entry, failures, signed: own.signed } : { ...entry, failures };
}
