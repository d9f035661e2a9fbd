/**
 * What the shard knows of each of its parentchains: one pallet per role.
 *
 * Source: worker `app-libs/sgx-runtime/pallets/parentchain/src/lib.rs` (839eda024)
 * Differs: `ItemIndex` is new; with `Number` it is the cursor of the prologue.
 *
 * @module
 */
import { u32, u64 } from "../../codec/codec.ts";
import type { AccountId, BlockHash } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { KvStore, StateReader } from "../../state/kv_store.ts";
import { accountIdCodec, blockHashCodec } from "../../types/ids.ts";
import { PARENTCHAIN_IDS, type ParentchainId } from "../../types/parentchain_id.ts";
import type { ParentchainInfo, ParentchainsInfo } from "../../types/parentchains_info.ts";
import type { ShardVault } from "../../types/shard_vault.ts";
import { type StorageValue, storageValue } from "../storage.ts";
import type { ShardVaultError } from "../stf_error.ts";

/** Storage of one parentchain's pallet. */
export interface ParentchainPallet {
  /** Hash of the chain's genesis; set if the shard follows the chain. */
  readonly genesisHash: StorageValue<BlockHash>;
  /** Number of the newest block applied. */
  readonly number: StorageValue<number>;
  /** Smallest index of an item of that block that may still come. */
  readonly itemIndex: StorageValue<number>;
  /** Timestamp of that block, ms since the epoch. */
  readonly now: StorageValue<bigint>;
  /** First block whose items count. */
  readonly creationBlockNumber: StorageValue<number>;
  /** Timestamp of the first block applied, ms since the epoch. */
  readonly creationTimestamp: StorageValue<bigint>;
  /** The vault, if it is on this chain. */
  readonly shardVault: StorageValue<AccountId>;
}

function palletOf(id: ParentchainId): ParentchainPallet {
  const pallet = `Parentchain${id}`;
  return {
    genesisHash: storageValue(pallet, "ParentchainGenesisHash", blockHashCodec),
    number: storageValue(pallet, "Number", u32),
    itemIndex: storageValue(pallet, "ItemIndex", u32),
    now: storageValue(pallet, "Now", u64),
    creationBlockNumber: storageValue(pallet, "CreationBlockNumber", u32),
    creationTimestamp: storageValue(pallet, "CreationTimestamp", u64),
    shardVault: storageValue(pallet, "ShardVault", accountIdCodec),
  };
}

/** Storage of the pallets `ParentchainIntegritee`, `ParentchainTargetA` and `ParentchainTargetB`. */
export const parentchainPallets: Readonly<Record<ParentchainId, ParentchainPallet>> = {
  Integritee: palletOf("Integritee"),
  TargetA: palletOf("TargetA"),
  TargetB: palletOf("TargetB"),
};

/** The vault, if the shard has one. */
export function readShardVault(store: StateReader): ShardVault | undefined {
  for (const parentchain of PARENTCHAIN_IDS) {
    const account = parentchainPallets[parentchain].shardVault.get(store);
    if (account !== undefined) return { account, parentchain };
  }
  return undefined;
}

/**
 * Sets the vault, once; the same vault again changes nothing.
 *
 * Source: worker `app-libs/stf/src/stf_sgx.rs#init_shard_vault_account` (839eda024)
 */
export function initShardVault(store: KvStore, vault: ShardVault): Result<undefined, ShardVaultError> {
  const known = readShardVault(store);
  if (known !== undefined && known.parentchain !== vault.parentchain) {
    return err({ code: "ShardVaultOnMultipleParentchainsNotAllowed" });
  }
  if (known !== undefined && !equalBytes(known.account, vault.account)) {
    return err({ code: "ChangingShardVaultAccountNotAllowed" });
  }
  parentchainPallets[vault.parentchain].shardVault.set(store, vault.account);
  return ok(undefined);
}

/** All that is known of the parentchains. */
export function readParentchainsInfo(store: StateReader): ParentchainsInfo {
  return {
    integritee: readParentchainInfo(store, "Integritee"),
    targetA: readParentchainInfo(store, "TargetA"),
    targetB: readParentchainInfo(store, "TargetB"),
    shieldingTarget: readShardVault(store)?.parentchain ?? "Integritee",
  };
}

function readParentchainInfo(store: StateReader, id: ParentchainId): ParentchainInfo {
  const pallet = parentchainPallets[id];
  return {
    id,
    genesisHash: pallet.genesisHash.get(store),
    blockNumber: pallet.number.get(store),
    now: pallet.now.get(store),
    creationBlockNumber: pallet.creationBlockNumber.get(store),
    creationTimestamp: pallet.creationTimestamp.get(store),
  };
}
