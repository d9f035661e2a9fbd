/**
 * Accounts and the block number.
 *
 * Source: worker `app-libs/sgx-runtime/src/lib.rs#System` (839eda024)
 *
 * @module
 */
import { u64 } from "../../codec/codec.ts";
import type { AccountId } from "../../primitives/branded.ts";
import type { KvStore, StateReader } from "../../state/kv_store.ts";
import { type AccountInfo, accountInfo, DEFAULT_ACCOUNT_INFO } from "../../types/account_info.ts";
import { accountIdCodec } from "../../types/ids.ts";
import { type StorageMap, storageMap, type StorageValue, storageValue } from "../storage.ts";

/** Largest nonce, u32; a call with it is refused, because the nonce after it would be 0 and make all calls valid again. */
export const MAX_NONCE = 0xffff_ffff;

/**
 * `System.Number`: number of the block that is executed, in 8 bytes.
 *
 * Source: worker `app-libs/stf/src/stf_sgx.rs` via `sidechain/state/src/lib.rs#SidechainSystemExt` (839eda024)
 */
export const systemNumber: StorageValue<bigint> = storageValue("System", "Number", u64);

/** `System.Account`: nonce and balances by account. */
export const systemAccount: StorageMap<AccountId, AccountInfo> = storageMap(
  "System",
  "Account",
  accountIdCodec,
  accountInfo,
);

/** Nonce and balances of an account; the default one if it was never written. */
export function readAccountInfo(store: StateReader, who: AccountId): AccountInfo {
  return systemAccount.get(store, who) ?? DEFAULT_ACCOUNT_INFO;
}

/** Nonce of an account's next call. */
export function readNonce(store: StateReader, who: AccountId): number {
  return readAccountInfo(store, who).nonce;
}

/** Adds one to an account's nonce. @throws {RangeError} Above {@linkcode MAX_NONCE}. */
export function incrementNonce(store: KvStore, who: AccountId): void {
  const info = readAccountInfo(store, who);
  systemAccount.set(store, who, { ...info, nonce: info.nonce + 1 });
}

/** Number of the newest block; 0 before the first. */
export function readBlockNumber(store: StateReader): bigint {
  return systemNumber.get(store) ?? 0n;
}
