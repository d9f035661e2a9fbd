/**
 * The blocks above the newest final one, as a tree: whatever may still become final.
 *
 * @module
 */
import type { ParentchainHeader } from "../parentchain/header.ts";
import type { BlockHash } from "../primitives/branded.ts";
import { compareBytes } from "../primitives/bytes.ts";
import { type Hex, toHex } from "../primitives/hex.ts";
import type { Trie } from "../trie/trie.ts";
import type { AuthorityHistory } from "./authority_history.ts";

/** A block with the state that it left. */
export interface TreeBlock {
  readonly number: number;
  readonly hash: BlockHash;
  readonly header: ParentchainHeader;
  readonly state: Trie;
  /** Every set of voters on the way from genesis to this block, its own announcement included. */
  readonly authorities: AuthorityHistory;
}

/** The way from one block to another. */
export interface TreePath {
  /** Blocks to leave, newest first. */
  readonly retracted: readonly TreeBlock[];
  /** Blocks to come to, oldest first. */
  readonly enacted: readonly TreeBlock[];
}

/**
 * Whether `a` is a better head than `b`: more blocks, then the lower hash, so that all nodes choose the same.
 *
 * Differs: Substrate keeps the head that it saw first if both have the same number.
 */
export function isBetterHead(a: TreeBlock, b: TreeBlock): boolean {
  if (a.number !== b.number) return a.number > b.number;
  return compareBytes(a.hash, b.hash) < 0;
}

/** The tree; its root is the newest final block, or the oldest one whose state is there. */
export class BlockTree {
  readonly #blocks = new Map<Hex, TreeBlock>();
  readonly #children = new Map<Hex, TreeBlock[]>();
  readonly #leaves = new Map<Hex, TreeBlock>();
  #root: TreeBlock;

  /** Makes a tree of one block. */
  constructor(root: TreeBlock) {
    this.#root = root;
    this.#blocks.set(toHex(root.hash), root);
    this.#leaves.set(toHex(root.hash), root);
  }

  /** The block from which all others descend. */
  get root(): TreeBlock {
    return this.#root;
  }

  /** Number of blocks, the root included. */
  get size(): number {
    return this.#blocks.size;
  }

  /** Blocks without children. */
  get leaves(): readonly TreeBlock[] {
    return [...this.#leaves.values()];
  }

  /** A block by its hash. */
  get(hash: Uint8Array): TreeBlock | undefined {
    return this.#blocks.get(toHex(hash));
  }

  /** Adds a child. @throws {RangeError} If its parent is not here. */
  add(block: TreeBlock): void {
    const parent = toHex(block.header.parentHash);
    if (!this.#blocks.has(parent)) throw new RangeError(`Cannot add block ${block.number}: its parent is not here`);
    const hash = toHex(block.hash);
    this.#blocks.set(hash, block);
    this.#leaves.delete(parent);
    this.#leaves.set(hash, block);
    this.#children.set(parent, [...(this.#children.get(parent) ?? []), block]);
  }

  /** Takes a leaf out again. @throws {RangeError} If it has children or is the root. */
  remove(leaf: TreeBlock): void {
    const hash = toHex(leaf.hash);
    const parent = this.parentOf(leaf);
    if (parent === undefined || !this.#leaves.has(hash)) throw new RangeError("Cannot remove a block: it is no leaf");
    this.#forget(leaf);
    const siblings = (this.#children.get(toHex(parent.hash)) ?? []).filter((child) => child !== leaf);
    if (siblings.length > 0) this.#children.set(toHex(parent.hash), siblings);
    else {
      this.#children.delete(toHex(parent.hash));
      this.#leaves.set(toHex(parent.hash), parent);
    }
  }

  /** The parent of a block; `undefined` for the root. */
  parentOf(block: TreeBlock): TreeBlock | undefined {
    return block === this.#root ? undefined : this.get(block.header.parentHash);
  }

  /** The ancestor of a block with a number, or the block itself; `undefined` if it is below the root. */
  ancestorAt(block: TreeBlock, number: number): TreeBlock | undefined {
    let at: TreeBlock | undefined = block;
    while (at !== undefined && at.number > number) at = this.parentOf(at);
    return at?.number === number ? at : undefined;
  }

  /** Whether a block is another or descends from it. */
  isDescendant(block: TreeBlock, ancestor: TreeBlock): boolean {
    return ancestor === this.#root || this.ancestorAt(block, ancestor.number) === ancestor;
  }

  /** The best head among a block and its descendants. */
  best(under: TreeBlock): TreeBlock {
    let best = under;
    for (const leaf of this.#leaves.values()) {
      if (isBetterHead(leaf, best) && this.isDescendant(leaf, under)) best = leaf;
    }
    return best;
  }

  /** The way from one block to another. */
  path(from: TreeBlock, to: TreeBlock): TreePath {
    const retracted: TreeBlock[] = [];
    const enacted: TreeBlock[] = [];
    let left: TreeBlock | undefined = from;
    let right: TreeBlock | undefined = to;
    while (left !== undefined && right !== undefined && left !== right) {
      if (left.number >= right.number) {
        retracted.push(left);
        left = this.parentOf(left);
      } else {
        enacted.push(right);
        right = this.parentOf(right);
      }
    }
    return { retracted, enacted: enacted.reverse() };
  }

  /** Makes a block the root; gives back what does not descend from it and is no ancestor of it. */
  prune(root: TreeBlock): TreeBlock[] {
    const dropped: TreeBlock[] = [];
    let kept: TreeBlock = root;
    for (let at = this.parentOf(root); at !== undefined; kept = at, at = this.parentOf(at)) {
      for (const child of this.#children.get(toHex(at.hash)) ?? []) {
        if (child !== kept) this.#take(child, dropped);
      }
      this.#forget(at);
    }
    this.#root = root;
    return dropped;
  }

  #take(from: TreeBlock, taken: TreeBlock[]): void {
    const waiting = [from];
    for (let block = waiting.pop(); block !== undefined; block = waiting.pop()) {
      waiting.push(...(this.#children.get(toHex(block.hash)) ?? []));
      this.#forget(block);
      taken.push(block);
    }
  }

  #forget(block: TreeBlock): void {
    const hash = toHex(block.hash);
    this.#blocks.delete(hash);
    this.#children.delete(hash);
    this.#leaves.delete(hash);
  }
}
