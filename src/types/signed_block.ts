/**
 * A sidechain block with its author's signature.
 *
 * Source: worker `sidechain/primitives/src/types/block.rs#SignedBlock` (839eda024)
 * Differs: the author signs {@linkcode blockSigningMessage} instead of the encoded block, so that the signature counts for
 * light clients too.
 *
 * @module
 */
import { type Codec, struct, vec } from "../codec/codec.ts";
import type { BlockHash } from "../primitives/branded.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { type BlockData, blockData } from "./block_data.ts";
import { type EnclaveSignature, enclaveSignature } from "./multi_signature.ts";
import { type SidechainHeader, sidechainHeader } from "./sidechain_header.ts";

/** Most blocks in one message between validateers; a longer range is asked for in parts. */
export const MAX_BLOCKS_PER_MESSAGE = 64;

/** An unsigned block; the fields are in wire order. */
export interface Block {
  /** Header. */
  readonly header: SidechainHeader;
  /** Body. */
  readonly blockData: BlockData;
}

/** A signed block; the fields are in wire order. */
export interface SignedBlock {
  /** Header and body. */
  readonly block: Block;
  /** Ed25519 signature of the author over {@linkcode blockSigningMessage}. */
  readonly signature: EnclaveSignature;
}

/** SCALE codec of {@linkcode Block}. */
export const block: Codec<Block> = struct<Block>({ header: sidechainHeader, blockData });

/** SCALE codec of {@linkcode SignedBlock}. */
export const signedBlock: Codec<SignedBlock> = struct<SignedBlock>({ block, signature: enclaveSignature });

/** SCALE codec of the parameter of `sidechain_importBlock`: at most {@linkcode MAX_BLOCKS_PER_MESSAGE} blocks. */
export const signedBlocks: Codec<readonly SignedBlock[]> = vec(signedBlock, MAX_BLOCKS_PER_MESSAGE);

/** Domain of an author's signature, so that it counts for nothing else. */
const HEADER_DOMAIN = new TextEncoder().encode("integritee-edge/header/1");

/** What an author signs: the domain and the block's hash. */
export function blockSigningMessage(headerHash: BlockHash): Uint8Array {
  return concatBytes(HEADER_DOMAIN, headerHash);
}
