/**
 * The signed extensions that pay, and the one that names the metadata.
 *
 * Source: polkadot-sdk `substrate/frame/transaction-payment/src/lib.rs#ChargeTransactionPayment`
 *
 * @module
 */
import { err, ok, type Result } from "../../../primitives/result.ts";
import type { CallCost } from "../dispatch/call.ts";
import type { ExecutionContext } from "../dispatch/context.ts";
import { reducibleBalance, withdraw } from "../pallets/balances/currency.ts";
import { maxLength, maxTotalRefTime } from "../pallets/system/limits.ts";
import { computeFee, OPERATIONAL_FEE_MULTIPLIER, settleFee } from "../pallets/transaction_payment.ts";
import {
  byteArray,
  compactU128,
  emptyStruct,
  namesOf,
  newtypeOf,
  optionOf,
  structOf,
  u32,
  unit,
} from "../types/builders.ts";
import { invalid, type TransactionValidityError } from "../validity.ts";
import {
  defineExtension,
  type PartialValidity,
  type PostDispatch,
  type SignedTransaction,
  type TransactionExtension,
} from "./extension.ts";

/** Highest priority. */
const MAX_PRIORITY = (1n << 64n) - 1n;

function feeOf(ctx: ExecutionContext, { cost, length }: SignedTransaction, tip: bigint): bigint {
  return computeFee(ctx.parameters, cost, length, tip);
}

/** What a block full of such transactions would pay in tips. */
export function computePriority(cost: CallCost, length: number, tip: bigint, fee: bigint): bigint {
  const blockTime = maxTotalRefTime(cost.class) ?? maxTotalRefTime("Operational") ?? 1n;
  const byTime = blockTime / (cost.refTime > 0n ? cost.refTime : 1n);
  const byLength = BigInt(Math.floor(maxLength(cost.class) / Math.max(1, length)));
  const perBlock = byTime < byLength ? byTime : byLength;
  const operational = cost.class === "Operational" ? fee * BigInt(OPERATIONAL_FEE_MULTIPLIER) * perBlock : 0n;
  const priority = (tip + 1n) * perBlock + operational;
  return priority > MAX_PRIORITY ? MAX_PRIORITY : priority;
}

function validatePayment(
  ctx: ExecutionContext,
  transaction: SignedTransaction,
  tip: bigint,
): Result<PartialValidity, TransactionValidityError> {
  const fee = feeOf(ctx, transaction, tip);
  if (fee > reducibleBalance(ctx, transaction.sender, "Preserve")) return err(invalid("Payment"));
  return ok({ priority: computePriority(transaction.cost, transaction.length, tip, fee) });
}

function preparePayment(
  ctx: ExecutionContext,
  transaction: SignedTransaction,
  tip: bigint,
): Result<PostDispatch, TransactionValidityError> {
  const fee = feeOf(ctx, transaction, tip);
  if (fee > 0n && !withdraw(ctx, transaction.sender, fee).ok) return err(invalid("Payment"));
  return ok((after, { postInfo }) => {
    const actual = postInfo.paysFee ? fee : tip;
    settleFee(after, transaction.sender, fee, actual, tip);
  });
}

/** Takes the fee before the call, whether or not it succeeds. */
export const chargeTransactionPayment: TransactionExtension = defineExtension({
  identifier: "ChargeTransactionPayment",
  extra: newtypeOf("pallet_transaction_payment::ChargeTransactionPayment", compactU128),
  implicit: unit,
  implicitOf: () => ok(undefined),
  validate: validatePayment,
  prepare: preparePayment,
});

/** The same as chains with assets have it; only the native token pays here. */
export const chargeAssetTxPayment: TransactionExtension = defineExtension({
  identifier: "ChargeAssetTxPayment",
  extra: structOf<{ readonly tip: bigint; readonly asset_id: number | undefined }>(
    "pallet_asset_conversion_tx_payment::ChargeAssetTxPayment",
    { tip: compactU128, asset_id: optionOf(u32) },
  ),
  implicit: unit,
  implicitOf: () => ok(undefined),
  validate: (ctx, transaction, { tip, asset_id }) =>
    asset_id === undefined ? validatePayment(ctx, transaction, tip) : err(invalid("Payment")),
  prepare: (ctx, transaction, { tip, asset_id }) =>
    asset_id === undefined ? preparePayment(ctx, transaction, tip) : err(invalid("Payment")),
});

/**
 * The signer has seen the runtime's metadata.
 *
 * Differs: the hash of the metadata is not computed here; a transaction that names one is answered like by a runtime
 * that was built without.
 */
export const checkMetadataHash: TransactionExtension = defineExtension({
  identifier: "CheckMetadataHash",
  extra: structOf<{ readonly mode: "Disabled" | "Enabled" }>("frame_metadata_hash_extension::CheckMetadataHash", {
    mode: namesOf("frame_metadata_hash_extension::Mode", ["Disabled", "Enabled"]),
  }),
  implicit: optionOf(byteArray(32)),
  implicitOf: (_ctx, { mode }): Result<Uint8Array | undefined, TransactionValidityError> =>
    mode === "Disabled" ? ok(undefined) : err({ kind: "Unknown", code: "CannotLookup" }),
});

/** Gives back unused proof size on parachains; carries nothing. */
export const storageWeightReclaim: TransactionExtension = defineExtension({
  identifier: "StorageWeightReclaim",
  extra: emptyStruct("cumulus_primitives_storage_weight_reclaim::StorageWeightReclaim"),
  implicit: unit,
  implicitOf: () => ok(undefined),
});
