/**
 * Holds parentchain blocks back until they are as final as payouts need: at level `sealed` a block becomes proven only
 * when a later justification reaches it.
 *
 * @module
 */
import type { FinalityLevel } from "../../parentchain/follower_state.ts";
import type { ImportedBlock } from "../../parentchain/imported_block.ts";

/** How much each level shows. */
export const LEVEL_RANK: Readonly<Record<FinalityLevel, number>> = { proven: 2, sealed: 1, trusted: 0 };

/** Blocks that may be read now, and those that wait. */
export interface RipeBlocks {
  /** In chain order, each at the level it has now. */
  readonly ready: readonly ImportedBlock[];
  /** In chain order; at most as many as the follower's tail is long. */
  readonly waiting: readonly ImportedBlock[];
}

/** An import as the payouts see it. */
export interface RipenInput {
  /** Blocks that were imported. */
  readonly imported: readonly ImportedBlock[];
  /** Number of the newest proven block. */
  readonly provenNumber: number;
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
  { imported, provenNumber, revertedFrom = Infinity, level }: RipenInput,
): RipeBlocks {
  const all = [...waiting.filter(({ number }) => number < revertedFrom), ...imported].map((block): ImportedBlock =>
    block.level === "sealed" && block.number <= provenNumber ? { ...block, level: "proven" } : block
  );
  const unripe = level === "proven" ? all.findIndex((block) => block.level === "sealed") : -1;
  return unripe < 0 ? { ready: all, waiting: [] } : { ready: all.slice(0, unripe), waiting: all.slice(unripe) };
}
