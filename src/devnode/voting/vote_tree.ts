/**
 * What voting asks of the chain, and the block that enough votes are for.
 *
 * @module
 */
import { type Hex, toHex } from "../../primitives/hex.ts";
import type { VoteTarget } from "../grandpa.ts";

/** The blocks that can be voted for: the newest final one and those above it that the present voters may prove. */
export interface VoteTree {
  /** The newest final block. */
  readonly finalized: () => VoteTarget;
  /** A block that can be voted for. */
  readonly find: (hash: Uint8Array) => VoteTarget | undefined;
  /** Whether a block is kept on disk; one that is not was ruled out by finality. */
  readonly isStored: (hash: Uint8Array) => boolean;
  /** The parent of a block; `undefined` for the newest final one. */
  readonly parentOf: (block: VoteTarget) => VoteTarget | undefined;
  /** Whether a block is another or descends from it. */
  readonly isDescendant: (block: VoteTarget, ancestor: VoteTarget) => boolean;
  /** The head of the best chain that contains a block, or the last block on it that the present voters may prove. */
  readonly best: (under: VoteTarget) => VoteTarget;
}

/** A vote that counts. */
export interface WeighedTarget {
  readonly target: VoteTarget;
  readonly weight: bigint;
}

/**
 * The highest block that votes of at least `threshold` are for, a vote for a descendant included. There is at most one:
 * two would need the votes of some voters twice. `undefined` if there is none in the tree. Takes as many steps as the
 * votes lie apart.
 *
 * Source: GRANDPA paper (arXiv 2007.01560), function g
 */
export function computeGhost(
  votes: readonly WeighedTarget[],
  threshold: bigint,
  tree: VoteTree,
): VoteTarget | undefined {
  let left = 0n;
  const fronts = new Map<Hex, WeighedTarget>();
  const put = (target: VoteTarget, weight: bigint) => {
    const hash = toHex(target.hash);
    fronts.set(hash, { target, weight: weight + (fronts.get(hash)?.weight ?? 0n) });
  };
  for (const { target, weight } of votes) {
    left += weight;
    put(target, weight);
  }
  // The highest block moves down to its parent and joins the votes that are there, until one has enough.
  while (left >= threshold && fronts.size > 0) {
    let highest: WeighedTarget | undefined;
    for (const front of fronts.values()) {
      if (highest === undefined || front.target.number > highest.target.number) highest = front;
    }
    if (highest === undefined) break;
    if (highest.weight >= threshold) return highest.target;
    fronts.delete(toHex(highest.target.hash));
    const parent = tree.parentOf(highest.target);
    if (parent === undefined) left -= highest.weight;
    else put(parent, highest.weight);
  }
  return undefined;
}
