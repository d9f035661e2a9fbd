/**
 * What calls and deposits cost.
 *
 * Source: worker `app-libs/stf/src/trusted_call.rs#get_fee_for`, `helpers.rs#shard_vault`,
 * `core-primitives/stf-primitives/src/types.rs` (839eda024)
 *
 * @module
 */
import type { TrustedCall } from "../types/trusted_call.ts";

/** A transaction costs one unit divided by this. */
const TRANSACTION_FEE_DIVISOR = 100n;

/** An unshielding costs as much as this many transactions. */
const UNSHIELDING_FEE_FACTOR = 3n;

/** A deposit costs its amount divided by this, about 0.175 %. */
const SHIELDING_FEE_DIVISOR = 571n;

/** Fee of a call in the smallest unit, where `one` is a whole unit. */
export function computeCallFee(call: TrustedCall, one: bigint): bigint {
  switch (call.type) {
    case "noop":
    case "balance_transfer":
      return one / TRANSACTION_FEE_DIVISOR;
    case "balance_unshield":
      return (one / TRANSACTION_FEE_DIVISOR) * UNSHIELDING_FEE_FACTOR;
    case "balance_set_balance":
      return 0n;
  }
}

/** Fee of a deposit, rounded down. */
export function computeShieldingFee(amount: bigint): bigint {
  return amount / SHIELDING_FEE_DIVISOR;
}
