/**
 * Native balances and their sum.
 *
 * Source: worker `app-libs/sgx-runtime/src/lib.rs#Balances` (839eda024), which is FRAME's pallet_balances
 * Differs: an account below the existential deposit loses its balance but keeps its nonce, so that no old call becomes
 * valid again; only an account that never signed is removed.
 *
 * @module
 */
import { u128 } from "../../codec/codec.ts";
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { KvStore, StateReader } from "../../state/kv_store.ts";
import { type StorageValue, storageValue } from "../storage.ts";
import type { StfError } from "../stf_error.ts";
import { readAccountInfo, systemAccount } from "./system.ts";

/**
 * Smallest balance that an account may keep, in the smallest unit.
 *
 * Source: worker `app-libs/sgx-runtime/src/lib.rs#EXISTENTIAL_DEPOSIT` (839eda024)
 */
export const EXISTENTIAL_DEPOSIT = 500n;

/** Largest sum of balances: what the wire type u128 can carry. */
const MAX_BALANCE = (1n << 128n) - 1n;

/** `Balances.TotalIssuance`: the sum of all balances. */
export const balancesTotalIssuance: StorageValue<bigint> = storageValue("Balances", "TotalIssuance", u128);

/** The sum of all balances. */
export function readTotalIssuance(store: StateReader): bigint {
  return balancesTotalIssuance.get(store) ?? 0n;
}

/** What an account can spend. */
export function readFreeBalance(store: StateReader, who: AccountId): bigint {
  return readAccountInfo(store, who).data.free;
}

function dispatchError(reason: (StfError & { code: "Dispatch" })["reason"]): { ok: false; error: StfError } {
  return err({ code: "Dispatch", reason });
}

/** Writes a free balance; what is left below the existential deposit is burned. */
function writeFreeBalance(store: KvStore, who: AccountId, free: bigint): void {
  const info = readAccountInfo(store, who);
  if (free + info.data.reserved >= EXISTENTIAL_DEPOSIT) {
    systemAccount.set(store, who, { ...info, providers: 1, data: { ...info.data, free } });
    return;
  }
  if (free > 0n) balancesTotalIssuance.set(store, readTotalIssuance(store) - free);
  if (info.nonce === 0) systemAccount.remove(store, who);
  else systemAccount.set(store, who, { ...info, providers: 0, data: { ...info.data, free: 0n } });
}

/** Whether an account would exist with this much more. */
export function canReceive(store: StateReader, who: AccountId, amount: bigint): boolean {
  return readFreeBalance(store, who) + amount >= EXISTENTIAL_DEPOSIT;
}

/**
 * Moves balance; the sender may end. Nothing changes on failure.
 *
 * Source: FRAME `pallet_balances::Pallet::transfer_allow_death` (polkadot-v0.9.42)
 */
export function transfer(store: KvStore, from: AccountId, to: AccountId, amount: bigint): Result<undefined, StfError> {
  if (amount === 0n) return ok(undefined);
  const available = readFreeBalance(store, from);
  if (available < amount) return dispatchError("InsufficientBalance");
  if (equalBytes(from, to)) return ok(undefined);
  if (!canReceive(store, to, amount)) return dispatchError("ExistentialDeposit");
  writeFreeBalance(store, from, available - amount);
  writeFreeBalance(store, to, readFreeBalance(store, to) + amount);
  return ok(undefined);
}

/** Creates balance. Nothing changes on failure. */
export function mint(store: KvStore, who: AccountId, amount: bigint): Result<undefined, StfError> {
  if (amount === 0n) return ok(undefined);
  const issuance = readTotalIssuance(store) + amount;
  if (issuance > MAX_BALANCE) return dispatchError("Overflow");
  if (!canReceive(store, who, amount)) return dispatchError("ExistentialDeposit");
  balancesTotalIssuance.set(store, issuance);
  writeFreeBalance(store, who, readFreeBalance(store, who) + amount);
  return ok(undefined);
}

/** Destroys balance; the account may end. Nothing changes on failure, which is `MissingFunds`. */
export function burn(store: KvStore, who: AccountId, amount: bigint): Result<undefined, StfError> {
  const available = readFreeBalance(store, who);
  if (available < amount) return err({ code: "MissingFunds" });
  if (amount === 0n) return ok(undefined);
  balancesTotalIssuance.set(store, readTotalIssuance(store) - amount);
  writeFreeBalance(store, who, available - amount);
  return ok(undefined);
}

/**
 * Sets a free balance and adapts the sum; below the existential deposit it becomes 0. Nothing changes on failure.
 *
 * Source: FRAME `pallet_balances::Pallet::force_set_balance` (polkadot-v0.9.42)
 */
export function forceSetBalance(store: KvStore, who: AccountId, free: bigint): Result<undefined, StfError> {
  const wanted = free < EXISTENTIAL_DEPOSIT ? 0n : free;
  const before = readFreeBalance(store, who);
  if (wanted === before) return ok(undefined);
  const issuance = readTotalIssuance(store) - before + wanted;
  if (issuance > MAX_BALANCE) return dispatchError("Overflow");
  balancesTotalIssuance.set(store, issuance);
  writeFreeBalance(store, who, wanted);
  return ok(undefined);
}
