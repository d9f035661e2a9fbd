/**
 * The EnclaveBridge pallet: invocations and funds between parentchain and shards.
 *
 * Source: pallets `enclave-bridge/src/lib.rs` (c3ac6c1)
 *
 * @module
 */
import { equalBytes } from "../../../../primitives/bytes.ts";
import { ok } from "../../../../primitives/result.ts";
import { type CallDefinition, defineCall, EMPTY_PALLET, type PalletFactory } from "../../definition.ts";
import { type DispatchResult, PAYS } from "../../dispatch/call.ts";
import { type ExecutionContext, fail } from "../../dispatch/context.ts";
import { ensureRoot, ensureSigned, ensureSignedOrRoot, type Origin } from "../../dispatch/origin.ts";
import { byteVec, u128, u32, vecOf } from "../../types/builders.ts";
import { accountId32, h256 } from "../../types/common.ts";
import { transfer } from "../balances/currency.ts";
import { number } from "../system/storage.ts";
import { getSovereignEnclave } from "../teerex/teerex.ts";
import {
  bridgeErrors,
  bridgeEvents,
  executedUnshieldCalls,
  MAX_PUBLISHED_DATA,
  MAX_TOPICS,
  request,
  type ShardConfig,
  shardConfig,
  shardConfigRegistry,
  shardStatus,
} from "./definitions.ts";
import { activeOnly, effectiveConfig, touchAsEnclave, touchShard } from "./shards.ts";

/** Weight of a call that only deposits an event. */
const EVENT_REF_TIME = 50_000_000n;
/** Weight of a call that touches a shard. */
const TOUCH_REF_TIME = 150_000_000n;
/** Weight of a call that moves funds. */
const FUNDS_REF_TIME = 300_000_000n;

/** Largest block number. */
const MAX_BLOCK_NUMBER = 0xffff_ffff;

interface UnshieldArgs {
  readonly shard: Uint8Array;
  readonly beneficiary: Uint8Array;
  readonly amount: bigint;
  readonly call_hash: Uint8Array;
}

function unshieldFunds(ctx: ExecutionContext, origin: Origin, args: UnshieldArgs): DispatchResult {
  const sender = ensureSigned(origin);
  if (!sender.ok) return sender;
  const touched = touchAsEnclave(ctx, sender.value, args.shard);
  if (!touched.ok) return touched;
  const { shard, beneficiary, amount } = args;
  if (!executedUnshieldCalls.has(ctx.store, args.call_hash)) {
    const moved = transfer(ctx, shard, beneficiary, amount, "Expendable");
    if (!moved.ok) return moved;
    ctx.deposit(bridgeEvents.UnshieldedFunds, { shard, beneficiary, amount });
  }
  const confirmations = executedUnshieldCalls.get(ctx.store, args.call_hash);
  executedUnshieldCalls.insert(ctx.store, args.call_hash, confirmations + 1n);
  return ok(PAYS);
}

interface PublishArgs {
  readonly hash: Uint8Array;
  readonly extra_topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

function publishHash(ctx: ExecutionContext, origin: Origin, args: PublishArgs): DispatchResult {
  const sender = ensureSigned(origin);
  if (!sender.ok) return sender;
  const enclave = getSovereignEnclave(ctx, sender.value);
  if (!enclave.ok) return enclave;
  const fingerprint = enclave.value.mr_enclave;
  const touched = touchShard(ctx, fingerprint, sender.value, fingerprint);
  if (!touched.ok) return touched;
  if (args.extra_topics.length > MAX_TOPICS) return fail(ctx, bridgeErrors.TooManyTopics);
  if (args.data.length > MAX_PUBLISHED_DATA) return fail(ctx, bridgeErrors.DataTooLong);
  const event = { enclave_fingerprint: fingerprint, hash: args.hash, data: args.data };
  ctx.deposit(bridgeEvents.PublishedHash, event, [...args.extra_topics, fingerprint]);
  return ok(PAYS);
}

interface UpdateArgs {
  readonly shard: Uint8Array;
  readonly shard_config: ShardConfig;
  readonly enactment_delay: number;
}

function updateShardConfig(ctx: ExecutionContext, origin: Origin, args: UpdateArgs): DispatchResult {
  const sender = ensureSignedOrRoot(origin);
  if (!sender.ok) return sender;
  const { shard, shard_config: next } = args;
  const old = effectiveConfig(ctx, shard);
  if (sender.value !== undefined) {
    const enclave = getSovereignEnclave(ctx, sender.value);
    if (!enclave.ok) return enclave;
    const fingerprint = enclave.value.mr_enclave;
    if (old !== undefined && !equalBytes(old.enclave_fingerprint, fingerprint)) {
      return fail(ctx, bridgeErrors.WrongFingerprintForShard);
    }
    const touched = touchShard(ctx, shard, sender.value, fingerprint);
    if (!touched.ok) return touched;
  }
  const upgradeAt = Math.min(MAX_BLOCK_NUMBER, number.get(ctx.store) + args.enactment_delay);
  shardConfigRegistry.insert(
    ctx.store,
    shard,
    old === undefined ? activeOnly(next) : { active_config: old, pending_upgrade: next, upgrade_at: upgradeAt },
  );
  ctx.deposit(bridgeEvents.ShardConfigUpdated, shard);
  return ok(PAYS);
}

function purge(ctx: ExecutionContext, origin: Origin, shard: Uint8Array, subject: Uint8Array): DispatchResult {
  const root = ensureRoot(origin);
  if (!root.ok) return root;
  const status = shardStatus.get(ctx.store, shard);
  if (status === undefined) return fail(ctx, bridgeErrors.ShardNotFound);
  shardStatus.insert(ctx.store, shard, status.filter((entry) => !equalBytes(entry.signer, subject)));
  ctx.deposit(bridgeEvents.PurgedEnclaveFromShardConfig, { shard, subject });
  return ok(PAYS);
}

const calls: Readonly<Record<string, CallDefinition>> = {
  invoke: defineCall(0, { request }, EVENT_REF_TIME, (ctx, origin, args) => {
    const sender = ensureSigned(origin);
    if (!sender.ok) return sender;
    ctx.deposit(bridgeEvents.IndirectInvocationRegistered, args.request.shard);
    return ok(PAYS);
  }),
  confirm_processed_parentchain_block: defineCall(
    1,
    { shard: h256, block_hash: h256, block_number: u32, trusted_calls_merkle_root: h256 },
    TOUCH_REF_TIME,
    (ctx, origin, args) => {
      const sender = ensureSigned(origin);
      if (!sender.ok) return sender;
      const touched = touchAsEnclave(ctx, sender.value, args.shard);
      if (!touched.ok) return touched;
      ctx.deposit(bridgeEvents.ProcessedParentchainBlock, args);
      return ok(PAYS);
    },
  ),
  shield_funds: defineCall(
    2,
    { shard: h256, incognito_account_encrypted: byteVec(), amount: u128 },
    FUNDS_REF_TIME,
    (ctx, origin, { shard, incognito_account_encrypted, amount }) => {
      const sender = ensureSigned(origin);
      if (!sender.ok) return sender;
      const moved = transfer(ctx, sender.value, shard, amount, "Expendable");
      if (!moved.ok) return moved;
      ctx.deposit(bridgeEvents.ShieldFunds, { shard, encrypted_beneficiary: incognito_account_encrypted, amount });
      return ok(PAYS);
    },
  ),
  unshield_funds: defineCall(
    3,
    { shard: h256, beneficiary: accountId32, amount: u128, call_hash: h256 },
    FUNDS_REF_TIME,
    unshieldFunds,
  ),
  publish_hash: defineCall(
    4,
    { hash: h256, extra_topics: vecOf(h256), data: byteVec() },
    TOUCH_REF_TIME,
    publishHash,
  ),
  update_shard_config: defineCall(
    5,
    { shard: h256, shard_config: shardConfig, enactment_delay: u32 },
    TOUCH_REF_TIME,
    updateShardConfig,
  ),
  purge_enclave_from_shard_status: defineCall(
    6,
    { shard: h256, subject: accountId32 },
    () => ({ refTime: TOUCH_REF_TIME, class: "Normal", paysFee: false }),
    (ctx, origin, { shard, subject }) => purge(ctx, origin, shard, subject),
  ),
};

/** Creates the EnclaveBridge pallet. */
export const enclaveBridgePallet: PalletFactory = () => ({
  ...EMPTY_PALLET,
  name: "EnclaveBridge",
  crate: "pallet_enclave_bridge",
  storage: [shardStatus.info, shardConfigRegistry.info, executedUnshieldCalls.info],
  calls,
  events: bridgeEvents,
  errors: bridgeErrors,
});
