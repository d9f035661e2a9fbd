/**
 * Hashes of a radix tree as Substrate's trie: computed when asked for, kept in the nodes, so that after a change only
 * the touched paths are hashed again.
 *
 * @module
 */
import { blake2_256 } from "../crypto/blake2.ts";
import { type H256, h256 } from "../primitives/branded.ts";
import { fromByteString, toByteString } from "./byte_string.ts";
import { type DecodedNode, EMPTY_NODE, encodeNode, HASH_LENGTH, HASHED_VALUE_THRESHOLD } from "./node_codec.ts";
import type { RadixNode } from "./radix_node.ts";
import type { RadixTree } from "./radix_tree.ts";
import type { TrieVersion } from "./trie_version.ts";

/** How a tree is committed to. */
export interface MerkleRules<V> {
  /** Layout of the nodes. */
  readonly version: TrieVersion;
  /** The bytes that stand for a value in the trie. */
  readonly bytesOf: (value: V) => Uint8Array;
}

/** Root of the trie without entries, in both versions. */
export function emptyRoot(): H256 {
  return h256(blake2_256(EMPTY_NODE));
}

/** The root hash of a tree. A tree is best used with one version only, since the cache holds one. */
export function computeRoot<V>(tree: RadixTree<V>, rules: MerkleRules<V>): H256 {
  if (tree.root === undefined) return emptyRoot();
  const ref = refOf(tree.root, rules);
  const bytes = fromByteString(ref);
  return h256(bytes.length === HASH_LENGTH ? bytes : blake2_256(bytes));
}

/** What stands for a node in its parent, as a byte string: the encoding if shorter than 32 bytes, else its hash. */
export function refOf<V>(node: RadixNode<V>, rules: MerkleRules<V>): string {
  if (node.ref !== undefined && node.refVersion === rules.version) return node.ref;
  const encoded = encodingOf(node, rules);
  node.ref = toByteString(encoded.length < HASH_LENGTH ? encoded : blake2_256(encoded));
  node.refVersion = rules.version;
  return node.ref;
}

/** The encoding of a node: a view that is valid until the next call. */
export function encodingOf<V>(node: RadixNode<V>, rules: MerkleRules<V>): Uint8Array {
  const children = node.children.map((child) => refOf(child, rules));
  return encodeNode(node.key, node.start, node.end, valueOf(node, rules), node.bitmap, children);
}

function valueOf<V>(node: RadixNode<V>, rules: MerkleRules<V>): DecodedNode["value"] {
  if (node.value === undefined) return undefined;
  const bytes = rules.bytesOf(node.value);
  return isHashed(bytes, rules.version) ? { type: "hashed", bytes: blake2_256(bytes) } : { type: "inline", bytes };
}

/** Whether a value is replaced by its hash. */
export function isHashed(value: Uint8Array, version: TrieVersion): boolean {
  return version === 1 && value.length >= HASHED_VALUE_THRESHOLD;
}
