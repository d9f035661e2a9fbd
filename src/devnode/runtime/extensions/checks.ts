/**
 * The signed extensions of frame_system: sender, versions, chain, mortality, nonce, weight.
 *
 * Source: polkadot-sdk `substrate/frame/system/src/extensions/`
 *
 * @module
 */
import { concatBytes } from "../../../primitives/bytes.ts";
import { err, ok, type Result } from "../../../primitives/result.ts";
import type { ExecutionContext } from "../dispatch/context.ts";
import { account, allExtrinsicsLen, blockHash, blockWeight, number } from "../pallets/system/storage.ts";
import { BASE_EXTRINSIC_REF_TIME, maxExtrinsicRefTime, maxLength, maxTotalRefTime } from "../pallets/system/limits.ts";
import { compactU32, emptyStruct, newtypeOf, u32, unit } from "../types/builders.ts";
import { h256 } from "../types/common.ts";
import { type DispatchClass, refTime } from "../types/dispatch_types.ts";
import { era, eraBirth, eraDeath } from "../types/era.ts";
import { invalid, type TransactionValidityError } from "../validity.ts";
import type { CallCost } from "../dispatch/call.ts";
import { MAX_REF_TIME } from "../model.ts";
import { defineExtension, type TransactionExtension } from "./extension.ts";

/** How long the verdict on an immortal transaction holds. */
export const FOREVER: bigint = (1n << 64n) - 1n;

/** Nobody owns the account of zeros. */
export const checkNonZeroSender: TransactionExtension = defineExtension({
  identifier: "CheckNonZeroSender",
  extra: emptyStruct("frame_system::extensions::check_non_zero_sender::CheckNonZeroSender"),
  implicit: unit,
  implicitOf: () => ok(undefined),
  validate: (_ctx, { sender }) => sender.every((byte) => byte === 0) ? err(invalid("BadSigner")) : ok({}),
});

/** The signer knew which runtime decodes the call. */
export const checkSpecVersion: TransactionExtension = defineExtension({
  identifier: "CheckSpecVersion",
  extra: emptyStruct("frame_system::extensions::check_spec_version::CheckSpecVersion"),
  implicit: u32,
  implicitOf: (ctx) => ok(ctx.parameters.specVersion),
});

/** The signer knew how transactions are encoded. */
export const checkTxVersion: TransactionExtension = defineExtension({
  identifier: "CheckTxVersion",
  extra: emptyStruct("frame_system::extensions::check_tx_version::CheckTxVersion"),
  implicit: u32,
  implicitOf: (ctx) => ok(ctx.parameters.transactionVersion),
});

/** The signer meant this chain. */
export const checkGenesis: TransactionExtension = defineExtension({
  identifier: "CheckGenesis",
  extra: emptyStruct("frame_system::extensions::check_genesis::CheckGenesis"),
  implicit: h256,
  implicitOf: (ctx) => ok(blockHash.get(ctx.store, 0)),
});

/**
 * The transaction is good for a few blocks on one fork. When an era is over, another block counts as its birth, and the
 * signature does not fit any more: as in the original that is BadProof, or AncientBirthBlock if that block is unknown.
 */
export const checkMortality: TransactionExtension = defineExtension({
  identifier: "CheckMortality",
  extra: newtypeOf("frame_system::extensions::check_mortality::CheckMortality", era),
  implicit: h256,
  implicitOf: (ctx, mortality): Result<Uint8Array, TransactionValidityError> => {
    const birth = eraBirth(mortality, number.get(ctx.store));
    return blockHash.has(ctx.store, birth) ? ok(blockHash.get(ctx.store, birth)) : err(invalid("AncientBirthBlock"));
  },
  validate: (ctx, _transaction, mortality) => {
    const now = number.get(ctx.store);
    const death = eraDeath(mortality, now);
    return ok({ longevity: death === undefined ? FOREVER : BigInt(death - now) });
  },
});

function nonceTag(sender: Uint8Array, nonce: number): Uint8Array {
  return concatBytes(sender, u32.codec.encode(nonce));
}

/** Transactions of a sender are applied in order, each once; a sender must exist. */
export const checkNonce: TransactionExtension = defineExtension({
  identifier: "CheckNonce",
  extra: newtypeOf("frame_system::extensions::check_nonce::CheckNonce", compactU32),
  implicit: unit,
  implicitOf: () => ok(undefined),
  validate: (ctx, { sender }, nonce) => {
    const info = account.get(ctx.store, sender);
    if (info.providers === 0 && info.sufficients === 0) return err(invalid("Payment"));
    if (nonce < info.nonce) return err(invalid("Stale"));
    const requires = nonce > info.nonce ? [nonceTag(sender, nonce - 1)] : [];
    return ok({ requires, provides: [nonceTag(sender, nonce)] });
  },
  prepare: (ctx, { sender }, nonce) => {
    const info = account.get(ctx.store, sender);
    if (nonce !== info.nonce) return err(invalid(nonce < info.nonce ? "Stale" : "Future"));
    account.insert(ctx.store, sender, { ...info, nonce: nonce + 1 });
    return ok(undefined);
  },
});

const WEIGHT_FIELDS = { Normal: "normal", Operational: "operational", Mandatory: "mandatory" } as const;

/** Adds weight to the block without asking whether there is room. */
export function addWeight(ctx: ExecutionContext, dispatchClass: DispatchClass, picoseconds: bigint): void {
  const used = blockWeight.get(ctx.store);
  const field = WEIGHT_FIELDS[dispatchClass];
  const sum = used[field].ref_time + picoseconds;
  blockWeight.put(ctx.store, { ...used, [field]: refTime(sum > MAX_REF_TIME ? MAX_REF_TIME : sum) });
}

function checkRoom(ctx: ExecutionContext, cost: CallCost, length: number): Result<undefined, TransactionValidityError> {
  const bytes = (allExtrinsicsLen.get(ctx.store) ?? 0) + length;
  if (bytes > maxLength(cost.class)) return err(invalid("ExhaustsResources"));
  const used = blockWeight.get(ctx.store);
  const added = cost.refTime + BASE_EXTRINSIC_REF_TIME;
  const ofClass = used[WEIGHT_FIELDS[cost.class]].ref_time + added;
  const classLimit = maxTotalRefTime(cost.class);
  if (classLimit !== undefined && ofClass > classLimit) return err(invalid("ExhaustsResources"));
  const all = used.normal.ref_time + used.operational.ref_time + used.mandatory.ref_time + added;
  const limit = maxTotalRefTime("Operational");
  const isBounded = cost.class !== "Mandatory" && limit !== undefined;
  return isBounded && all > limit ? err(invalid("ExhaustsResources")) : ok(undefined);
}

/** Takes room in the block, for signed extrinsics and inherents alike. */
export function takeRoom(
  ctx: ExecutionContext,
  cost: CallCost,
  length: number,
): Result<undefined, TransactionValidityError> {
  const room = checkRoom(ctx, cost, length);
  if (!room.ok) return room;
  allExtrinsicsLen.put(ctx.store, (allExtrinsicsLen.get(ctx.store) ?? 0) + length);
  addWeight(ctx, cost.class, cost.refTime + BASE_EXTRINSIC_REF_TIME);
  return ok(undefined);
}

/** The block has room for it. */
export const checkWeight: TransactionExtension = defineExtension({
  identifier: "CheckWeight",
  extra: emptyStruct("frame_system::extensions::check_weight::CheckWeight"),
  implicit: unit,
  implicitOf: () => ok(undefined),
  validate: (_ctx, { cost, length }) => {
    const limit = maxExtrinsicRefTime(cost.class);
    const fits = (limit === undefined || cost.refTime <= limit) && length <= maxLength(cost.class);
    return fits ? ok({}) : err(invalid("ExhaustsResources"));
  },
  prepare: (ctx, { cost, length }) => takeRoom(ctx, cost, length),
});
