/**
 * Duty: pay what the shard owes on the parentchain, once.
 *
 * Source: worker `app-libs/stf/src/trusted_call.rs#balance_unshield`, `enclave-runtime/src/top_pool_execution.rs` (839eda024)
 * Differs: the extrinsic follows the confirmation of its block, and the same bytes are sent until their era ends
 *
 * @module
 */
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { mortalEra } from "../../parentchain/era.ts";
import { signExtrinsic } from "../../parentchain/extrinsic.ts";
import { existentialDeposit } from "../../parentchain/funding.ts";
import type { DutyAlert, DutyChain, DutyExtrinsic, DutyIdentity } from "./duty.ts";
import { nextNonce, RESEND_BLOCKS, type ReservedNonce } from "./outbox.ts";
import type { LedgerEntry, SignedPayout } from "./payout_entries.ts";
import type { PayoutLedger } from "./payout_ledger.ts";
import { payerOf, windowEnd } from "./payout_window.ts";
import { encodeProxied } from "./vault.ts";

/** Most payouts signed and not included: fewer than a node's pool takes of one sender. */
export const MAX_PAYOUTS_IN_FLIGHT = 16;
/** Blocks that must be left of a window to sign in it: enough to be included and final. */
export const MIN_WINDOW_LEFT = 8;
/**
 * Windows in which an enclave lets a payout fail before it gives it up: each attempt costs a fee. Enough for a beneficiary to
 * put right what hinders it, such as an account below the existential deposit.
 */
export const MAX_PAYOUT_FAILURES = 4;

/** What to do for payouts. */
export interface PayoutPlan {
  /** The ledger after it. */
  readonly ledger: PayoutLedger;
  /** Whether something signed is not stored: seal and store the ledger, call `ledgerStored`, and plan again to send. */
  readonly mustStore: boolean;
  /** Extrinsics to submit now: all of them are stored. */
  readonly send: readonly DutyExtrinsic[];
  /** What stands in the way. */
  readonly alerts: readonly DutyAlert[];
}

/** Nonces that signed payouts hold, for the other duties. */
export function reservedNonces(ledger: PayoutLedger, account: AccountId): readonly ReservedNonce[] {
  return ledger.entries.flatMap(({ signed }) => signed === undefined ? [] : [{ signer: account, nonce: signed.nonce }]);
}

/** What signing depends on, besides the ledger and the parentchain. */
export interface PayoutTerms {
  /** The shard's vault on this chain. */
  readonly vault: AccountId;
  /** Nonces that other extrinsics under way hold. */
  readonly reserved: readonly ReservedNonce[];
  /** Whether a payout is open in the newest confirmed state: if not, others have paid it in a block that is not read yet. */
  readonly isOpen: (id: bigint) => boolean;
  /** Whether the ledger has all that this enclave ever signed for this window; if not, it only sends what it has. */
  readonly maySign: boolean;
}

/** Payouts that this enclave has tried in vain so often that it gives them up. */
export function failedPayouts(ledger: PayoutLedger): readonly bigint[] {
  return ledger.entries.filter((entry) => entry.paidAt === undefined && isGivenUp(entry)).map(({ id }) => id);
}

function isGivenUp({ failures }: LedgerEntry): boolean {
  return failures >= MAX_PAYOUT_FAILURES;
}

/** Signs payouts that are this enclave's in the current window, and sends those that are stored. */
export function planPayouts(
  ledger: PayoutLedger,
  chain: DutyChain,
  identity: DutyIdentity,
  terms: PayoutTerms,
): PayoutPlan {
  const { window } = ledger;
  const head = chain.head.number;
  const idle: PayoutPlan = { ledger, mustStore: false, send: [], alerts: [] };
  // The ledger may lag behind the head, but not by a window: what it has not read of its own window is this payer's own.
  const isCurrent = window !== undefined && ledger.cursor <= head && head <= windowEnd(window);
  if (!isCurrent || ledger.entries.length === 0) return idle;
  const signed = signDue(ledger, chain, identity, terms);
  const send: DutyExtrinsic[] = [];
  const entries = signed.entries.map((entry) => {
    if (!isDueToSend(entry, head) || entry.signed === undefined) return entry;
    send.push(toExtrinsic(entry.signed, identity));
    return { ...entry, signed: { ...entry.signed, sentAt: head } };
  });
  // Not only what was signed now: an earlier write may have failed.
  const mustStore = entries.some(({ signed }) => signed !== undefined && !signed.isStored);
  return { ledger: { ...ledger, entries }, mustStore, send, alerts: signed.alerts };
}

function isDueToSend({ signed }: LedgerEntry, head: number): boolean {
  return signed !== undefined && signed.isStored && head < signed.eraEnd &&
    (signed.sentAt === 0 || head >= signed.sentAt + RESEND_BLOCKS);
}

function toExtrinsic(signed: SignedPayout, { signer }: DutyIdentity): DutyExtrinsic {
  const { bytes, hash, nonce, eraEnd } = signed;
  return { bytes, hash, nonce, eraEnd, purpose: "payout", signer: signer.account };
}

interface SignedDue {
  readonly entries: readonly LedgerEntry[];
  readonly alerts: readonly DutyAlert[];
}

function signDue(
  ledger: PayoutLedger,
  chain: DutyChain,
  identity: DutyIdentity,
  { vault, reserved, isOpen, maySign }: PayoutTerms,
): SignedDue {
  const { window } = ledger;
  const none: SignedDue = { entries: ledger.entries, alerts: [] };
  const { account } = identity.signer;
  if (!maySign || window === undefined || windowEnd(window) - chain.head.number < MIN_WINDOW_LEFT) return none;
  const isMine = (entry: LedgerEntry) =>
    entry.paidAt === undefined && entry.signed === undefined && entry.failedIn !== window.start &&
    !entry.isSetAside && !isGivenUp(entry) && isOpen(entry.id) &&
    equalBytes(payerOf(window, entry.id) ?? new Uint8Array(0), account);
  const alive = ledger.entries.filter(({ signed, paidAt }) => signed !== undefined && paidAt === undefined);
  // What failed before comes last, so that it holds up nothing that can be paid.
  const due = ledger.entries.filter(isMine).sort((a, b) => a.failures - b.failures)
    .slice(0, Math.max(0, MAX_PAYOUTS_IN_FLIGHT - alive.length));
  if (due.length === 0) return none;
  if (!chain.view.vaultProxies.some(({ delegate }) => equalBytes(delegate, account))) {
    return { ...none, alerts: [{ code: "NotVaultDelegate", fields: { waiting: String(due.length) } }] };
  }
  let left = spendable(chain) - alive.reduce((sum, { amount }) => sum + amount, 0n);
  const taken = [...reserved, ...reservedNonces(ledger, account)];
  const changed = new Map<bigint, LedgerEntry>();
  const alerts: DutyAlert[] = [];
  for (const entry of due) {
    if (entry.amount > left) {
      alerts.push({ code: "VaultBalanceTooLow", fields: { id: String(entry.id) } });
      continue;
    }
    left -= entry.amount;
    const nonce = nextNonce(chain, identity, account, taken);
    taken.push({ signer: account, nonce });
    changed.set(entry.id, { ...entry, signed: signPayout(entry, chain, identity, vault, { window, nonce }) });
  }
  return { entries: ledger.entries.map((entry) => changed.get(entry.id) ?? entry), alerts };
}

/** What the vault can pay without dying. */
function spendable({ metadata, view }: DutyChain): bigint {
  const { free, frozen } = view.vault ?? { free: 0n, frozen: 0n };
  return free - frozen - existentialDeposit(metadata);
}

function signPayout(
  { beneficiary, amount }: LedgerEntry,
  { metadata, genesisHash }: DutyChain,
  { signer }: DutyIdentity,
  vault: AccountId,
  { window, nonce }: { readonly window: NonNullable<PayoutLedger["window"]>; readonly nonce: number },
): SignedPayout {
  const transfer = metadata.encodeCall("Balances", "transfer_keep_alive", {
    dest: metadata.address("Balances", "transfer_keep_alive", "dest", beneficiary),
    value: amount,
  });
  const era = mortalEra(window.period, window.start);
  const context = { metadata, genesisHash, era, checkpoint: window.hash, nonce };
  const { bytes, hash } = signExtrinsic(encodeProxied(metadata, vault, transfer), signer, context);
  return { eraEnd: windowEnd(window), bytes, hash, nonce, isStored: false, sentAt: 0 };
}
