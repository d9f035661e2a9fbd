/**
 * Rules of shards: whose enclave may speak for one, and who was active.
 *
 * Source: pallets `enclave-bridge/src/lib.rs#Pallet::touch_shard` (c3ac6c1)
 *
 * @module
 */
import { equalBytes } from "../../../../primitives/bytes.ts";
import { ok, type Result } from "../../../../primitives/result.ts";
import { type ExecutionContext, fail } from "../../dispatch/context.ts";
import type { DispatchError } from "../../types/dispatch_types.ts";
import { number } from "../system/storage.ts";
import { getSovereignEnclave } from "../teerex/teerex.ts";
import {
  bridgeErrors,
  MAX_SHARD_SIGNERS,
  type ShardConfig,
  shardConfigRegistry,
  type ShardSignerStatus,
  shardStatus,
  type UpgradableShardConfig,
} from "./definitions.ts";

/** A configuration without a following one. */
export function activeOnly(config: ShardConfig): UpgradableShardConfig {
  return { active_config: config, pending_upgrade: undefined, upgrade_at: undefined };
}

/** The configuration that counts now: a pending one whose time has come, else the active one. */
export function effectiveConfig(ctx: ExecutionContext, shard: Uint8Array): ShardConfig | undefined {
  const config = shardConfigRegistry.get(ctx.store, shard);
  return config === undefined ? undefined : dueUpgrade(ctx, config) ?? config.active_config;
}

function dueUpgrade(ctx: ExecutionContext, config: UpgradableShardConfig): ShardConfig | undefined {
  const isDue = config.upgrade_at !== undefined && config.upgrade_at <= number.get(ctx.store);
  return isDue ? config.pending_upgrade : undefined;
}

/** Stores a pending configuration whose time has come as the active one. */
function applyDueUpgrade(ctx: ExecutionContext, shard: Uint8Array): void {
  const config = shardConfigRegistry.get(ctx.store, shard);
  const upgrade = config === undefined ? undefined : dueUpgrade(ctx, config);
  if (upgrade !== undefined) shardConfigRegistry.insert(ctx.store, shard, activeOnly(upgrade));
}

/** Notes that a signer was active; a new one is appended, a known one keeps its place. */
export function touchShard(
  ctx: ExecutionContext,
  shard: Uint8Array,
  signer: Uint8Array,
  fingerprint: Uint8Array,
): Result<readonly ShardSignerStatus[], DispatchError> {
  const touched: ShardSignerStatus = { signer, fingerprint, last_activity: number.get(ctx.store) };
  const before = shardStatus.get(ctx.store, shard) ?? [];
  const isKnown = before.some((entry) => equalBytes(entry.signer, signer));
  const after = isKnown
    ? before.map((entry) => equalBytes(entry.signer, signer) ? touched : entry)
    : [...before, touched];
  if (after.length > MAX_SHARD_SIGNERS) return fail(ctx, bridgeErrors.TooManyEnclaves);
  shardStatus.insert(ctx.store, shard, after);
  return ok(after);
}

/** Checks that a registered enclave may speak for the shard, and notes its activity. */
export function touchAsEnclave(
  ctx: ExecutionContext,
  signer: Uint8Array,
  shard: Uint8Array,
): Result<readonly ShardSignerStatus[], DispatchError> {
  const enclave = getSovereignEnclave(ctx, signer);
  if (!enclave.ok) return enclave;
  applyDueUpgrade(ctx, shard);
  const expected = effectiveConfig(ctx, shard)?.enclave_fingerprint ?? shard;
  if (!equalBytes(enclave.value.mr_enclave, expected)) return fail(ctx, bridgeErrors.WrongFingerprintForShard);
  return touchShard(ctx, shard, signer, enclave.value.mr_enclave);
}
