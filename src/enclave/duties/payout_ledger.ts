/**
 * What an enclave knows of the shard's payouts on the parentchain: which ones may be paid, which were, and what it has
 * signed itself. Sealed by the enclave, and handed to new validateers with the state.
 *
 * Blocks of the parentchain are cut into windows of {@linkcode PAYOUT_WINDOW} by their number; only the one in which the
 * shard was created begins with it and is cut into shorter ones. Each payout has one payer in a window, by the validateers
 * at the window's first block, and everything signed in a window dies with it. So all enclaves agree without a word who may
 * pay, and nobody pays before the last window's end is final and its events are read.
 *
 * States of a payout: unknown → `waiting` → `signed` → `paid`; `signed` → `waiting` when its window is over without payment,
 * or when the extrinsic was included but the transfer failed.
 *
 * @module
 */
import type { AccountId, BlockHash, H256 } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import type { FinalityLevel } from "../../parentchain/follower_state.ts";
import type { ImportedBlock, ProxyOutcome } from "../../parentchain/imported_block.ts";
import { shardAuthorities } from "../../parentchain/view.ts";
import type { Payout } from "../../types/payout.ts";
import type { DutyAlert } from "./duty.ts";
import { LEVEL_RANK } from "./ripe_blocks.ts";

/** Blocks of a window, and mortality of what is signed in it. A power of two, as mortality must be. */
export const PAYOUT_WINDOW = 64;
/** Most payouts kept: as many as the shard's state lets wait. */
export const MAX_LEDGER_ENTRIES = 4_096;
/** Most validateers of a window: more than the ten that a shard can have. */
export const MAX_WINDOW_AUTHORITIES = 64;

/** A payout's extrinsic; the same bytes are sent again and again until it is included or dead. */
export interface SignedPayout {
  /** Last block in which it can be included: the end of its window. */
  readonly eraEnd: number;
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Its name on the chain. */
  readonly hash: H256;
  /** The nonce it takes. */
  readonly nonce: number;
  /** Whether the ledger with it is stored durably: only then may it be sent. */
  readonly isStored: boolean;
  /** Parentchain block at which it was last sent; 0 if never. */
  readonly sentAt: number;
}

/** A payout that a confirmation covers. */
export interface LedgerEntry {
  /** Its id in the shard's state. */
  readonly id: bigint;
  /** Who receives. */
  readonly beneficiary: AccountId;
  /** Amount in smallest units. */
  readonly amount: bigint;
  /** What this enclave has signed for it, if it is alive. */
  readonly signed: SignedPayout | undefined;
  /** First block of the last window in which its extrinsic failed: it is tried again in a later one. */
  readonly failedIn: number | undefined;
  /** Parentchain block in which it was paid. */
  readonly paidAt: number | undefined;
}

/** A window with its payers. */
export interface PayoutWindow {
  /** First block. */
  readonly start: number;
  /** Blocks, a power of two. */
  readonly period: number;
  /** Hash of the first block: the checkpoint of what is signed. */
  readonly hash: BlockHash;
  /** Validateers in the state of the first block; {@linkcode payerOf} names the payer of a payout among them. */
  readonly authorities: readonly AccountId[];
}

/** The ledger: an immutable value. */
export interface PayoutLedger {
  /** Newest parentchain block that was read. */
  readonly cursor: number;
  /** Payouts with a lower id are settled, or older than the ledger. */
  readonly firstOpen: bigint;
  /** The window of the cursor; absent until a window's first block was read. Without authorities before the shard exists. */
  readonly window: PayoutWindow | undefined;
  /** Payouts from `firstOpen` on, by ascending id. */
  readonly entries: readonly LedgerEntry[];
}

/** Begins a ledger for a shard's first payouts, or for those after `firstOpen` if there is nobody to ask. */
export function startPayoutLedger(cursor: number, firstOpen: bigint): PayoutLedger {
  return { cursor, firstOpen, window: undefined, entries: [] };
}

/**
 * Payer of a payout in a window: number `(id + k) mod n` of its `n` validateers in the `k`-th window, so that in each window it
 * is the next one's turn, and a payout whose payer is gone does not wait for ever. Short windows before the first whole one
 * count as that one's part.
 */
export function payerOf({ start, authorities }: PayoutWindow, id: bigint): AccountId | undefined {
  const turn = id + BigInt(Math.floor(start / PAYOUT_WINDOW));
  return authorities.length === 0 ? undefined : authorities[Number(turn % BigInt(authorities.length))];
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
  /** Payouts in the state of the newest confirmed sidechain block. */
  readonly payouts: readonly Payout[];
  /** The shard, for its validateers. */
  readonly shard: Uint8Array;
  /** The level that the parentchain's blocks must have; normally `proven`. */
  readonly level: FinalityLevel;
}

/**
 * Reads the next parentchain block. A block without content or below the wanted level stops the ledger: it must come again,
 * since a payment in it could be missed; that is an alert, and nothing is paid until then.
 */
export function readBlockForPayouts(ledger: PayoutLedger, block: ImportedBlock, input: LedgerInput): LedgerStep {
  if (block.number <= ledger.cursor) return { ledger, paid: [], alerts: [] };
  const { content } = block;
  if (
    block.number !== ledger.cursor + 1 || content === undefined || LEVEL_RANK[block.level] < LEVEL_RANK[input.level]
  ) {
    const fields = { block: String(block.number), cursor: String(ledger.cursor), level: block.level };
    return { ledger, paid: [], alerts: [{ code: "PayoutLedgerStopped", fields }] };
  }
  const rolled = rollWindow(ledger, block, shardAuthorities(content.view, input.shard));
  const settled = settleOutcomes(rolled, block.number, content.proxied);
  const confirmed = content.view.confirmation?.blockNumber ?? 0n;
  const added = input.payouts.filter((payout) =>
    payout.status.type !== "done" && payout.blockNumber <= confirmed && payout.id >= settled.ledger.firstOpen
  );
  return { ...settled, ledger: dropSettled({ ...addEntries(settled.ledger, added), cursor: block.number }) };
}

/** Last block of a window. */
export function windowEnd({ start, period }: PayoutWindow): number {
  return start + period - 1;
}

/** When a window is over: new payers, and whatever was signed before is dead. */
function rollWindow(
  ledger: PayoutLedger,
  { number, hash }: ImportedBlock,
  authorities: readonly AccountId[],
): PayoutLedger {
  const { window } = ledger;
  const begins = window === undefined
    // Within a window its payers are not known, unless there were none: a shard, once created, stays.
    ? number % PAYOUT_WINDOW === 0 || authorities.length === 0
    : number > windowEnd(window) || window.authorities.length === 0;
  if (!begins) return ledger;
  const left = PAYOUT_WINDOW - number % PAYOUT_WINDOW;
  const period = 2 ** Math.floor(Math.log2(left));
  return {
    ...ledger,
    window: { start: number, period, hash, authorities: authorities.slice(0, MAX_WINDOW_AUTHORITIES) },
    entries: ledger.entries.map((entry) => ({ ...entry, signed: undefined })),
  };
}

/**
 * Matches payments with payouts by payer, beneficiary and amount, the lowest id first. Payouts that are equal in all three
 * are interchangeable, so it does not matter whose extrinsic it was.
 */
function settleOutcomes(ledger: PayoutLedger, block: number, outcomes: readonly ProxyOutcome[]): LedgerStep {
  const { window } = ledger;
  let entries = ledger.entries;
  const paid: bigint[] = [];
  const alerts: DutyAlert[] = [];
  for (const { outcome, signer, extrinsicHash } of outcomes) {
    const own = entries.find(({ signed }) => signed !== undefined && equalBytes(signed.hash, extrinsicHash));
    if (outcome.type === "failed") {
      if (own === undefined || window === undefined) continue;
      alerts.push({ code: "PayoutFailed", fields: { id: String(own.id), reason: outcome.reason } });
      entries = replace(entries, { ...own, signed: undefined, failedIn: window.start });
      continue;
    }
    const match = entries.find(({ id, paidAt, beneficiary, amount }) =>
      paidAt === undefined && amount === outcome.amount && equalBytes(beneficiary, outcome.beneficiary) &&
      window !== undefined && equalBytes(payerOf(window, id) ?? NOBODY, signer)
    );
    if (match === undefined) {
      alerts.push({ code: "UnexpectedVaultTransfer", fields: { extrinsic: toHex(extrinsicHash) } });
      continue;
    }
    paid.push(match.id);
    entries = settle(entries, match, own, block);
  }
  return { ledger: { ...ledger, entries }, paid, alerts };
}

/**
 * Marks a payout as paid by the extrinsic of `own`. Those bytes are spent and must not be sent again; if they were signed
 * for an equal payout, that one takes over what was signed for the one they settled, so that nothing is signed twice.
 */
function settle(
  entries: readonly LedgerEntry[],
  match: LedgerEntry,
  own: LedgerEntry | undefined,
  block: number,
): readonly LedgerEntry[] {
  if (own === undefined) return replace(entries, { ...match, paidAt: block });
  const settled = replace(entries, { ...match, paidAt: block, signed: undefined });
  return own.id === match.id ? settled : replace(settled, { ...own, signed: match.signed });
}

const NOBODY = new Uint8Array(0);

function replace(entries: readonly LedgerEntry[], changed: LedgerEntry): readonly LedgerEntry[] {
  return entries.map((entry) => entry.id === changed.id ? changed : entry);
}

function addEntries(ledger: PayoutLedger, payouts: readonly Payout[]): PayoutLedger {
  const known = new Set(ledger.entries.map(({ id }) => id));
  const added = payouts.filter(({ id }) => !known.has(id)).map(({ id, beneficiary, amount }): LedgerEntry => ({
    id,
    beneficiary,
    amount,
    signed: undefined,
    failedIn: undefined,
    paidAt: undefined,
  }));
  if (added.length === 0) return ledger;
  const entries = [...ledger.entries, ...added].sort((a, b) => a.id < b.id ? -1 : 1);
  return { ...ledger, entries: entries.slice(0, MAX_LEDGER_ENTRIES) };
}

/**
 * Drops paid entries from the low end. An entry whose own extrinsic may still be included stays until its window is over:
 * another payment settled it, and that extrinsic settles another one.
 */
function dropSettled(ledger: PayoutLedger): PayoutLedger {
  let { firstOpen } = ledger;
  let dropped = 0;
  for (const entry of ledger.entries) {
    if (entry.id !== firstOpen || entry.paidAt === undefined || entry.signed !== undefined) break;
    firstOpen++;
    dropped++;
  }
  return dropped === 0 ? ledger : { ...ledger, firstOpen, entries: ledger.entries.slice(dropped) };
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

/** Marks everything signed as stored: call it when the sealed ledger is on disk, before anything is sent. */
export function ledgerStored(ledger: PayoutLedger): PayoutLedger {
  const entries = ledger.entries.map((entry) =>
    entry.signed === undefined ? entry : { ...entry, signed: { ...entry.signed, isStored: true } }
  );
  return { ...ledger, entries };
}
