/**
 * Node of the immutable radix-16 tree that both the Substrate trie and the ordered state index are made of.
 *
 * A node does not own its partial path: it points at the key of some entry below it and says which nibbles of that key
 * are its own. So a split or a merge makes one small object and copies no bytes. Keys are texts of one character a byte,
 * see `byte_string.ts`.
 *
 * @module
 */
import { fromByteString } from "./byte_string.ts";

/** A node; never changed after it is made, but for the two fields of the hash cache. */
export interface RadixNode<V> {
  /** Key of an entry at or below this node; only nibbles before `end` are meaningful. */
  readonly key: string;
  /** First nibble of the node's partial path. */
  readonly start: number;
  /** Nibble after the node's partial path; the value here belongs to the key of the first `end` nibbles. */
  readonly end: number;
  /** The value of the key that ends here. */
  readonly value: V | undefined;
  /** Bit n is set if there is a child for nibble n. */
  readonly bitmap: number;
  /** The children by ascending nibble, without gaps. */
  readonly children: readonly RadixNode<V>[];
  /** Cache: the encoded node if shorter than 32 bytes, else its hash. */
  ref: string | undefined;
  /** Trie version under which `ref` was computed. */
  refVersion: number;
}

/** The children of a leaf. */
export const NO_CHILDREN: readonly never[] = Object.freeze([]);

/** Makes a node with an empty cache. */
export function createNode<V>(
  key: string,
  start: number,
  end: number,
  value: V | undefined,
  bitmap: number,
  children: readonly RadixNode<V>[],
): RadixNode<V> {
  return { key, start, end, value, bitmap, children, ref: undefined, refVersion: 0 };
}

/** Makes a leaf for the rest of `key` from nibble `start`. */
export function createLeaf<V>(key: string, start: number, value: V): RadixNode<V> {
  return createNode(key, start, 2 * key.length, value, 0, NO_CHILDREN);
}

/** The same node with a partial path that begins elsewhere on its key. */
export function withStart<V>(node: RadixNode<V>, start: number): RadixNode<V> {
  return createNode(node.key, start, node.end, node.value, node.bitmap, node.children);
}

/** The nibble of a key at a position, high nibble of a byte first. */
export function nibbleAt(key: string, position: number): number {
  const byte = key.charCodeAt(position >> 1);
  return (position & 1) === 0 ? byte >> 4 : byte & 15;
}

/** First nibble in `[from, to)` at which the keys differ, or `to`. */
export function firstDifference(a: string, b: string, from: number, to: number): number {
  let position = from;
  if ((position & 1) === 1 && position < to) {
    if (nibbleAt(a, position) !== nibbleAt(b, position)) return position;
    position++;
  }
  while (position + 1 < to && a.charCodeAt(position >> 1) === b.charCodeAt(position >> 1)) position += 2;
  while (position < to && nibbleAt(a, position) === nibbleAt(b, position)) position++;
  return position;
}

/** How many of the 16 bits are set. */
export function countBits(bitmap: number): number {
  let bits = bitmap - ((bitmap >> 1) & 0x5555);
  bits = (bits & 0x3333) + ((bits >> 2) & 0x3333);
  bits = (bits + (bits >> 4)) & 0x0f0f;
  return (bits + (bits >> 8)) & 0x1f;
}

/** Index in `children` at which the child for a nibble is, or would be inserted. */
export function childIndex(bitmap: number, nibble: number): number {
  return countBits(bitmap & ((1 << nibble) - 1));
}

/** Whether there is a child for a nibble. */
export function hasChild(bitmap: number, nibble: number): boolean {
  return (bitmap & (1 << nibble)) !== 0;
}

/** The full key, as text, of the entry whose value stands in this node. */
export function textKeyOfNode<V>(node: RadixNode<V>): string {
  return 2 * node.key.length === node.end ? node.key : node.key.slice(0, node.end >> 1);
}

/** The full key of the entry whose value stands in this node. */
export function keyOfNode<V>(node: RadixNode<V>): Uint8Array {
  return fromByteString(node.key, 0, node.end >> 1);
}
