/**
 * The reference ledger: what a block must have done to the shard, computed from the parentchain's events and the calls'
 * plain texts alone. It shares no code with the state transition function.
 *
 * @module
 */
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import type { TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import type { ParentBlock } from "./parentchain.ts";

/** Smallest balance that an account may keep. */
const EXISTENTIAL_DEPOSIT = 500n;
/** Fee of a plain call: a hundredth of a token of 12 decimals. */
const CALL_FEE = 10n ** 10n;

/** Balance and nonce. */
export interface Account {
  readonly free: bigint;
  readonly nonce: number;
}

/** A payment owed on the parentchain. */
export interface Owed {
  readonly beneficiary: Hex;
  readonly amount: bigint;
}

/** The shard after a block. */
export interface Ledger {
  readonly id: Hex;
  readonly number: bigint;
  readonly parent: Ledger | undefined;
  readonly slot: bigint;
  /** Parentchain block up to which deposits are credited. */
  readonly layerOne: ParentBlock;
  readonly accounts: ReadonlyMap<Hex, Account>;
  readonly issuance: bigint;
  /** Payments owed by the block itself. */
  readonly owed: readonly Owed[];
  /** Deposits that the block credits. */
  readonly credited: readonly Hex[];
}

/** What became of a call. */
export interface TriedCall {
  readonly signed: TrustedCallSigned;
  readonly isSuccess: boolean;
}

/** A difference between what a block says and what it should. */
export interface Discrepancy {
  readonly invariant: string;
  readonly detail: string;
}

/** Balances that change while a block is worked through. */
class Balances {
  readonly accounts: Map<Hex, Account>;
  issuance: bigint;

  constructor({ accounts, issuance }: Pick<Ledger, "accounts" | "issuance">) {
    this.accounts = new Map(accounts);
    this.issuance = issuance;
  }

  of(id: Hex): Account {
    return this.accounts.get(id) ?? { free: 0n, nonce: 0 };
  }

  set(id: Hex, free: bigint): void {
    const kept = free < EXISTENTIAL_DEPOSIT ? 0n : free;
    this.issuance -= free - kept;
    this.accounts.set(id, { ...this.of(id), free: kept });
  }

  mint(id: Hex, amount: bigint): boolean {
    if (amount > 0n && this.of(id).free + amount < EXISTENTIAL_DEPOSIT) return false;
    this.issuance += amount;
    this.set(id, this.of(id).free + amount);
    return true;
  }

  transfer(from: Hex, to: Hex, amount: bigint): boolean {
    if (amount === 0n) return true;
    const { free } = this.of(from);
    if (free < amount) return false;
    if (from === to) return true;
    if (this.of(to).free + amount < EXISTENTIAL_DEPOSIT) return false;
    this.set(from, free - amount);
    this.set(to, this.of(to).free + amount);
    return true;
  }

  countNonce(id: Hex): void {
    const account = this.of(id);
    this.accounts.set(id, { ...account, nonce: account.nonce + 1 });
  }
}

/** Who gets fees, and whose transfers to whom are deposits. */
export interface LedgerRules {
  readonly enclaveAccount: Hex;
  readonly vault: Hex;
  /** Transfers of these to the vault are no deposits. */
  readonly signers: ReadonlySet<Hex>;
}

/** Computes the ledger after a block. */
export function nextLedger(
  parent: Ledger,
  block: { readonly id: Hex; readonly slot: bigint; readonly layerOne: readonly ParentBlock[] },
  calls: readonly TriedCall[],
  rules: LedgerRules,
): { readonly ledger: Ledger; readonly discrepancy: Discrepancy | undefined } {
  const balances = new Balances(parent);
  const credited: Hex[] = [];
  for (const { id, facts } of block.layerOne) {
    for (const { index, from, to, amount } of facts.transfers) {
      if (to !== rules.vault || from === rules.vault || rules.signers.has(from)) continue;
      credited.push(`${id}${index}` as Hex);
      const fee = amount / 571n;
      if (!balances.mint(from, amount - fee)) balances.mint(rules.enclaveAccount, amount);
      else if (!balances.mint(rules.enclaveAccount, fee)) balances.mint(from, fee);
    }
  }
  const owed: Owed[] = [];
  let discrepancy: Discrepancy | undefined;
  for (const call of calls) discrepancy ??= applyCall(balances, call, rules, owed);
  const ledger: Ledger = {
    id: block.id,
    number: parent.number + 1n,
    parent,
    slot: block.slot,
    layerOne: block.layerOne.at(-1) ?? parent.layerOne,
    accounts: balances.accounts,
    issuance: balances.issuance,
    owed,
    credited,
  };
  return { ledger, discrepancy };
}

function applyCall(
  balances: Balances,
  { signed: { call, nonce }, isSuccess }: TriedCall,
  { enclaveAccount }: LedgerRules,
  owed: Owed[],
): Discrepancy | undefined {
  const sender = toHex(
    call.type === "noop" ? call.value.sender : call.type === "balance_set_balance" ? call.value.root : call.value.from,
  );
  const expected = balances.of(sender).nonce;
  const fee = call.type === "balance_unshield" ? 3n * CALL_FEE : CALL_FEE;
  const isPaid = nonce === expected && call.type !== "balance_set_balance" &&
    balances.transfer(sender, enclaveAccount, fee);
  if (!isPaid) {
    return isSuccess
      ? { invariant: "NonceOneByOne", detail: `a call with nonce ${nonce} was executed, and ${expected} was due` }
      : undefined;
  }
  balances.countNonce(sender);
  const should = dispatch(balances, call, owed);
  return should === isSuccess
    ? undefined
    : { invariant: "Outcome", detail: `a ${call.type} should ${should ? "succeed" : "fail"}` };
}

function dispatch(balances: Balances, call: TrustedCallSigned["call"], owed: Owed[]): boolean {
  switch (call.type) {
    case "noop":
      return true;
    case "balance_transfer":
      return balances.transfer(toHex(call.value.from), toHex(call.value.to), call.value.amount);
    case "balance_unshield": {
      const from = toHex(call.value.from);
      const { beneficiary, amount } = call.value;
      const { free } = balances.of(from);
      if (free < amount) return false;
      if (amount === 0n) return true;
      balances.issuance -= amount;
      balances.set(from, free - amount);
      owed.push({ beneficiary: toHex(beneficiary), amount });
      return true;
    }
    default:
      return false;
  }
}
