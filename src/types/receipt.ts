/**
 * What became of each call that a block tried.
 *
 * Differs: the reference lists successful calls only; here failed ones are listed with their reason, so that every
 * validateer gives the same answer about a call.
 *
 * @module
 */
import { type Codec, struct, vec } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { type H256, h256, type TopHash } from "../primitives/branded.ts";
import { MAX_TOPS_PER_BLOCK } from "./block_data.ts";
import { enumeration } from "../codec/enumeration.ts";
import { topHashCodec } from "./ids.ts";

/**
 * Outcome of a call: success, or the name of the reason why it failed.
 *
 * Source: worker `core-primitives/stf-primitives/src/error.rs#StfError` (839eda024) for the names of the reasons
 */
export type CallOutcome =
  /** Executed. */
  | "Success"
  /** The signature does not fit; nothing changed. */
  | "InvalidSignature"
  /** The signer may not do this. */
  | "MissingPrivileges"
  /** The nonce is not the account's; nothing changed. */
  | "InvalidNonce"
  /** The fee or the amount cannot be paid. */
  | "MissingFunds"
  /** The sender has less than the amount; fee and nonce are used up, as in all that follow. */
  | "InsufficientBalance"
  /** The receiver would stay below the existential deposit. */
  | "ExistentialDeposit"
  /** A sum would not fit its type. */
  | "Overflow"
  /** The call names another shard than the one it ran in. */
  | "WrongShard"
  /** The shard has no vault to pay out from. */
  | "NoShardVaultAssigned"
  /** Too many payouts wait. */
  | "TooManyPayouts";

/** Outcome of one call; the fields are in wire order. */
export interface Receipt {
  /** The operation. */
  readonly topHash: TopHash;
  /** What became of it. */
  readonly outcome: CallOutcome;
}

/** SCALE codec of {@linkcode CallOutcome}. */
export const callOutcome: Codec<CallOutcome> = enumeration({
  Success: 0,
  InvalidSignature: 1,
  MissingPrivileges: 2,
  InvalidNonce: 3,
  MissingFunds: 4,
  InsufficientBalance: 5,
  ExistentialDeposit: 6,
  Overflow: 7,
  WrongShard: 8,
  NoShardVaultAssigned: 9,
  TooManyPayouts: 10,
});

/** SCALE codec of {@linkcode Receipt}. */
export const receipt: Codec<Receipt> = struct<Receipt>({ topHash: topHashCodec, outcome: callOutcome });

/** SCALE codec of a block's receipts, in order of execution; as many as a block may have calls. */
export const receipts: Codec<readonly Receipt[]> = vec(receipt, MAX_TOPS_PER_BLOCK);

/** The `receiptsHash` of a block: Blake2-256 of the encoded receipts. @throws {RangeError} If there are too many. */
export function computeReceiptsHash(values: readonly Receipt[]): H256 {
  return h256(blake2_256(receipts.encode(values)));
}
