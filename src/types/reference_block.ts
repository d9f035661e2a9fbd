/**
 * Blocks of the reference worker, for reading what it wrote; our own have more fields (`block_data.ts`).
 *
 * Source: worker `sidechain/primitives/src/types/block.rs#SignedBlock`, `block_data.rs#BlockData` (839eda024)
 * Vectors: `tests/types/vectors/wire.json` (V3)
 *
 * @module
 */
import { bytes, type Codec, struct, u64, vec } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { type AccountId, type BlockHash, type H256, h256, type TopHash } from "../primitives/branded.ts";
import { MAX_STATE_DIFF_BYTES, MAX_TOPS_PER_BLOCK } from "./block_data.ts";
import { accountIdCodec, blockHashCodec, topHashCodec } from "./ids.ts";
import { type MultiSignature, multiSignature } from "./multi_signature.ts";
import { type SidechainHeader, sidechainHeader } from "./sidechain_header.ts";
import { MAX_BLOCKS_PER_MESSAGE } from "./signed_block.ts";

/** Body of a block of the reference; the fields are in wire order. */
export interface ReferenceBlockData {
  /** When the block was made, ms since the epoch. */
  readonly timestamp: bigint;
  /** The Integritee block that the block knows. */
  readonly layerOneHead: BlockHash;
  /** Ed25519 key of the author. */
  readonly blockAuthor: AccountId;
  /** Hashes of the executed operations. */
  readonly signedTopHashes: readonly TopHash[];
  /** Encrypted state diff, in a format of the reference. */
  readonly encryptedStateDiff: Uint8Array;
}

/** A block of the reference; the fields are in wire order. */
export interface ReferenceBlock {
  /** Header. */
  readonly header: SidechainHeader;
  /** Body. */
  readonly blockData: ReferenceBlockData;
}

/** A signed block of the reference; the signature is over the encoded {@linkcode ReferenceBlock}. */
export interface ReferenceSignedBlock {
  /** Header and body. */
  readonly block: ReferenceBlock;
  /** Signature of the author. */
  readonly signature: MultiSignature;
}

/** SCALE codec of {@linkcode ReferenceBlockData}. */
export const referenceBlockData: Codec<ReferenceBlockData> = struct<ReferenceBlockData>({
  timestamp: u64,
  layerOneHead: blockHashCodec,
  blockAuthor: accountIdCodec,
  signedTopHashes: vec(topHashCodec, MAX_TOPS_PER_BLOCK),
  encryptedStateDiff: bytes(MAX_STATE_DIFF_BYTES),
});

/** SCALE codec of {@linkcode ReferenceBlock}. */
export const referenceBlock: Codec<ReferenceBlock> = struct<ReferenceBlock>({
  header: sidechainHeader,
  blockData: referenceBlockData,
});

/** SCALE codec of {@linkcode ReferenceSignedBlock}. */
export const referenceSignedBlock: Codec<ReferenceSignedBlock> = struct<ReferenceSignedBlock>({
  block: referenceBlock,
  signature: multiSignature,
});

/** SCALE codec of a list of the reference's blocks. */
export const referenceSignedBlocks: Codec<readonly ReferenceSignedBlock[]> = vec(
  referenceSignedBlock,
  MAX_BLOCKS_PER_MESSAGE,
);

/** The `block_data_hash` of a block of the reference: Blake2-256 of the encoded body. */
export function computeReferenceBlockDataHash(data: ReferenceBlockData): H256 {
  return h256(blake2_256(referenceBlockData.encode(data)));
}
