/**
 * What a block carries encrypted: its diff, and what became of each call, so that every validateer can answer for a call
 * whoever executed it.
 *
 * Differs: worker `core-primitives/stf-primitives/src/types.rs#StatePayload` (839eda024) has no receipts.
 *
 * @module
 */
import { type Codec, struct } from "../codec/codec.ts";
import { type StateDiff, stateDiff } from "../state/diff.ts";
import { type Receipt, receipts } from "../types/receipt.ts";

/** The plain payload of a block. */
export interface BlockPayload {
  /** What the block changes in the state. */
  readonly diff: StateDiff;
  /** Outcome of each call tried, in order of execution. */
  readonly receipts: readonly Receipt[];
}

/** SCALE codec of {@linkcode BlockPayload}. */
export const blockPayload: Codec<BlockPayload> = struct<BlockPayload>({ diff: stateDiff, receipts });
