/**
 * Body of a sidechain block.
 *
 * Source: worker `sidechain/primitives/src/types/block_data.rs#BlockData` (839eda024)
 * Differs: four fields follow the reference's six: `layer_one_number`, `receipts_hash`, `prologue_hash` and, last,
 * `state_root`; so that the header can be checked before anything is decrypted, and a light client never needs the body.
 *
 * @module
 */
import { bytes, type Codec, struct, u32, u64, vec } from "../codec/codec.ts";
import type { AccountId, BlockHash, H256, TopHash } from "../primitives/branded.ts";
import { accountIdCodec, blockHashCodec, h256Codec, topHashCodec } from "./ids.ts";

/** Most calls in a block: the size of the ready pool, so one block can always empty it. */
export const MAX_TOPS_PER_BLOCK = 8192;

/**
 * Most bytes of an encrypted state diff, 4 MiB: what a proposer changes at most takes less, and in hexadecimal the block still
 * fits a frame between validateers.
 */
export const MAX_STATE_DIFF_BYTES: number = 4 * 1024 * 1024;

/** Body of a sidechain block; the fields are in wire order. */
export interface BlockData {
  /** When the block was made, ms since the epoch; names its slot. */
  readonly timestamp: bigint;
  /** The newest Integritee block that the block knows. */
  readonly layerOneHead: BlockHash;
  /** Ed25519 key of the validateer that made the block. */
  readonly blockAuthor: AccountId;
  /** Hashes of the operations that were executed, in order; at most {@linkcode MAX_TOPS_PER_BLOCK}. */
  readonly signedTopHashes: readonly TopHash[];
  /** What the block changed in the state, encrypted; at most {@linkcode MAX_STATE_DIFF_BYTES}. */
  readonly encryptedStateDiff: Uint8Array;
  /** Number of `layerOneHead`. */
  readonly layerOneNumber: number;
  /** Hash of the receipts of all calls tried, also of those that failed. */
  readonly receiptsHash: H256;
  /** Hash of the parentchain items that the block starts with. */
  readonly prologueHash: H256;
  /** Root of the private state after the block. */
  readonly stateRoot: H256;
}

/** SCALE codec of {@linkcode BlockData}. */
export const blockData: Codec<BlockData> = struct<BlockData>({
  timestamp: u64,
  layerOneHead: blockHashCodec,
  blockAuthor: accountIdCodec,
  signedTopHashes: vec(topHashCodec, MAX_TOPS_PER_BLOCK),
  encryptedStateDiff: bytes(MAX_STATE_DIFF_BYTES),
  layerOneNumber: u32,
  receiptsHash: h256Codec,
  prologueHash: h256Codec,
  stateRoot: h256Codec,
});
