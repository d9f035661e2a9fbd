/**
 * A call on private state, before it is signed. The first field is always the account whose nonce and fee count.
 *
 * Source: worker `app-libs/stf/src/trusted_call.rs#TrustedCall` (839eda024)
 * Differs: only the variants that this service executes decode; any other index is refused by the decoder.
 * Vectors: `tests/types/vectors/wire.json` (V1)
 *
 * @module
 */
import { type Codec, struct, u128, type Variant, variant } from "../codec/codec.ts";
import type { AccountId, ShardIdentifier } from "../primitives/branded.ts";
import { accountIdCodec, shardIdentifierCodec } from "./ids.ts";

/** Does nothing but cost a fee and a nonce. */
export interface Noop {
  /** Nonce owner and fee payer. */
  readonly sender: AccountId;
}

/** Moves native balance within the shard. */
export interface BalanceTransfer {
  /** Account that pays, nonce owner. */
  readonly from: AccountId;
  /** Account that receives. */
  readonly to: AccountId;
  /** Amount in the smallest unit. */
  readonly amount: bigint;
}

/** Burns native balance in the shard and pays it out on the shielding target. */
export interface BalanceUnshield {
  /** Account of the shard that pays, nonce owner. */
  readonly from: AccountId;
  /** Account of the parentchain that receives. */
  readonly beneficiary: AccountId;
  /** Amount in the smallest unit. */
  readonly amount: bigint;
  /** The shard in which this call is meant to run. */
  readonly shard: ShardIdentifier;
}

/** Sets a balance by the root of a development shard. */
export interface BalanceSetBalance {
  /** The root account, nonce owner. */
  readonly root: AccountId;
  /** Account whose balance is set. */
  readonly who: AccountId;
  /** New free balance in the smallest unit. */
  readonly free: bigint;
  /** Ignored, as in the original. */
  readonly reserved: bigint;
}

/** A call on private state. */
export type TrustedCall = Variant<{
  noop: Noop;
  balance_transfer: BalanceTransfer;
  balance_unshield: BalanceUnshield;
  balance_set_balance: BalanceSetBalance;
}>;

/** SCALE codec of {@linkcode TrustedCall}. */
export const trustedCall: Codec<TrustedCall> = variant<{
  noop: Noop;
  balance_transfer: BalanceTransfer;
  balance_unshield: BalanceUnshield;
  balance_set_balance: BalanceSetBalance;
}>({
  noop: [0, struct<Noop>({ sender: accountIdCodec })],
  balance_transfer: [
    2,
    struct<BalanceTransfer>({ from: accountIdCodec, to: accountIdCodec, amount: u128 }),
  ],
  balance_unshield: [
    3,
    struct<BalanceUnshield>({
      from: accountIdCodec,
      beneficiary: accountIdCodec,
      amount: u128,
      shard: shardIdentifierCodec,
    }),
  ],
  balance_set_balance: [
    255,
    struct<BalanceSetBalance>({ root: accountIdCodec, who: accountIdCodec, free: u128, reserved: u128 }),
  ],
});

/** The account whose nonce, fee and signature a call needs. */
export function trustedCallSender(call: TrustedCall): AccountId {
  switch (call.type) {
    case "noop":
      return call.value.sender;
    case "balance_transfer":
    case "balance_unshield":
      return call.value.from;
    case "balance_set_balance":
      return call.value.root;
  }
}
