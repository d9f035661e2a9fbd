/**
 * Opening a stored chain: its newest states are rebuilt, checked against their headers and put into the tree.
 *
 * @module
 */
import { parentchainHeader } from "../parentchain/header.ts";
import { blockHash } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { type Trie, trieRoot } from "../trie/trie.ts";
import { type AuthorityHistory, authorityHistory, withoutHeader } from "./authority_history.ts";
import { BlockTree, type TreeBlock } from "./block_tree.ts";
import { ChainError } from "./chain_error.ts";
import { AUTHORITY_SETS, type ChainParts, type Genesis, metaOf } from "./chain_genesis.ts";
import { replayStates, StateHistory } from "./state_history.ts";

/** What a chain holds in memory. */
export interface RestoredChain {
  readonly tree: BlockTree;
  readonly states: StateHistory;
  readonly head: TreeBlock;
}

/** Restores the chain. @throws {ChainError} If the store is damaged. */
export function restoreTree<Block>(parts: ChainParts<Block>, genesis: Genesis, finalized: number): RestoredChain {
  const { store, statesKept } = parts;
  const stored = store.loadStates();
  const found: Iterable<readonly [number, Trie]> = stored === undefined ? [[0, genesis.state]] : replayStates(stored);
  const states = new StateHistory(statesKept);
  const blocks: Omit<TreeBlock, "authorities">[] = [];
  for (const [number, state] of found) {
    const block = restoreBlock(parts, number, state);
    states.add(number, state);
    if (number <= finalized) blocks.length = 0;
    blocks.push(block);
  }
  const newest = blocks.at(-1);
  if (newest === undefined || newest.number !== store.headNumber()) {
    throw new ChainError("StoreIncomplete", "Cannot open the chain: the state of the newest block is missing");
  }
  const sets = authorityHistory.decode(metaOf(store, AUTHORITY_SETS));
  const [root, ...rest] = withHistories(blocks, sets) as [TreeBlock, ...TreeBlock[]];
  const tree = new BlockTree(root);
  for (const block of rest) tree.add(block);
  return { tree, states, head: rest.at(-1) ?? root };
}

function restoreBlock<Block>(
  { store, runtime }: ChainParts<Block>,
  number: number,
  state: Trie,
): Omit<TreeBlock, "authorities"> {
  const block = store.block(number);
  if (block === undefined) {
    throw new ChainError("StoreIncomplete", `Cannot open the chain: block ${number} is missing`);
  }
  const header = parentchainHeader.decode(block.header);
  const version = runtime.version.stateVersion === 0 ? 0 : 1;
  if (!equalBytes(trieRoot(state, version), header.stateRoot)) {
    throw new ChainError("StateCorrupt", `Cannot open the chain: the state of block ${number} is damaged`);
  }
  return { number, hash: blockHash(block.hash), header, state };
}

/** Adds to each block the sets known there; `sets` are those known at the last one. */
function withHistories(blocks: readonly Omit<TreeBlock, "authorities">[], sets: AuthorityHistory): TreeBlock[] {
  const chain: TreeBlock[] = [];
  let authorities = sets;
  for (const block of blocks.toReversed()) {
    chain.push({ ...block, authorities });
    authorities = withoutHeader(authorities, block.header);
  }
  return chain.reverse();
}
