/**
 * Header of a parentchain block.
 *
 * Source: substrate `primitives/runtime/src/generic/header.rs#Header` (the parentchain's own format)
 *
 * @module
 */
import { bytesOf, type Codec, compactU32, mapped, struct } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { type BlockHash, blockHash, type H256, h256 } from "../primitives/branded.ts";
import { digest, type DigestItem } from "./digest.ts";

/** Header of a parentchain block with a 32-bit number; the fields are in wire order. */
export interface ParentchainHeader {
  /** Hash of the parent's header, its seal included; all zero in the genesis block. */
  readonly parentHash: BlockHash;
  /** Number of this block; the genesis block is 0. */
  readonly number: number;
  /** Root of the state after this block. */
  readonly stateRoot: H256;
  /** Ordered trie root of the block's extrinsics. */
  readonly extrinsicsRoot: H256;
  /** Slot, authority changes and seal. */
  readonly digest: readonly DigestItem[];
}

const hash32: Codec<H256> = mapped(bytesOf(32), h256, (hash) => hash);

/** SCALE codec of {@linkcode ParentchainHeader}. */
export const parentchainHeader: Codec<ParentchainHeader> = struct({
  parentHash: mapped(bytesOf(32), blockHash, (hash) => hash),
  number: compactU32,
  stateRoot: hash32,
  extrinsicsRoot: hash32,
  digest,
});

/** Hash of a header, its seal included: the block's hash. */
export function computeHeaderHash(header: ParentchainHeader): BlockHash {
  return blockHash(blake2_256(parentchainHeader.encode(header)));
}
