/**
 * What an enclave knows of the shard's payouts on the parentchain: which ones may be paid, which were, and what it has
 * signed itself. Sealed by the enclave, and handed to new validateers with the state.
 *
 * It is a function of the parentchain's blocks and of the confirmed states that they name, so that all enclaves have the same
 * one but for what they signed. Nobody pays before the end of the last window is final and its events are read.
 *
 * @module
 */
import type { FinalityLevel } from "../../parentchain/follower_state.ts";
import type { ImportedBlock } from "../../parentchain/imported_block.ts";
import { shardAuthorities } from "../../parentchain/view.ts";
import type { AccountId, BlockHash } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import type { Payout } from "../../types/payout.ts";
import type { DutyAlert } from "./duty.ts";
import { entriesOfNewWindow, type LedgerEntry, newEntry, settleOutcomes } from "./payout_entries.ts";
import { type PayoutWindow, windowBeginning } from "./payout_window.ts";
import { LEVEL_RANK } from "./ripe_blocks.ts";

/** Most payouts kept: as many as the shard's state keeps, open and finished. Further ones wait until there is room. */
export const MAX_LEDGER_ENTRIES = 5_120;

/** The ledger: an immutable value. */
export interface PayoutLedger {
  /** The level that parentchain blocks must have to be read; normally `proven`. It may rise, and never falls. */
  readonly level: FinalityLevel;
  /** Newest parentchain block that was read. */
  readonly cursor: number;
  /** Its hash: the next block must follow it. Absent until a block was read. */
  readonly cursorHash: BlockHash | undefined;
  /** The next payout to be entered: lower ones are entries, or finished, or older than the ledger. */
  readonly nextUnseen: bigint;
  /** The window of the cursor; absent until a window's first block was read. Without authorities before the shard exists. */
  readonly window: PayoutWindow | undefined;
  /** Payouts that are not finished for this enclave, by ascending id. */
  readonly entries: readonly LedgerEntry[];
}

/** Begins a ledger for a shard's first payouts, or for those from `nextUnseen` on if there is nobody to ask. */
export function startPayoutLedger(cursor: number, nextUnseen: bigint, level: FinalityLevel = "proven"): PayoutLedger {
  return { level, cursor, cursorHash: undefined, nextUnseen, window: undefined, entries: [] };
}

/** The ledger if from now on it wants a level: the higher one of this and of what it wants already. */
export function ledgerAtLevel(ledger: PayoutLedger, level: FinalityLevel): PayoutLedger {
  return LEVEL_RANK[level] > LEVEL_RANK[ledger.level] ? { ...ledger, level } : ledger;
}

/** What a block changed. */
export interface LedgerStep {
  /** The ledger after the block. */
  readonly ledger: PayoutLedger;
  /** Payouts that were paid in it. */
  readonly paid: readonly bigint[];
  /** What an operator should know. */
  readonly alerts: readonly DutyAlert[];
}

/** What a block's reading depends on. */
export interface LedgerInput {
  /** Payouts that the state of the newest confirmed sidechain block keeps, open and finished, by ascending id. */
  readonly payouts: readonly Payout[];
  /** Number of that sidechain block: the one that the parentchain's block shows as confirmed, or a later one. */
  readonly stateNumber: bigint;
  /** The shard, for its validateers. */
  readonly shard: Uint8Array;
}

/**
 * Reads the next parentchain block. A block without content or below the wanted level stops the ledger: it must come again,
 * since a payment in it could be missed; that is an alert, and nothing is paid until then. A block of another branch than the
 * one that was read reverts the ledger: so it does not matter when the ledger was stored, and by whom it was read.
 */
export function readBlockForPayouts(ledger: PayoutLedger, block: ImportedBlock, input: LedgerInput): LedgerStep {
  const { content, number, hash } = block;
  const isFinal = LEVEL_RANK[block.level] >= LEVEL_RANK[ledger.level];
  if (isFinal && isOfOtherBranch(ledger, block)) return revertLedger(ledger, ledger.cursor);
  if (number <= ledger.cursor) return { ledger, paid: [], alerts: [] };
  if (number !== ledger.cursor + 1 || content === undefined || !isFinal) {
    const fields = { block: String(number), cursor: String(ledger.cursor), level: block.level };
    return { ledger, paid: [], alerts: [{ code: "PayoutLedgerStopped", fields }] };
  }
  const rolled = rollWindow(ledger, block, shardAuthorities(content.view, input.shard));
  const { paid, alerts, entries } = settleOutcomes(rolled.entries, rolled.window, number, content.proxied);
  const confirmed = content.view.confirmation?.blockNumber ?? 0n;
  const entered = enterUnseen({ ...rolled, entries, cursor: number, cursorHash: hash }, input.payouts, confirmed);
  const finished = noteFinished(entered.ledger, input, confirmed);
  return { ledger: finished.ledger, paid, alerts: [...alerts, ...entered.alerts, ...finished.alerts] };
}

/** Whether a block shows that the newest one that was read is none of its chain's. */
function isOfOtherBranch({ cursor, cursorHash }: PayoutLedger, { number, hash, parentHash }: ImportedBlock): boolean {
  if (cursorHash === undefined || number < cursor || number > cursor + 1) return false;
  return !equalBytes(cursorHash, number === cursor ? hash : parentHash);
}

/** When a window is over: new payers, and whatever was signed before is dead. */
function rollWindow(ledger: PayoutLedger, block: ImportedBlock, authorities: readonly AccountId[]): PayoutLedger {
  const window = windowBeginning(ledger.window, block, authorities);
  return window === undefined ? ledger : { ...ledger, window, entries: entriesOfNewWindow(ledger.entries) };
}

type Step = Pick<LedgerStep, "ledger" | "alerts">;

/**
 * Enters what the confirmation covers, also if it is finished by now: who was away reads the payments of it in the blocks that
 * follow, and must not take them for those of others. One that is missing was finished and removed meanwhile; then its
 * payment cannot be told from those of equal ones, so nothing after it is entered.
 */
function enterUnseen(ledger: PayoutLedger, payouts: readonly Payout[], confirmed: bigint): Step {
  const unseen = payouts.filter(({ id, blockNumber }) => id >= ledger.nextUnseen && blockNumber <= confirmed);
  const gap = unseen.findIndex(({ id }, i) => id !== ledger.nextUnseen + BigInt(i));
  const whole = gap < 0 ? unseen : unseen.slice(0, gap);
  const added = whole.slice(0, Math.max(0, MAX_LEDGER_ENTRIES - ledger.entries.length));
  const fields = { missing: String(ledger.nextUnseen + BigInt(gap)) };
  return {
    ledger: added.length === 0 ? ledger : {
      ...ledger,
      nextUnseen: ledger.nextUnseen + BigInt(added.length),
      entries: [...ledger.entries, ...added.map(newEntry)],
    },
    alerts: gap < 0 ? [] : [{ code: "PayoutLedgerIncomplete", fields }],
  };
}

/**
 * Drops what is paid and done in the confirmed state too; what this enclave has signed for it may still be included and settle
 * an equal one, so such an entry stays until its window is over. Sets aside what the state gave up in a block that is
 * confirmed. And what is not open in the state, but not paid either in any block up to the one that confirms that state:
 * the state knows better, by an enclave that read every block.
 */
function noteFinished(ledger: PayoutLedger, { payouts, stateNumber }: LedgerInput, confirmed: bigint): Step {
  if (ledger.entries.length === 0) return { ledger, alerts: [] };
  const alerts: DutyAlert[] = [];
  const known = new Map(payouts.map(({ id, status }) => [id, status]));
  const entries = ledger.entries.flatMap((entry): readonly LedgerEntry[] => {
    const status = known.get(entry.id);
    const isDone = status === undefined || status.type === "done";
    if (entry.paidAt !== undefined) return isDone && entry.signed === undefined ? [] : [entry];
    const isFailed = status?.type === "failed" && status.value.blockNumber <= confirmed;
    if (entry.isSetAside || !(isFailed || (isDone && confirmed >= stateNumber))) return [entry];
    alerts.push({ code: isFailed ? "PayoutSetAside" : "PayoutLedgerCorrected", fields: { id: String(entry.id) } });
    return [{ ...entry, isSetAside: true }];
  });
  return { ledger: { ...ledger, entries }, alerts };
}

/** Number of a parentchain block that never comes: a ledger there reads and pays nothing any more. */
const STOPPED = 0xffff_ffff;

/**
 * Stops the ledger if blocks that it has read were undone, which only happens where payouts need less than proven blocks:
 * payments in the blocks that replace them would be missed.
 */
export function revertLedger(ledger: PayoutLedger, fromNumber: number): LedgerStep {
  if (fromNumber > ledger.cursor || ledger.cursor === STOPPED) return { ledger, paid: [], alerts: [] };
  const fields = { from: String(fromNumber), cursor: String(ledger.cursor) };
  return {
    ledger: { ...ledger, cursor: STOPPED },
    paid: [],
    alerts: [{ code: "PayoutLedgerReverted", fields }],
  };
}

/** Whether a ledger was reverted: what it says to be paid or failed may have been undone. */
export function isReverted({ cursor }: PayoutLedger): boolean {
  return cursor === STOPPED;
}

/** Marks everything signed as stored: call it when the sealed ledger is on disk, before anything is sent. */
export function ledgerStored(ledger: PayoutLedger): PayoutLedger {
  const entries = ledger.entries.map((entry) =>
    entry.signed === undefined ? entry : { ...entry, signed: { ...entry.signed, isStored: true } }
  );
  return { ...ledger, entries };
}
