/**
 * The sidechain block that a parentchain holds for confirmed.
 *
 * Source: pallets `primitives/sidechain/src/lib.rs#SidechainBlockConfirmation`
 *
 * @module
 */
import { type Codec, struct, u64 } from "../codec/codec.ts";
import type { BlockHash } from "../primitives/branded.ts";
import { blockHashCodec } from "./ids.ts";

/** A confirmed block; the fields are in wire order. */
export interface SidechainBlockConfirmation {
  /** Number of the block. */
  readonly blockNumber: bigint;
  /** Hash of its header. */
  readonly blockHeaderHash: BlockHash;
}

/** SCALE codec of {@linkcode SidechainBlockConfirmation}. */
export const sidechainBlockConfirmation: Codec<SidechainBlockConfirmation> = struct<SidechainBlockConfirmation>({
  blockNumber: u64,
  blockHeaderHash: blockHashCodec,
});
