/**
 * Substrate's base-16 trie as an immutable structure: every version of it is a value, versions share what they have in
 * common, and a copy is a reference.
 *
 * Values handed in belong to the trie afterwards and must not be changed.
 *
 * @module
 */
import type { H256 } from "../primitives/branded.ts";
import { compactU32 } from "../codec/codec.ts";
import { fromByteString, toByteString } from "./byte_string.ts";
import { computeRoot, type MerkleRules } from "./merkle.ts";
import {
  emptyTree,
  type RadixTree,
  treeEntries,
  treeFromEntries,
  treeGet,
  treeInsert,
  treeRemove,
} from "./radix_tree.ts";
import type { TrieVersion } from "./trie_version.ts";

/** A trie of byte values; `size` is its number of entries. */
export type Trie = RadixTree<Uint8Array>;

const RULES: readonly [MerkleRules<Uint8Array>, MerkleRules<Uint8Array>] = [
  { version: 0, bytesOf: (value) => value },
  { version: 1, bytesOf: (value) => value },
];

/** How tries of byte values are hashed in a version. */
export function rulesOf(version: TrieVersion): MerkleRules<Uint8Array> {
  return RULES[version];
}

/** The trie without entries. */
export function emptyTrie(): Trie {
  return emptyTree();
}

/** The value of a key, or `undefined`; an empty value is a value. */
export function trieGet(trie: Trie, key: Uint8Array): Uint8Array | undefined {
  return treeGet(trie, toByteString(key));
}

/** The trie with `key` set to `value`. */
export function trieInsert(trie: Trie, key: Uint8Array, value: Uint8Array): Trie {
  return treeInsert(trie, toByteString(key), value);
}

/** The trie without `key`; the same trie if it has no such key. */
export function trieRemove(trie: Trie, key: Uint8Array): Trie {
  return treeRemove(trie, toByteString(key));
}

/** Builds a trie of many entries at once, in any order; of equal keys the last one wins. */
export function trieFromEntries(entries: Iterable<readonly [key: Uint8Array, value: Uint8Array]>): Trie {
  const texts: (readonly [string, Uint8Array])[] = [];
  for (const [key, value] of entries) texts.push([toByteString(key), value]);
  return treeFromEntries(texts);
}

/**
 * The entries whose key begins with `prefix` (default: all), in ascending order of keys.
 *
 * @param after If given, only entries with a greater key, as `state_getKeysPaged` wants it.
 */
export function* trieEntries(
  trie: Trie,
  prefix?: Uint8Array,
  after?: Uint8Array,
): Generator<readonly [key: Uint8Array, value: Uint8Array], void, undefined> {
  const entries = treeEntries(trie, prefix && toByteString(prefix), after && toByteString(after));
  for (const [key, value] of entries) yield [fromByteString(key), value];
}

/** The root hash; kept in the nodes, so that a second call and a call after small changes are cheap. */
export function trieRoot(trie: Trie, version: TrieVersion): H256 {
  return computeRoot(trie, RULES[version]);
}

/**
 * Root of a list: the keys are the SCALE compact indexes. The extrinsics root is this with version 0 while the
 * runtime's `system_version` is at most 1, and with version 1 from 2 on.
 *
 * Source: polkadot-sdk `substrate/primitives/trie/src/lib.rs#LayoutV0::ordered_trie_root`
 */
export function computeOrderedRoot(items: readonly Uint8Array[], version: TrieVersion): H256 {
  return trieRoot(trieFromEntries(items.map((item, index) => [compactU32.encode(index), item] as const)), version);
}
