/**
 * Telling what one has, and answering what another lacks.
 *
 * @module
 */
import { parentchainHeader } from "../../parentchain/header.ts";
import type { BlockHash } from "../../primitives/branded.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import { type AuthorityHistory, setOfBlock } from "../authority_history.ts";
import type { BlockTree, TreeBlock } from "../block_tree.ts";
import type { StoredBlock } from "../chain_store.ts";
import { type AnsweredBlock, MAX_BLOCKS_PER_ANSWER, MAX_KNOWN_HASHES } from "./messages.ts";

/** Bytes of bodies after which an answer takes no further block: half of the longest message. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Most leaves of the tree that a node names among what it has. */
const MAX_KNOWN_LEAVES = 16;

/** What is asked of the chain. */
export interface ExchangedChain {
  readonly tree: BlockTree;
  readonly head: TreeBlock;
  readonly finalizedNumber: number;
  readonly genesisHash: BlockHash;
  readonly authorities: AuthorityHistory;
  readonly hashOf: (number: number) => BlockHash | undefined;
  readonly numberOf: (hash: Uint8Array) => number | undefined;
  readonly find: (hash: Uint8Array) => StoredBlock | undefined;
  readonly justification: (number: number) => Uint8Array | undefined;
  readonly finalProof: () => Uint8Array | undefined;
}

/**
 * Hashes by which another node finds what both have: the leaves, then the chain from its head in growing steps. There is
 * room for one more.
 */
export function knownHashes(chain: ExchangedChain): BlockHash[] {
  const { tree, head, finalizedNumber } = chain;
  const best = [...tree.leaves].sort((a, b) => b.number - a.number).slice(0, MAX_KNOWN_LEAVES);
  const hashes = best.map(({ hash }) => hash);
  for (let number = head.number, step = 1; number > finalizedNumber; number -= step, step *= 2) {
    const hash = chain.hashOf(number);
    if (hash !== undefined) hashes.push(hash);
  }
  const final = chain.hashOf(finalizedNumber);
  return [...hashes.slice(0, MAX_KNOWN_HASHES - 3), ...(final === undefined ? [] : [final]), chain.genesisHash];
}

/** The blocks after those known on the way to a target, in order; none if the target or the way is not here. */
export function answerBlocks(
  chain: ExchangedChain,
  target: BlockHash,
  known: readonly BlockHash[],
): readonly AnsweredBlock[] {
  const answer: AnsweredBlock[] = [];
  let size = 0;
  for (const hash of hashesBetween(chain, target, new Set(known.map(toHex)), known)) {
    const block = chain.find(hash);
    if (block === undefined) break;
    for (const extrinsic of block.extrinsics) size += extrinsic.length;
    if (answer.length > 0 && size > MAX_ANSWER_BYTES) break;
    const header = parentchainHeader.decode(block.header);
    answer.push({ header, extrinsics: block.extrinsics, justification: neededProof(chain, block) });
  }
  return answer;
}

/** The proof that a node needs to go on: of the block that ends a set, and of the newest final one. */
function neededProof(chain: ExchangedChain, { number, hash }: StoredBlock): Uint8Array | undefined {
  if (number > chain.finalizedNumber || chain.numberOf(hash) === undefined) return undefined;
  if (number === chain.finalizedNumber) return chain.finalProof() ?? chain.justification(number);
  const { lastBlock } = setOfBlock(chain.authorities, number);
  return lastBlock === number ? chain.justification(number) : undefined;
}

function hashesBetween(
  chain: ExchangedChain,
  target: BlockHash,
  known: ReadonlySet<Hex>,
  hashes: readonly BlockHash[],
): BlockHash[] {
  const above: BlockHash[] = [];
  const { root } = chain.tree;
  let last = chain.numberOf(target);
  const inTree = chain.tree.get(target);
  if (inTree !== undefined) {
    for (let at: TreeBlock | undefined = inTree; at !== undefined && at !== root; at = chain.tree.parentOf(at)) {
      if (known.has(toHex(at.hash))) return above.reverse().slice(0, MAX_BLOCKS_PER_ANSWER);
      above.push(at.hash);
    }
    last = root.number;
  }
  if (last === undefined) return [];
  const common = Math.max(-1, ...hashes.map((hash) => chain.numberOf(hash) ?? -1).filter((number) => number <= last));
  if (common < 0) return [];
  const below: BlockHash[] = [];
  for (let number = common + 1; number <= last && below.length < MAX_BLOCKS_PER_ANSWER; number++) {
    const hash = chain.hashOf(number);
    if (hash !== undefined) below.push(hash);
  }
  return [...below, ...above.reverse()].slice(0, MAX_BLOCKS_PER_ANSWER);
}

/** The proof with which a node goes on whose newest final block is `finalNumber`; `undefined` if there is none here. */
export function nextProof(chain: ExchangedChain, finalNumber: number): Uint8Array | undefined {
  if (finalNumber >= chain.finalizedNumber) return undefined;
  const { lastBlock } = setOfBlock(chain.authorities, finalNumber + 1);
  if (lastBlock === undefined || lastBlock >= chain.finalizedNumber) return chain.finalProof();
  return chain.justification(lastBlock);
}
