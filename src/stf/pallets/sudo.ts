/**
 * Root of a development shard, and the account of the shard's enclave.
 *
 * Source: worker `app-libs/stf/src/helpers.rs#root`, `#enclave_signer_account` (839eda024)
 *
 * @module
 */
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import type { StateReader } from "../../state/kv_store.ts";
import { accountIdCodec } from "../../types/ids.ts";
import { type StorageValue, storageValue } from "../storage.ts";

/** `Sudo.Key`: set in development shards only. */
export const sudoKey: StorageValue<AccountId> = storageValue("Sudo", "Key", accountIdCodec);

/** `Sudo.Enclave_Account_Key`: the account of the shard's enclave. */
export const enclaveAccountKey: StorageValue<AccountId> = storageValue("Sudo", "Enclave_Account_Key", accountIdCodec);

/** Whether a shard has a root: one of development, since no other ever gets one. */
export function hasRoot(store: StateReader): boolean {
  return sudoKey.get(store) !== undefined;
}

/** Whether an account is the root of this shard; nobody is where no key was set. */
export function isRoot(store: StateReader, who: AccountId): boolean {
  const key = sudoKey.get(store);
  return key !== undefined && equalBytes(key, who);
}
