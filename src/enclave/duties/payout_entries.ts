/**
 * The entries of the payout ledger, and what payments on the parentchain change in them.
 *
 * States of a payout: unknown → `waiting` → `signed` → `paid`; `signed` → `waiting` when its window is over without payment, or
 * when the extrinsic was included but the transfer failed; `waiting` → `set aside` when the confirmed state says that it is given
 * up. What is paid is dropped when the confirmed state says so too, what is set aside with the window.
 *
 * @module
 */
import type { ProxyOutcome } from "../../parentchain/imported_block.ts";
import type { AccountId, H256 } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import type { Payout } from "../../types/payout.ts";
import type { DutyAlert } from "./duty.ts";
import { payerOf, type PayoutWindow } from "./payout_window.ts";

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
  /** How often the transfer failed that this enclave had signed. */
  readonly failures: number;
  /** Parentchain block in which it was paid. */
  readonly paidAt: number | undefined;
  /** Whether it is given up: nobody signs for it any more, and what is signed dies with the window. */
  readonly isSetAside: boolean;
}

/** Entry of a payout of which nothing is known but that it is owed. */
export function newEntry({ id, beneficiary, amount }: Payout): LedgerEntry {
  const nothing = { signed: undefined, failedIn: undefined, failures: 0, paidAt: undefined, isSetAside: false };
  return { id, beneficiary, amount, ...nothing };
}

/** The entries with which a window begins: what was signed before is dead, and what was given up may not be paid any more. */
export function entriesOfNewWindow(entries: readonly LedgerEntry[]): readonly LedgerEntry[] {
  return entries.filter(({ isSetAside, paidAt }) => !isSetAside || paidAt !== undefined)
    .map((entry) => ({ ...entry, signed: undefined }));
}

/** What a block's payments change. */
export interface Settlement {
  /** The entries after the block. */
  readonly entries: readonly LedgerEntry[];
  /** Payouts that were paid in it. */
  readonly paid: readonly bigint[];
  /** What an operator should know. */
  readonly alerts: readonly DutyAlert[];
}

/**
 * Matches payments with payouts by payer, beneficiary and amount, the lowest id first, and those that are set aside last: they
 * are finished by the word of the state. Payouts that are equal in all three are interchangeable, so it does not
 * matter whose extrinsic it was.
 */
export function settleOutcomes(
  before: readonly LedgerEntry[],
  window: PayoutWindow | undefined,
  block: number,
  outcomes: readonly ProxyOutcome[],
): Settlement {
  let entries = before;
  const paid: bigint[] = [];
  const alerts: DutyAlert[] = [];
  for (const { outcome, signer, extrinsicHash } of outcomes) {
    const own = entries.find(({ signed }) => signed !== undefined && equalBytes(signed.hash, extrinsicHash));
    if (outcome.type === "failed") {
      if (own === undefined || window === undefined) continue;
      alerts.push({ code: "PayoutFailed", fields: { id: String(own.id), reason: outcome.reason } });
      const failures = own.failures + 1;
      entries = replace(entries, { ...own, signed: undefined, failedIn: window.start, failures });
      continue;
    }
    const equal = entries.filter(({ id, paidAt, beneficiary, amount }) =>
      paidAt === undefined && amount === outcome.amount && equalBytes(beneficiary, outcome.beneficiary) &&
      window !== undefined && equalBytes(payerOf(window, id) ?? NOBODY, signer)
    );
    const match = equal.find(({ isSetAside }) => !isSetAside) ?? equal[0];
    if (match === undefined) {
      alerts.push({ code: "UnexpectedVaultTransfer", fields: { extrinsic: toHex(extrinsicHash) } });
      continue;
    }
    paid.push(match.id);
    entries = settle(entries, match, own, block);
  }
  return { entries, paid, alerts };
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
