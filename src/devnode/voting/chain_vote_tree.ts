/**
 * The chain's tree as voters see it.
 *
 * @module
 */
import { setOfBlock } from "../authority_history.ts";
import type { BlockTree, TreeBlock } from "../block_tree.ts";
import type { VoteTarget } from "../grandpa.ts";
import type { VoteTree } from "./vote_tree.ts";

/** What is asked of the chain. */
export interface VotedChain {
  readonly tree: BlockTree;
  readonly finalizedNumber: number;
  readonly find: (hash: Uint8Array) => unknown;
}

/** Blocks that the voters of the present set may prove. */
export function chainVoteTree(chain: VotedChain): VoteTree {
  const inTree = ({ hash }: VoteTarget) => chain.tree.get(hash);
  const lastBlockOf = (block: TreeBlock) => setOfBlock(block.authorities, chain.finalizedNumber + 1).lastBlock;
  return {
    finalized: () => chain.tree.root,
    find: (hash) => {
      const block = chain.tree.get(hash);
      const last = block === undefined ? undefined : lastBlockOf(block);
      return block !== undefined && last !== undefined && block.number > last ? undefined : block;
    },
    isStored: (hash) => chain.find(hash) !== undefined,
    parentOf: (target) => {
      const block = inTree(target);
      return block === undefined ? undefined : chain.tree.parentOf(block);
    },
    isDescendant: (target, ancestor) => {
      const block = inTree(target);
      const above = inTree(ancestor);
      return block !== undefined && above !== undefined && chain.tree.isDescendant(block, above);
    },
    best: (under) => {
      const best = chain.tree.best(inTree(under) ?? chain.tree.root);
      const last = lastBlockOf(best);
      return last === undefined || best.number <= last ? best : chain.tree.ancestorAt(best, last) ?? chain.tree.root;
    },
  };
}
