/**
 * The blocks since the last confirmed one, as references, and the choice between forks. A rollback is a switch of the
 * head: each block has the state it leads to.
 *
 * Differs: fork choice and rollback are new.
 *
 * @module
 */
import type { BlockHash } from "../primitives/branded.ts";
import { compareBytes, equalBytes } from "../primitives/bytes.ts";
import { toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { LightHeader } from "../types/light_header.ts";
import type { SidechainBlockConfirmation } from "../types/sidechain_block_confirmation.ts";
import type { ChainBlock, ChainPoint } from "./chain_block.ts";
import type { KnownBlocks } from "./verify.ts";

/** From this many unconfirmed blocks on authors take no more calls and few of their turns: the log would grow without bound. */
export const MAX_UNCONFIRMED_BLOCKS = 20_000n;
/**
 * Most blocks off the best chain, beside those of {@linkcode MAX_FORK_BRANCHES} branches as long as the best one; beyond it the
 * ones furthest behind go, so that an author cannot fill the memory.
 */
export const MAX_FORK_BLOCKS = 1024;
/** Branches that have room however long they are: what was authored in a partition of four parts can be compared as a whole. */
export const MAX_FORK_BRANCHES = 3;
/** Headers of confirmed blocks kept for light clients: eight answers of the largest size, about two megabytes. */
export const MAX_CONFIRMED_HEADERS = 4096;

/** What a change of the chain did to its best branch. */
export interface ChainSwitch {
  /** Blocks that are no longer in the best branch, newest first; their calls go back to the pool. */
  readonly retracted: readonly ChainBlock[];
  /** Blocks that are new in the best branch, oldest first. */
  readonly enacted: readonly ChainBlock[];
}

/** Why a confirmation cannot be followed; authoring stops. */
export interface ConfirmError {
  /** The parentchain confirmed a block that is not here. */
  readonly code: "ConfirmedBlockUnavailable";
  readonly confirmation: SidechainBlockConfirmation;
}

/** The tree of blocks since the last confirmed one. */
export class SidechainChain implements KnownBlocks {
  #base: ChainPoint;
  /** All blocks above the base, by hash. */
  readonly #blocks = new Map<string, ChainBlock>();
  /** The best branch, from the base's child to the head. */
  #best: ChainBlock[] = [];
  /** Headers of the newest confirmed blocks, ascending. */
  #confirmedHeaders: LightHeader[] = [];

  /** Begins at the newest confirmed block, or before the first block. */
  constructor(base: ChainPoint) {
    this.#base = base;
  }

  /** The newest confirmed block, or the position before the first block. */
  get base(): ChainPoint {
    return this.#base;
  }

  /** The block to build on. */
  get head(): ChainPoint {
    return this.#best[this.#best.length - 1] ?? this.#base;
  }

  /** Whether authors may still take calls, see {@linkcode MAX_UNCONFIRMED_BLOCKS}. */
  get mayTakeCalls(): boolean {
    return this.head.number - this.#base.number < MAX_UNCONFIRMED_BLOCKS;
  }

  /** Number of blocks that are not in the best branch. */
  get forkBlocks(): number {
    return this.#blocks.size - this.#best.length;
  }

  /** A block above the base, or the base itself. */
  get(hash: BlockHash): ChainPoint | undefined {
    return equalBytes(hash, this.#base.hash) ? this.#base : this.#blocks.get(toHex(hash));
  }

  /** The block of a number in the best branch above the base. */
  at(blockNumber: bigint): ChainBlock | undefined {
    return this.#best[Number(blockNumber - this.#base.number - 1n)];
  }

  /** The best branch from the head down, without the base. */
  *ancestors(): Generator<ChainBlock, void, undefined> {
    for (let i = this.#best.length - 1; i >= 0; i--) yield this.#best[i] as ChainBlock;
  }

  /** All blocks above the base, of all branches, in the order in which they came. */
  blocks(): IterableIterator<ChainBlock> {
    return this.#blocks.values();
  }

  /**
   * Adds a block that is verified, or made and stored here, and chooses the head.
   *
   * @throws {RangeError} If its parent is not here or the block is here already.
   */
  insert(block: ChainBlock): ChainSwitch {
    const parent = this.get(block.header.parentHash);
    if (parent === undefined || parent.number + 1n !== block.number || this.get(block.hash) !== undefined) {
      throw new RangeError(`Cannot insert block ${block.number}: want a new child of a known block`);
    }
    this.#blocks.set(toHex(block.hash), block);
    const change = isBetter(block, this.head) ? this.#switchTo(block) : { retracted: [], enacted: [] };
    this.#boundForks();
    return change;
  }

  /**
   * Moves the base to the block that the parentchain confirmed; all that does not descend from it goes. An older
   * confirmation than the base's changes nothing.
   */
  confirm(confirmation: SidechainBlockConfirmation): Result<ChainSwitch, ConfirmError> {
    const { blockNumber, blockHeaderHash } = confirmation;
    if (blockNumber < this.#base.number) return ok({ retracted: [], enacted: [] });
    const block = this.get(blockHeaderHash);
    if (block === undefined || block.number !== blockNumber) {
      return err({ code: "ConfirmedBlockUnavailable", confirmation });
    }
    if (block === this.#base || block.type === "genesis") return ok({ retracted: [], enacted: [] });
    const oldBest = this.#best;
    const path = this.#pathTo(block);
    this.#rebase(block, path);
    this.#best = this.#pathTo(this.#bestLeaf());
    return ok(compareBranches(oldBest, [...path, ...this.#best]));
  }

  /** Takes blocks out that have lost their ground, with all that descends from them; the base stays. */
  drop(isLost: (block: ChainBlock) => boolean): ChainSwitch {
    const oldBest = this.#best;
    if (!this.#blocks.values().some(isLost)) return { retracted: [], enacted: [] };
    this.#keep((block) => !isLost(block));
    this.#best = this.#pathTo(this.#bestLeaf());
    return compareBranches(oldBest, this.#best);
  }

  /** Light headers of the best branch by ascending number, beginning at `from`, at most `max`. */
  lightHeaders(from: bigint, max: number): LightHeader[] {
    const headers: LightHeader[] = [];
    const oldest = this.#confirmedHeaders[0]?.header.blockNumber ?? this.#base.number + 1n;
    for (let number = from < oldest ? oldest : from; headers.length < max; number++) {
      const header = number <= this.#base.number
        ? this.#confirmedHeaders[Number(number - oldest)]
        : this.at(number)?.lightHeader;
      if (header === undefined) break;
      headers.push(header);
    }
    return headers;
  }

  #switchTo(block: ChainBlock): ChainSwitch {
    const oldBest = this.#best;
    if (equalBytes(block.header.parentHash, this.head.hash)) {
      oldBest.push(block);
      return { retracted: [], enacted: [block] };
    }
    this.#best = this.#pathTo(block);
    return compareBranches(oldBest, this.#best);
  }

  /** The blocks from the base, without it, to `point`. */
  #pathTo(point: ChainPoint): ChainBlock[] {
    const path: ChainBlock[] = [];
    for (
      let block: ChainPoint | undefined = point;
      block !== undefined && block.type === "block" && block !== this.#base;
    ) {
      path.push(block);
      block = this.get(block.header.parentHash);
    }
    return path.reverse();
  }

  #rebase(base: ChainBlock, path: readonly ChainBlock[]): void {
    this.#confirmedHeaders.push(...path.map(({ lightHeader }) => lightHeader));
    this.#confirmedHeaders = this.#confirmedHeaders.slice(-MAX_CONFIRMED_HEADERS);
    this.#base = base;
    this.#keep(({ number }) => number > base.number);
  }

  /** Keeps the blocks that are wanted and descend from the base through such. */
  #keep(isWanted: (block: ChainBlock) => boolean): void {
    const byNumber = [...this.#blocks.values()].sort((a, b) => Number(a.number - b.number));
    this.#blocks.clear();
    // By ascending number, a block's parent is decided before the block itself.
    for (const block of byNumber) {
      if (isWanted(block) && this.get(block.header.parentHash) !== undefined) {
        this.#blocks.set(toHex(block.hash), block);
      }
    }
  }

  #bestLeaf(): ChainPoint {
    let best = this.#base;
    for (const block of this.#blocks.values()) if (isBetter(block, best)) best = block;
    return best;
  }

  #boundForks(): void {
    while (this.forkBlocks > MAX_FORK_BLOCKS + MAX_FORK_BRANCHES * this.#best.length) {
      const parents = new Set<string>([...this.#blocks.values()].map(({ header }) => toHex(header.parentHash)));
      let furthest: ChainBlock | undefined;
      for (const [id, block] of this.#blocks) {
        if (block === this.head || parents.has(id)) continue;
        if (furthest === undefined || isBetter(furthest, block)) furthest = block;
      }
      if (furthest === undefined) return;
      this.#blocks.delete(toHex(furthest.hash));
    }
  }
}

/**
 * Whether `a` wins over `b`: more slots filled since the last confirmed block, that is, a higher number, since both
 * descend from it and each block fills one slot; ties by lower hash.
 */
export function isBetter(a: ChainPoint, b: ChainPoint): boolean {
  return a.number !== b.number ? a.number > b.number : compareBytes(a.hash, b.hash) < 0;
}

function compareBranches(before: readonly ChainBlock[], after: readonly ChainBlock[]): ChainSwitch {
  let shared = 0;
  while (shared < before.length && before[shared] === after[shared]) shared++;
  return { retracted: before.slice(shared).reverse(), enacted: after.slice(shared) };
}
