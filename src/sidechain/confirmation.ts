/**
 * Which block the first validateer confirms on the parentchain, and when.
 *
 * Source: worker `sidechain/consensus/common/src/block_import_confirmation_handler.rs#confirm_import` (839eda024)
 * Differs: the original confirms each due block at once, by the number of the next due one; here a candidate is one
 * rotation deep and, with several validateers, built upon by another one, and its number is its own.
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import type { SidechainBlockConfirmation } from "../types/sidechain_block_confirmation.ts";
import type { ChainBlock } from "./chain_block.ts";
import { CONFIRMATION_INTERVAL } from "./next_finalization.ts";

/**
 * The confirmation that is under way. States: `idle` → (extrinsic sent) `in_flight` → (final on the parentchain, or era
 * over) `idle`.
 */
export type ConfirmationState =
  | { readonly type: "idle" }
  | {
    readonly type: "in_flight";
    readonly candidate: SidechainBlockConfirmation;
    /** Last parentchain block in which the extrinsic may stand. */
    readonly eraEnd: number;
  };

/** What to submit: `Sidechain.confirm_imported_sidechain_block(shard, ancestor, candidate)`. */
export interface ConfirmationRequest {
  /** The confirmation the parentchain holds; it refuses others. */
  readonly ancestor: SidechainBlockConfirmation | undefined;
  readonly candidate: SidechainBlockConfirmation;
}

/** The state after a new final parentchain block. */
export function processFinalHead(
  state: ConfirmationState,
  finalNumber: number,
  latest: SidechainBlockConfirmation | undefined,
): ConfirmationState {
  if (state.type === "idle") return state;
  const isFinal = latest !== undefined && latest.blockNumber >= state.candidate.blockNumber;
  return isFinal || finalNumber > state.eraEnd ? { type: "idle" } : state;
}

/**
 * The next confirmation to submit, or `undefined`: one is in flight, or no candidate is due. The first is due at once,
 * each further one 50 blocks after the last.
 *
 * @param bestBranch Blocks from the head down to the last confirmed one, without it.
 * @param authorityCount How many validateers take turns.
 * @param latest The confirmation that the final parentchain holds.
 */
export function decideConfirmation(
  state: ConfirmationState,
  bestBranch: Iterable<ChainBlock>,
  authorityCount: number,
  latest: SidechainBlockConfirmation | undefined,
): ConfirmationRequest | undefined {
  if (state.type === "in_flight") return undefined;
  const block = selectCandidate(bestBranch, authorityCount);
  if (block === undefined) return undefined;
  const dueNumber = latest === undefined ? 1n : latest.blockNumber + CONFIRMATION_INTERVAL;
  if (block.number < dueNumber) return undefined;
  return { ancestor: latest, candidate: { blockNumber: block.number, blockHeaderHash: block.hash } };
}

/**
 * The newest block with a full rotation of blocks upon it and, with several validateers, a descendant by another
 * author.
 */
export function selectCandidate(bestBranch: Iterable<ChainBlock>, authorityCount: number): ChainBlock | undefined {
  let depth = 0;
  let author: Uint8Array | undefined;
  let isMixed = false;
  for (const block of bestBranch) {
    // Descendants by two authors include one by another author than this block's.
    const hasOther: boolean = isMixed || (author !== undefined && !equalBytes(author, block.digest.blockAuthor));
    if (depth >= authorityCount && (authorityCount < 2 || hasOther)) return block;
    isMixed = hasOther;
    author = block.digest.blockAuthor;
    depth++;
  }
  return undefined;
}
