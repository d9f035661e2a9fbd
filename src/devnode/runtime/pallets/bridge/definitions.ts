/**
 * Types, storage, events and errors of the EnclaveBridge pallet.
 *
 * Source: pallets `enclave-bridge/src/lib.rs`, `primitives/enclave-bridge/src/lib.rs` (c3ac6c1)
 *
 * @module
 */
import { defineErrors, defineEvents } from "../../dispatch/event.ts";
import { blake2Concat, defaultMap, optionalMap, type StorageMap } from "../../storage/storage_item.ts";
import {
  bool,
  boundedVecOf,
  byteVec,
  optionOf,
  structOf,
  structVariant,
  tupleVariant,
  u128,
  u32,
  u64,
  vecOf,
} from "../../types/builders.ts";
import { accountId32, h256 } from "../../types/common.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";

const PALLET = "EnclaveBridge";

/** Most signers of a shard. */
export const MAX_SHARD_SIGNERS = 10;
/** Most extra topics of a published hash. */
export const MAX_TOPICS = 5;
/** Longest data of a published hash. */
export const MAX_PUBLISHED_DATA = 100;

/** A signer of a shard and when it last did something. */
export interface ShardSignerStatus {
  readonly signer: Uint8Array;
  readonly fingerprint: Uint8Array;
  /** Parentchain block. */
  readonly last_activity: number;
}
const shardSignerStatus: RuntimeType<ShardSignerStatus> = structOf("enclave_bridge_primitives::ShardSignerStatus", {
  signer: accountId32,
  fingerprint: h256,
  last_activity: u32,
}, { params: [{ name: "AccountId", type: accountId32 }, { name: "BlockNumber", type: u32 }] });

/** Who may run a shard. */
export interface ShardConfig {
  readonly enclave_fingerprint: Uint8Array;
  readonly max_instances: number | undefined;
  readonly authorities: readonly Uint8Array[] | undefined;
  readonly maintenance_mode: boolean;
}
/** `ShardConfig<AccountId32>`. */
export const shardConfig: RuntimeType<ShardConfig> = structOf("enclave_bridge_primitives::ShardConfig", {
  enclave_fingerprint: h256,
  max_instances: optionOf(u32),
  authorities: optionOf(vecOf(accountId32)),
  maintenance_mode: bool,
}, { params: [{ name: "AccountId", type: accountId32 }] });

/** A configuration and the one that follows it. */
export interface UpgradableShardConfig {
  readonly active_config: ShardConfig;
  readonly pending_upgrade: ShardConfig | undefined;
  readonly upgrade_at: number | undefined;
}
const upgradableShardConfig: RuntimeType<UpgradableShardConfig> = structOf(
  "enclave_bridge_primitives::UpgradableShardConfig",
  { active_config: shardConfig, pending_upgrade: optionOf(shardConfig), upgrade_at: optionOf(u32) },
  { params: [{ name: "AccountId", type: accountId32 }, { name: "BlockNumber", type: u32 }] },
);

/** A trusted operation on its way into a shard. */
export interface Request {
  readonly shard: Uint8Array;
  readonly cyphertext: Uint8Array;
}
/** `Request`. */
export const request: RuntimeType<Request> = structOf("enclave_bridge_primitives::Request", {
  shard: h256,
  cyphertext: byteVec(),
});

/** Signers of a shard, in the order in which they came. */
export const shardStatus: StorageMap<Uint8Array, readonly ShardSignerStatus[], undefined> = optionalMap(
  PALLET,
  "ShardStatus",
  blake2Concat(h256),
  boundedVecOf(shardSignerStatus, MAX_SHARD_SIGNERS),
);
/** Configuration of a shard. */
export const shardConfigRegistry: StorageMap<Uint8Array, UpgradableShardConfig, undefined> = optionalMap(
  PALLET,
  "ShardConfigRegistry",
  blake2Concat(h256),
  upgradableShardConfig,
);
/** How often an unshielding was confirmed. */
export const executedUnshieldCalls: StorageMap<Uint8Array, bigint, never> = defaultMap(
  PALLET,
  "ExecutedUnshieldCalls",
  blake2Concat(h256),
  u64,
  0n,
);

/** Events of the EnclaveBridge pallet. */
export const bridgeEvents = defineEvents(PALLET, {
  IndirectInvocationRegistered: tupleVariant(0, h256),
  ShieldFunds: structVariant(1, { shard: h256, encrypted_beneficiary: byteVec(), amount: u128 }),
  UnshieldedFunds: structVariant(2, { shard: h256, beneficiary: accountId32, amount: u128 }),
  ProcessedParentchainBlock: structVariant(3, {
    shard: h256,
    block_hash: h256,
    trusted_calls_merkle_root: h256,
    block_number: u32,
  }),
  PublishedHash: structVariant(4, { enclave_fingerprint: h256, hash: h256, data: byteVec() }),
  ShardConfigUpdated: tupleVariant(5, h256),
  PurgedEnclaveFromShardConfig: structVariant(6, { shard: h256, subject: accountId32 }),
});

/** Errors of the EnclaveBridge pallet. */
export const bridgeErrors = defineErrors(PALLET, {
  WrongFingerprintForShard: 0,
  TooManyTopics: 1,
  DataTooLong: 2,
  TooManyEnclaves: 3,
  EnclaveNotFoundInShardStatus: 4,
  ShardNotFound: 5,
});
