/**
 * Which enclave may run a shard: value of `EnclaveBridge.ShardConfigRegistry`.
 *
 * Source: pallets `primitives/enclave-bridge/src/lib.rs#ShardConfig`, `#UpgradableShardConfig`
 *
 * @module
 */
import { bool, type Codec, option, struct, u32, vec } from "../codec/codec.ts";
import type { AccountId, EnclaveFingerprint } from "../primitives/branded.ts";
import { accountIdCodec, enclaveFingerprintCodec } from "./ids.ts";

/** Most authorities that a configuration may list; the pallet sets no bound, and more than 10 cannot be active. */
export const MAX_SHARD_AUTHORITIES = 1024;

/** Configuration of a shard; the fields are in wire order. */
export interface ShardConfig {
  /** Measurement of the enclave that may run the shard. */
  readonly enclaveFingerprint: EnclaveFingerprint;
  /** Most validateers at a time; not enforced by the pallet. */
  readonly maxInstances: number | undefined;
  /** Accounts that may take part; not enforced by the pallet. */
  readonly authorities: readonly AccountId[] | undefined;
  /** Whether only maintenance happens. */
  readonly maintenanceMode: boolean;
}

/** A configuration and the one that follows; the fields are in wire order. */
export interface UpgradableShardConfig {
  /** In force until the upgrade. */
  readonly activeConfig: ShardConfig;
  /** In force from the upgrade on. */
  readonly pendingUpgrade: ShardConfig | undefined;
  /** Parentchain block of the upgrade. */
  readonly upgradeAt: number | undefined;
}

/** SCALE codec of {@linkcode ShardConfig}. */
export const shardConfig: Codec<ShardConfig> = struct<ShardConfig>({
  enclaveFingerprint: enclaveFingerprintCodec,
  maxInstances: option(u32),
  authorities: option(vec(accountIdCodec, MAX_SHARD_AUTHORITIES)),
  maintenanceMode: bool,
});

/** SCALE codec of {@linkcode UpgradableShardConfig}. */
export const upgradableShardConfig: Codec<UpgradableShardConfig> = struct<UpgradableShardConfig>({
  activeConfig: shardConfig,
  pendingUpgrade: option(shardConfig),
  upgradeAt: option(u32),
});

/**
 * The configuration in force at a parentchain block: the pending one from `upgradeAt` on.
 *
 * Source: pallets `enclave-bridge/src/lib.rs#Pallet::get_maybe_updated_shard_config`
 */
export function shardConfigAt(config: UpgradableShardConfig, parentchainBlock: number): ShardConfig {
  const { activeConfig, pendingUpgrade, upgradeAt } = config;
  return pendingUpgrade !== undefined && upgradeAt !== undefined && upgradeAt <= parentchainBlock
    ? pendingUpgrade
    : activeConfig;
}
