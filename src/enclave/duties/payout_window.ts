/**
 * Windows of the parentchain's blocks, and who pays in each.
 *
 * Blocks are cut into windows of {@linkcode PAYOUT_WINDOW} by their number; only the one in which the shard was created begins
 * with it and is cut into shorter ones. Each payout has one payer in a window, by the validateers at the window's first block,
 * and everything signed in a window dies with it. So all enclaves agree without a word who may pay.
 *
 * @module
 */
import type { ImportedBlock } from "../../parentchain/imported_block.ts";
import type { AccountId, BlockHash } from "../../primitives/branded.ts";

/** Blocks of a window, and mortality of what is signed in it. A power of two, as mortality must be. */
export const PAYOUT_WINDOW = 64;
/** Most validateers of a window: more than the ten that a shard can have. */
export const MAX_WINDOW_AUTHORITIES = 64;

/** A window with its payers. */
export interface PayoutWindow {
  /** First block. */
  readonly start: number;
  /** Blocks, a power of two. */
  readonly period: number;
  /** Hash of the first block: the checkpoint of what is signed. */
  readonly hash: BlockHash;
  /** Validateers in the state of the first block; {@linkcode payerOf} names the payer of a payout among them. */
  readonly authorities: readonly AccountId[];
}

/**
 * Payer of a payout in a window: number `(id + k) mod n` of its `n` validateers in the `k`-th window, so that in each window it
 * is the next one's turn, and a payout whose payer is gone does not wait for ever. Short windows before the first whole one
 * count as that one's part.
 */
export function payerOf({ start, authorities }: PayoutWindow, id: bigint): AccountId | undefined {
  const turn = id + BigInt(Math.floor(start / PAYOUT_WINDOW));
  return authorities.length === 0 ? undefined : authorities[Number(turn % BigInt(authorities.length))];
}

/** Last block of a window. */
export function windowEnd({ start, period }: PayoutWindow): number {
  return start + period - 1;
}

/** The window that begins with a block, or `undefined` if the block belongs to the one before it, or to one not known. */
export function windowBeginning(
  before: PayoutWindow | undefined,
  { number, hash }: ImportedBlock,
  authorities: readonly AccountId[],
): PayoutWindow | undefined {
  const begins = before === undefined
    // Within a window its payers are not known, unless there were none: a shard, once created, stays.
    ? number % PAYOUT_WINDOW === 0 || authorities.length === 0
    : number > windowEnd(before) || before.authorities.length === 0;
  if (!begins) return undefined;
  const left = PAYOUT_WINDOW - number % PAYOUT_WINDOW;
  const period = 2 ** Math.floor(Math.log2(left));
  return { start: number, period, hash, authorities: authorities.slice(0, MAX_WINDOW_AUTHORITIES) };
}
