/**
 * A payment that the shard owes on a parentchain, as an entry of its state.
 *
 * Differs: the debt is part of the state, so it rolls back with its block and every validateer knows it; the parentchain
 * call follows once the block is confirmed.
 *
 * @module
 */
import { type Codec, struct, u128, u64, unit, type Variant, variant } from "../codec/codec.ts";
import type { AccountId } from "../primitives/branded.ts";
import { accountIdCodec } from "./ids.ts";
import { type ParentchainId, parentchainId } from "./parentchain_id.ts";

/** A payout that is given up. */
export interface FailedPayout {
  /** Sidechain block that says so. From the first window of payouts after its confirmation on, nobody pays it. */
  readonly blockNumber: bigint;
}

/**
 * State of a payout. States: queued → done (the payment is proven), queued → failed (the parentchain refused it time and
 * again), failed → done (the payment of another validateer came first).
 */
export type PayoutStatus = Variant<{ queued: undefined; done: undefined; failed: FailedPayout }>;

/** A payment owed; the fields are in wire order. */
export interface Payout {
  /** Counts from 0 in each shard. */
  readonly id: bigint;
  /** Chain on which it is paid. */
  readonly chain: ParentchainId;
  /** Account on that chain that receives. */
  readonly beneficiary: AccountId;
  /** Amount in the smallest unit. */
  readonly amount: bigint;
  /** Number of the sidechain block that burned the amount. */
  readonly blockNumber: bigint;
  /** How far it is. */
  readonly status: PayoutStatus;
}

/** SCALE codec of {@linkcode PayoutStatus}. */
export const payoutStatus: Codec<PayoutStatus> = variant<
  { queued: undefined; done: undefined; failed: FailedPayout }
>({
  queued: [0, unit],
  done: [2, unit],
  failed: [3, struct<FailedPayout>({ blockNumber: u64 })],
});

/** SCALE codec of {@linkcode Payout}. */
export const payout: Codec<Payout> = struct<Payout>({
  id: u64,
  chain: parentchainId,
  beneficiary: accountIdCodec,
  amount: u128,
  blockNumber: u64,
  status: payoutStatus,
});
