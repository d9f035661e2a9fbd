/**
 * What a block takes over from a parentchain before its calls: timestamps and deposits to the vault.
 *
 * Differs: the reference submits these as calls signed by the enclave to its own pool; here they are part of the block, so
 * a deposit is credited once and follows a rollback.
 *
 * @module
 */
import { type Codec, mapped, struct, u128, u32, u64, type Variant, variant, vec } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { type AccountId, type H256, h256 } from "../primitives/branded.ts";
import { accountIdCodec } from "./ids.ts";
import { type ParentchainId, parentchainId } from "./parentchain_id.ts";

/** Most items in one block's prologue; the rest waits for the next block. Bounds the time before the first call. */
export const MAX_PROLOGUE_ITEMS = 1024;

/** Fields of the timestamp of a parentchain block. */
export interface TimestampFields {
  /** The chain. */
  readonly parentchain: ParentchainId;
  /** Number of the block. */
  readonly blockNumber: number;
  /** Its timestamp, ms since the epoch. */
  readonly nowMs: bigint;
}

/** Fields of a transfer to the vault. */
export interface DepositFields {
  /** The chain. */
  readonly parentchain: ParentchainId;
  /** Number of the block. */
  readonly blockNumber: number;
  /** Place of the deposit in its block (the event's index); rises within the block. */
  readonly itemIndex: number;
  /** Who sent; also who is credited in the shard. */
  readonly from: AccountId;
  /** Amount in the smallest unit. */
  readonly amount: bigint;
}

/** One item; within a block the timestamp comes first, then the deposits by `itemIndex`. */
export type PrologueItem =
  | ({ readonly type: "timestamp" } & TimestampFields)
  | ({ readonly type: "deposit" } & DepositFields);

const tagged = variant<
  { timestamp: TimestampFields; deposit: DepositFields }
>({
  timestamp: [0, struct<TimestampFields>({ parentchain: parentchainId, blockNumber: u32, nowMs: u64 })],
  deposit: [
    1,
    struct<DepositFields>({
      parentchain: parentchainId,
      blockNumber: u32,
      itemIndex: u32,
      from: accountIdCodec,
      amount: u128,
    }),
  ],
});

type Tagged = Variant<{ timestamp: TimestampFields; deposit: DepositFields }>;

/** SCALE codec of {@linkcode PrologueItem}. */
export const prologueItem: Codec<PrologueItem> = mapped<Tagged, PrologueItem>(
  tagged,
  (inner) => inner.type === "timestamp" ? { type: "timestamp", ...inner.value } : { type: "deposit", ...inner.value },
  (item) => item.type === "timestamp" ? { type: "timestamp", value: item } : { type: "deposit", value: item },
);

/** SCALE codec of a block's prologue; at most {@linkcode MAX_PROLOGUE_ITEMS}. */
export const prologueItems: Codec<readonly PrologueItem[]> = vec(prologueItem, MAX_PROLOGUE_ITEMS);

/** The `prologueHash` of a block: Blake2-256 of the encoded items. @throws {RangeError} If there are too many. */
export function computePrologueHash(items: readonly PrologueItem[]): H256 {
  return h256(blake2_256(prologueItems.encode(items)));
}
