/**
 * Header of a sidechain block, 112 bytes.
 *
 * Source: worker `sidechain/primitives/src/types/header.rs#SidechainHeader` (839eda024)
 * Vectors: `tests/types/vectors/wire.json` (V3)
 *
 * @module
 */
import { type Codec, struct, u64 } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { type BlockHash, blockHash, type H256, type ShardIdentifier } from "../primitives/branded.ts";
import { blockHashCodec, h256Codec, shardIdentifierCodec } from "./ids.ts";

/** Header of a sidechain block; the fields are in wire order. */
export interface SidechainHeader {
  /** Blake2-256 hash of the parent header; all zero in block 1. */
  readonly parentHash: BlockHash;
  /** Number of this block; the first block is 1. */
  readonly blockNumber: bigint;
  /** The shard whose state this chain advances. */
  readonly shardId: ShardIdentifier;
  /** Hash of the block's data: ours by `computeBlockDataHash`, the reference's of the encoded `BlockData`. */
  readonly blockDataHash: H256;
  /** The next block number to be confirmed on the parentchain. */
  readonly nextFinalizationBlockNumber: bigint;
}

/** SCALE codec of {@linkcode SidechainHeader}. */
export const sidechainHeader: Codec<SidechainHeader> = struct<SidechainHeader>({
  parentHash: blockHashCodec,
  blockNumber: u64,
  shardId: shardIdentifierCodec,
  blockDataHash: h256Codec,
  nextFinalizationBlockNumber: u64,
});

/** The block's hash: Blake2-256 of the 112 bytes of its header. */
export function computeHeaderHash(header: SidechainHeader): BlockHash {
  return blockHash(blake2_256(sidechainHeader.encode(header)));
}
