/**
 * Holds parentchain blocks back until payouts can be read in them: until they are as final as payouts need (at level
 * `sealed` a block becomes proven only when a later justification reaches it), and until the sidechain block that they show
 * as confirmed is here. What an enclave does not know to be owed, it could not know to be paid, and would pay it again later.
 *
 * @module
 */
import type { FinalityLevel } from "../../parentchain/follower_state.ts";
import type { ImportedBlock } from "../../parentchain/imported_block.ts";

/** How much each level shows. */
export const LEVEL_RANK: Readonly<Record<FinalityLevel, number>> = { proven: 2, sealed: 1, trusted: 0 };

/** Most blocks that wait: a day and a half of the parentchain. What comes after them stops the ledger until a restart. */
export const MAX_HELD_BLOCKS = 20_000;

/** Blocks that may be read now, and those that wait. */
export interface RipeBlocks {
  /** In chain order, each at the level it has now. */
  readonly ready: readonly ImportedBlock[];
  /** In chain order; at most {@linkcode MAX_HELD_BLOCKS}. */
  readonly waiting: readonly ImportedBlock[];
}

/** An import as the payouts see it. */
export interface RipenInput {
  /** Blocks that were imported. */
  readonly imported: readonly ImportedBlock[];
  /** Number of the newest proven block. */
  readonly provenNumber: number;
  /** Number of the newest confirmed sidechain block that is here. */
  readonly confirmedNumber: bigint;
  /** Lowest number that was undone, if any. */
  readonly revertedFrom: number | undefined;
  /** Level that payouts need. */
  readonly level: FinalityLevel;
}

/**
 * Adds imported blocks to those that wait, and takes out what has become final enough. Only sealed blocks wait: what rests
 * on the node's word never becomes proven, so it is given out for the ledger to refuse.
 */
export function ripenBlocks(
  waiting: readonly ImportedBlock[],
  { imported, provenNumber, confirmedNumber, revertedFrom = Infinity, level }: RipenInput,
): RipeBlocks {
  const all = [...waiting.filter(({ number }) => number < revertedFrom), ...imported].map((block): ImportedBlock =>
    block.level === "sealed" && block.number <= provenNumber ? { ...block, level: "proven" } : block
  );
  const unripe = all.findIndex((block) =>
    (level === "proven" && block.level === "sealed") ||
    (block.content?.view.confirmation?.blockNumber ?? 0n) > confirmedNumber
  );
  if (unripe < 0) return { ready: all, waiting: [] };
  return { ready: all.slice(0, unripe), waiting: all.slice(unripe, unripe + MAX_HELD_BLOCKS) };
}
