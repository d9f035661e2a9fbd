/**
 * Where the chain keeps its blocks and states, and the store in memory.
 *
 * @module
 */
import { toHex } from "../primitives/hex.ts";
import type { StateChange } from "./state_diff.ts";

/** A block as it is kept. */
export interface StoredBlock {
  readonly number: number;
  /** Blake2-256 hash of the header. */
  readonly hash: Uint8Array;
  /** SCALE-encoded header, seal included. */
  readonly header: Uint8Array;
  /** Extrinsics with their length prefixes. */
  readonly extrinsics: readonly Uint8Array[];
}

/** A proof of finality as it is kept. */
export interface StoredJustification {
  /** Number of the block it is for. */
  readonly number: number;
  /** SCALE-encoded GRANDPA justification. */
  readonly bytes: Uint8Array;
}

/** All that becomes durable together with one block. */
export interface BlockCommit {
  readonly block: StoredBlock;
  /** What the block changed in the state. */
  readonly changes: readonly StateChange[];
  /** Values kept by name, such as the sets of voters. */
  readonly meta: Readonly<Record<string, Uint8Array>>;
  /** Changes of blocks up to this number can be folded into the base state. */
  readonly foldUpTo: number;
}

/** A change of the chain to another fork, durable as a whole or not at all. */
export interface ForkSwitch {
  /** The newest block that both forks have; those above it become side blocks. */
  readonly above: number;
  /** The blocks of the other fork in order; side blocks among them are so no more. */
  readonly blocks: readonly Omit<BlockCommit, "meta" | "foldUpTo">[];
  /** Values kept by name. */
  readonly meta: Readonly<Record<string, Uint8Array>>;
}

/** All that becomes durable together when blocks become final. */
export interface FinalityCommit {
  readonly justifications: readonly StoredJustification[];
  /** Values kept by name, such as the number of the last final block. */
  readonly meta: Readonly<Record<string, Uint8Array>>;
  /** Hashes of side blocks that can never be final now. */
  readonly droppedSides?: readonly Uint8Array[];
}

/** The newest states: a base and what each block after it changed. */
export interface StoredStates {
  readonly baseNumber: number;
  readonly base: Iterable<readonly [key: Uint8Array, value: Uint8Array]>;
  /** For each block above the base, in order. */
  readonly changes: readonly (readonly StateChange[])[];
}

/**
 * The store of one chain. Everything is synchronous, so that a block is durable before anybody is told of it.
 * States: open → closed; nothing may be called after `close`.
 */
export interface ChainStore {
  /** Makes a block durable, with all that belongs to it or nothing of it. Numbers must follow one another from 0. */
  readonly commit: (commit: BlockCommit) => void;
  /** Makes another fork the chain. */
  readonly switchFork: (fork: ForkSwitch) => void;
  /** Makes a block durable that is not on the chain. */
  readonly keepSide: (block: StoredBlock) => void;
  /** Makes values durable that go with no block. */
  readonly save: (meta: Readonly<Record<string, Uint8Array>>) => void;
  /** Makes proofs of finality durable. */
  readonly finalize: (commit: FinalityCommit) => void;
  /** The number of the newest block; `undefined` before block 0 is there. */
  readonly headNumber: () => number | undefined;
  /** A block by its number. */
  readonly block: (number: number) => StoredBlock | undefined;
  /** A block that is not on the chain, by its hash. */
  readonly side: (hash: Uint8Array) => StoredBlock | undefined;
  /** All blocks that are not on the chain, in ascending order of numbers. */
  readonly sides: () => readonly StoredBlock[];
  /** The hash of a block by its number. */
  readonly hashOf: (number: number) => Uint8Array | undefined;
  /** The number of a block by its hash. */
  readonly numberOf: (hash: Uint8Array) => number | undefined;
  /** The justification kept for exactly this block. */
  readonly justification: (number: number) => Uint8Array | undefined;
  /** The newest justification for a block from `from` to `to`, both included. */
  readonly newestJustification: (from: number, to: number) => StoredJustification | undefined;
  /** A value kept by name. */
  readonly meta: (name: string) => Uint8Array | undefined;
  /** The states to begin with; `undefined` before block 0 is there. */
  readonly loadStates: () => StoredStates | undefined;
  readonly close: () => void;
}

/** A store that lasts as long as the process; it keeps no states, since nobody will load them. */
export function createMemoryStore(): ChainStore {
  const blocks: StoredBlock[] = [];
  const numbers = new Map<string, number>();
  const sides = new Map<string, StoredBlock>();
  const justifications = new Map<number, Uint8Array>();
  const named = new Map<string, Uint8Array>();
  const save = (meta: Readonly<Record<string, Uint8Array>>) => {
    for (const [name, value] of Object.entries(meta)) named.set(name, value);
  };
  const assertNext = (number: number, want: number) => {
    if (number !== want) throw new RangeError(`Cannot store block ${number}: want ${want}`);
  };
  const append = (block: StoredBlock) => {
    blocks.push(block);
    numbers.set(toHex(block.hash), block.number);
    sides.delete(toHex(block.hash));
  };
  return {
    commit: ({ block, meta }) => {
      assertNext(block.number, blocks.length);
      append(block);
      save(meta);
    },
    switchFork: ({ above, blocks: enacted, meta }) => {
      for (const [i, { block }] of enacted.entries()) assertNext(block.number, above + 1 + i);
      for (const retracted of blocks.splice(above + 1)) {
        numbers.delete(toHex(retracted.hash));
        sides.set(toHex(retracted.hash), retracted);
      }
      for (const { block } of enacted) append(block);
      save(meta);
    },
    keepSide: (block) => void sides.set(toHex(block.hash), block),
    save,
    finalize: ({ justifications: proofs, meta, droppedSides = [] }) => {
      for (const { number, bytes } of proofs) justifications.set(number, bytes);
      for (const hash of droppedSides) sides.delete(toHex(hash));
      save(meta);
    },
    headNumber: () => blocks.length === 0 ? undefined : blocks.length - 1,
    block: (number) => blocks[number],
    side: (hash) => sides.get(toHex(hash)),
    sides: () => [...sides.values()].sort((a, b) => a.number - b.number),
    hashOf: (number) => blocks[number]?.hash,
    numberOf: (hash) => numbers.get(toHex(hash)),
    justification: (number) => justifications.get(number),
    newestJustification: (from, to) => {
      for (let number = to; number >= from; number--) {
        const bytes = justifications.get(number);
        if (bytes !== undefined) return { number, bytes };
      }
      return undefined;
    },
    meta: (name) => named.get(name),
    loadStates: () => undefined,
    close: () => {},
  };
}
