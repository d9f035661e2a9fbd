/**
 * The TransactionPayment pallet: what an extrinsic costs, and where the fee goes.
 *
 * Source: polkadot-sdk `substrate/frame/transaction-payment/src/lib.rs`; shares and prices: integritee-node `runtime/src/lib.rs` (359c5fe)
 *
 * @module
 */
import { type CallCost } from "../dispatch/call.ts";
import { defineConstant, EMPTY_PALLET, type PalletFactory } from "../definition.ts";
import { defineEvents } from "../dispatch/event.ts";
import { type RuntimeParameters } from "../parameters.ts";
import type { ExecutionContext } from "../dispatch/context.ts";
import { defaultValue, type StorageValue } from "../storage/storage_item.ts";
import { namesOf, newtypeOf, structVariant, u128, u8 } from "../types/builders.ts";
import { accountId32 } from "../types/common.ts";
import { burn, resolve } from "./balances/currency.ts";
import { BASE_EXTRINSIC_REF_TIME, MAX_BLOCK_REF_TIME } from "./system/limits.ts";
import { accountOf } from "./system/accounts.ts";
import { TREASURY_ACCOUNT } from "./treasury.ts";

/** The multiplier 1 as `FixedU128`. */
const ONE = 10n ** 18n;
/** The treasury's share of fees in percent; the rest is burned. */
const TREASURY_PERCENT = 1n;
/** How much more than by its fee an operational call is worth, as in the original. */
export const OPERATIONAL_FEE_MULTIPLIER = 5;

/** Multiplier of weight fees; constant here. */
const nextFeeMultiplier: StorageValue<bigint, never> = defaultValue(
  "TransactionPayment",
  "NextFeeMultiplier",
  newtypeOf("sp_arithmetic::fixed_point::FixedU128", u128),
  ONE,
);
const storageVersion: StorageValue<"V1Ancient" | "V2", never> = defaultValue(
  "TransactionPayment",
  "StorageVersion",
  namesOf("pallet_transaction_payment::Releases", ["V1Ancient", "V2"]),
  "V1Ancient",
);

/** Events of the TransactionPayment pallet. */
export const paymentEvents = defineEvents("TransactionPayment", {
  TransactionFeePaid: structVariant(0, { who: accountId32, actual_fee: u128, tip: u128 }),
});

/** The parts of a fee. */
export interface InclusionFee {
  /** Fee of the weight that every extrinsic has. */
  readonly base_fee: bigint;
  /** Fee of its bytes. */
  readonly len_fee: bigint;
  /** Fee of its call's weight. */
  readonly adjusted_weight_fee: bigint;
}

/** Fee of a weight: one unit per picosecond, capped at a block. */
export function weightToFee(refTime: bigint): bigint {
  return refTime < MAX_BLOCK_REF_TIME ? refTime : MAX_BLOCK_REF_TIME;
}

/** Fee of a length. */
export function lengthToFee(parameters: RuntimeParameters, length: number): bigint {
  return parameters.lengthFee * BigInt(length);
}

/** What it costs to include an extrinsic; `undefined` if it is free. */
export function computeInclusionFee(
  parameters: RuntimeParameters,
  cost: CallCost,
  length: number,
): InclusionFee | undefined {
  if (!cost.paysFee) return undefined;
  return {
    base_fee: weightToFee(BASE_EXTRINSIC_REF_TIME),
    len_fee: lengthToFee(parameters, length),
    adjusted_weight_fee: weightToFee(cost.refTime),
  };
}

/** The whole fee with the tip. */
export function computeFee(parameters: RuntimeParameters, cost: CallCost, length: number, tip: bigint): bigint {
  const fee = computeInclusionFee(parameters, cost, length);
  return fee === undefined ? tip : fee.base_fee + fee.len_fee + fee.adjusted_weight_fee + tip;
}

/**
 * Settles a fee that was withdrawn: what is too much goes back, the rest to the treasury and out of existence. A payer
 * that the call has removed gets nothing back, as in the original.
 */
export function settleFee(
  ctx: ExecutionContext,
  who: Uint8Array,
  withdrawn: bigint,
  actual: bigint,
  tip: bigint,
): void {
  const payerExists = accountOf(ctx, who).providers > 0;
  const kept = payerExists ? actual : withdrawn;
  if (payerExists) resolve(ctx, who, withdrawn - actual);
  const fee = kept - tip;
  const share = fee * TREASURY_PERCENT / 100n;
  burn(ctx, fee - share);
  resolve(ctx, TREASURY_ACCOUNT, share + tip);
  ctx.deposit(paymentEvents.TransactionFeePaid, { who, actual_fee: actual, tip });
}

/** Creates the TransactionPayment pallet. */
export const transactionPaymentPallet: PalletFactory = () => ({
  ...EMPTY_PALLET,
  name: "TransactionPayment",
  crate: "pallet_transaction_payment",
  storage: [nextFeeMultiplier.info, storageVersion.info],
  events: paymentEvents,
  constants: { OperationalFeeMultiplier: defineConstant(u8, OPERATIONAL_FEE_MULTIPLIER) },
  hooks: {
    buildGenesis: ({ store }) => {
      nextFeeMultiplier.put(store, ONE);
      storageVersion.put(store, "V2");
    },
  },
});
