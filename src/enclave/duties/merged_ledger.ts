/**
 * One ledger out of two: that of the own file, and that of a snapshot or of the validateer that handed the shard over.
 *
 * @module
 */
import { equalBytes } from "../../primitives/bytes.ts";
import type { LedgerEntry } from "./payout_entries.ts";
import { ledgerAtLevel, type PayoutLedger } from "./payout_ledger.ts";
import type { PayoutWindow } from "./payout_window.ts";

/**
 * The ledger that has read more of the parentchain; of an equally new pair the own one. What this enclave has signed itself
 * stays signed as long as its window is not over, so that no payout is signed a second time; the ledgers of others do not
 * name it; nor how often it has failed. Of their levels the higher one holds.
 *
 * The two may have read different branches of the parentchain. One of them is abandoned, which the next block shows; if that is
 * the one that is taken, it stops. Of the other one nothing may be lost that can still be included on the branch that is taken.
 */
export function mergeLedgers(
  own: PayoutLedger | undefined,
  other: PayoutLedger | undefined,
): PayoutLedger | undefined {
  if (own === undefined || other === undefined) return own ?? other;
  return ledgerAtLevel(ledgerAtLevel(mergeRead(own, other), own.level), other.level);
}

function mergeRead(own: PayoutLedger, other: PayoutLedger): PayoutLedger {
  if (other.cursor <= own.cursor) return own;
  // In a later window, or in one that begins with another block, what was signed is dead: it names the first block.
  const { window } = other;
  if (own.window === undefined || window === undefined || !isSame(own.window, window)) return other;
  // Signed for what the other one, having read more, has never seen: that can only be of another branch.
  if (own.entries.some(({ id, signed }) => signed !== undefined && id >= other.nextUnseen)) return own;
  const known = new Map(own.entries.map((entry) => [entry.id, entry]));
  return { ...other, entries: other.entries.map((entry) => withOwn(entry, known.get(entry.id), window)) };
}

function isSame(a: PayoutWindow, b: PayoutWindow): boolean {
  return a.start === b.start && equalBytes(a.hash, b.hash);
}

function withOwn(entry: LedgerEntry, own: LedgerEntry | undefined, { start }: PayoutWindow): LedgerEntry {
  if (own === undefined) return entry;
  const failures = Math.max(entry.failures, own.failures);
  const isOpen = entry.signed === undefined && entry.paidAt === undefined && entry.failedIn !== start;
  return isOpen ? { ...entry, failures, signed: own.signed } : { ...entry, failures };
}
