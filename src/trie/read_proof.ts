/**
 * Read proofs of a trie, as `state_getReadProof` gives them: the nodes between the root and the keys asked for.
 *
 * @module
 */
import { blake2_256 } from "../crypto/blake2.ts";
import { toByteString } from "./byte_string.ts";
import { encodingOf, isHashed, type MerkleRules, refOf } from "./merkle.ts";
import { HASH_LENGTH } from "./node_codec.ts";
import { childIndex, firstDifference, hasChild, nibbleAt } from "./radix_node.ts";
import type { RadixTree } from "./radix_tree.ts";
import { rulesOf, type Trie } from "./trie.ts";
import type { TrieVersion } from "./trie_version.ts";

/** The nodes that show the values, or the absence, of `keys`; each node stands once, the root first. */
export function trieReadProof(trie: Trie, keys: readonly Uint8Array[], version: TrieVersion): Uint8Array[] {
  return treeReadProof(trie, keys, rulesOf(version));
}

/** {@linkcode trieReadProof} for a tree of any values. */
export function treeReadProof<V>(
  tree: RadixTree<V>,
  keys: readonly Uint8Array[],
  rules: MerkleRules<V>,
): Uint8Array[] {
  const nodes = new Map<string, Uint8Array>();
  for (const key of keys) collectNodes(tree, toByteString(key), rules, nodes);
  return [...nodes.values()];
}

function collectNodes<V>(
  tree: RadixTree<V>,
  key: string,
  rules: MerkleRules<V>,
  nodes: Map<string, Uint8Array>,
): void {
  const limit = 2 * key.length;
  for (let node = tree.root; node !== undefined;) {
    const ref = refOf(node, rules);
    if (ref.length === HASH_LENGTH || node === tree.root) {
      if (!nodes.has(ref)) nodes.set(ref, encodingOf(node, rules).slice());
    }
    if (node.end > limit || firstDifference(node.key, key, node.start, node.end) < node.end) return;
    if (node.end === limit) {
      const value = node.value === undefined ? undefined : rules.bytesOf(node.value);
      if (value !== undefined && isHashed(value, rules.version)) nodes.set(toByteString(blake2_256(value)), value);
      return;
    }
    const nibble = nibbleAt(key, node.end);
    if (!hasChild(node.bitmap, nibble)) return;
    node = node.children[childIndex(node.bitmap, nibble)];
  }
}
