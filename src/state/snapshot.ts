/**
 * One version of the private state. A snapshot is immutable: to keep one, keep a reference.
 *
 * @module
 */
import type { H256 } from "../primitives/branded.ts";
import { fromByteString, toByteString } from "../trie/byte_string.ts";
import { computeRoot, type MerkleRules } from "../trie/merkle.ts";
import { type RadixTree, treeEntries, treeFromEntries, treeGet, treeInsert, treeRemove } from "../trie/radix_tree.ts";
import type { StateReader } from "./kv_store.ts";
import { computeLeaf, computePath, type PackedEntry, saltOfEntry, valueOfEntry } from "./leaf.ts";

/** How the commitment trie is hashed: its values are leaves, as byte strings. */
export const COMMITMENT_RULES: MerkleRules<string> = { version: 1, bytesOf: (leaf) => fromByteString(leaf) };

/** Bytes an entry takes in a snapshot besides key, salt and value: lengths of up to two bytes each. */
const ENTRY_OVERHEAD = 4;

/** The leaf of an entry and where it stands, both as byte strings. */
export type Commitment = readonly [path: string, leaf: string];

/** One version of the state. */
export class StateSnapshot implements StateReader {
  /** Entries by storage key, for reading and ordered iteration. */
  readonly entries: RadixTree<PackedEntry>;
  /** The leaves of the same entries by hashed path, for the root. */
  readonly commitments: RadixTree<string>;
  /** About how many bytes the state takes when encoded; for metrics. */
  readonly encodedSize: number;

  private constructor(
    entries: RadixTree<PackedEntry>,
    commitments: RadixTree<string>,
    encodedSize: number,
  ) {
    this.entries = entries;
    this.commitments = commitments;
    this.encodedSize = encodedSize;
  }

  /** The state without entries. */
  static empty(): StateSnapshot {
    return EMPTY;
  }

  /** Builds the state of many entries at once, in any order of distinct storage keys (as byte strings). */
  static fromEntries(
    entries: readonly (readonly [key: string, entry: PackedEntry])[],
    commitments: readonly Commitment[],
  ): StateSnapshot {
    const size = entries.reduce((sum, [key, entry]) => sum + sizeOf(key, entry), 0);
    return new StateSnapshot(treeFromEntries(entries), treeFromEntries(commitments), size);
  }

  /** Number of entries. */
  get size(): number {
    return this.entries.size;
  }

  /** Root of the commitment trie; computed once per snapshot, from the touched paths only. */
  get root(): H256 {
    return computeRoot(this.commitments, COMMITMENT_RULES);
  }

  /** The value of a key, or `undefined`. */
  get(key: Uint8Array): Uint8Array | undefined {
    const entry = this.entry(key);
    return entry === undefined ? undefined : valueOfEntry(entry);
  }

  /** The salt and value of a key, or `undefined`. */
  entry(key: Uint8Array): PackedEntry | undefined {
    return treeGet(this.entries, toByteString(key));
  }

  /** The entries whose key begins with `prefix`, in ascending order of keys. */
  *iterate(prefix: Uint8Array): Generator<readonly [key: Uint8Array, value: Uint8Array], void, undefined> {
    for (const [key, entry] of treeEntries(this.entries, toByteString(prefix))) {
      yield [fromByteString(key), valueOfEntry(entry)];
    }
  }

  /** The state with a key set to a packed entry, or without it. */
  with(key: Uint8Array, entry: PackedEntry | undefined, pathKey: Uint8Array): StateSnapshot {
    const text = toByteString(key);
    const old = treeGet(this.entries, text);
    if (old === undefined && entry === undefined) return this;
    const size = this.encodedSize - (old === undefined ? 0 : sizeOf(text, old));
    if (entry === undefined) {
      return new StateSnapshot(
        treeRemove(this.entries, text),
        treeRemove(this.commitments, pathOf(pathKey, key)),
        size,
      );
    }
    return new StateSnapshot(
      treeInsert(this.entries, text, entry),
      treeInsert(this.commitments, ...commitmentOf(pathKey, key, saltOfEntry(entry), valueOfEntry(entry))),
      size + sizeOf(text, entry),
    );
  }
}

function pathOf(pathKey: Uint8Array, key: Uint8Array): string {
  return toByteString(computePath(pathKey, key));
}

/** What the commitment trie holds for an entry. */
export function commitmentOf(pathKey: Uint8Array, key: Uint8Array, salt: Uint8Array, value: Uint8Array): Commitment {
  return [pathOf(pathKey, key), toByteString(computeLeaf(key, salt, value))];
}

function sizeOf(key: string, entry: PackedEntry): number {
  return key.length + entry.length + ENTRY_OVERHEAD;
}

const EMPTY = StateSnapshot.fromEntries([], []);
