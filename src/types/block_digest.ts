/**
 * The fixed-size summary of a block's body, 236 bytes: all that the header's `block_data_hash` commits to.
 *
 * Differs: the reference hashes the encoded body; here the hash is over the summary with a domain, so that a light client
 * checks a header without the body.
 *
 * @module
 */
import { type Codec, struct, u32, u64, vec } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { type AccountId, type BlockHash, type H256, h256, type TopHash } from "../primitives/branded.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { type BlockData, MAX_TOPS_PER_BLOCK } from "./block_data.ts";
import { accountIdCodec, blockHashCodec, h256Codec, topHashCodec } from "./ids.ts";

/** Summary of a block's body; the fields are in wire order. */
export interface BlockDigest {
  /** When the block was made, ms since the epoch. */
  readonly timestamp: bigint;
  /** The newest Integritee block that the block knows. */
  readonly layerOneHead: BlockHash;
  /** Number of `layerOneHead`. */
  readonly layerOneNumber: number;
  /** Ed25519 key of the validateer that made the block. */
  readonly blockAuthor: AccountId;
  /** Root of the private state after the block. */
  readonly stateRoot: H256;
  /** {@linkcode computeTopsHash} of the executed operations. */
  readonly topsHash: H256;
  /** Hash of the receipts. */
  readonly receiptsHash: H256;
  /** Hash of the prologue. */
  readonly prologueHash: H256;
  /** Blake2-256 of the encrypted state diff. */
  readonly diffHash: H256;
}

/** SCALE codec of {@linkcode BlockDigest}. */
export const blockDigest: Codec<BlockDigest> = struct<BlockDigest>({
  timestamp: u64,
  layerOneHead: blockHashCodec,
  layerOneNumber: u32,
  blockAuthor: accountIdCodec,
  stateRoot: h256Codec,
  topsHash: h256Codec,
  receiptsHash: h256Codec,
  prologueHash: h256Codec,
  diffHash: h256Codec,
});

const topHashes = vec(topHashCodec, MAX_TOPS_PER_BLOCK);

/** Blake2-256 of the encoded list of operation hashes. @throws {RangeError} If there are too many. */
export function computeTopsHash(hashes: readonly TopHash[]): H256 {
  return h256(blake2_256(topHashes.encode(hashes)));
}

/** The summary of a body. */
export function computeBlockDigest(data: BlockData): BlockDigest {
  return {
    timestamp: data.timestamp,
    layerOneHead: data.layerOneHead,
    layerOneNumber: data.layerOneNumber,
    blockAuthor: data.blockAuthor,
    stateRoot: data.stateRoot,
    topsHash: computeTopsHash(data.signedTopHashes),
    receiptsHash: data.receiptsHash,
    prologueHash: data.prologueHash,
    diffHash: h256(blake2_256(data.encryptedStateDiff)),
  };
}

/** Domain of the hash in the header, so that it is no hash of anything else. */
const BLOCK_DATA_DOMAIN = new TextEncoder().encode("integritee-edge/block-data/1");

/** The header's `block_data_hash`: Blake2-256 of the domain and the encoded summary. */
export function computeBlockDataHash(digest: BlockDigest): H256 {
  return h256(blake2_256(concatBytes(BLOCK_DATA_DOMAIN, blockDigest.encode(digest))));
}
