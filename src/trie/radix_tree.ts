/**
 * An immutable ordered map from byte strings (`byte_string.ts`) to values: a radix-16 tree whose versions share all
 * untouched nodes.
 *
 * @module
 */
import {
  childIndex,
  createLeaf,
  createNode,
  firstDifference,
  hasChild,
  nibbleAt,
  type RadixNode,
  textKeyOfNode,
  withStart,
} from "./radix_node.ts";

/** An immutable map; a copy is a reference. */
export interface RadixTree<V> {
  /** The top node; `undefined` if the map is empty. */
  readonly root: RadixNode<V> | undefined;
  /** Number of entries. */
  readonly size: number;
}

const EMPTY: RadixTree<never> = Object.freeze({ root: undefined, size: 0 });

/** The map without entries. */
export function emptyTree<V>(): RadixTree<V> {
  return EMPTY;
}

/** The value of a key, or `undefined`. */
export function treeGet<V>(tree: RadixTree<V>, key: string): V | undefined {
  const limit = 2 * key.length;
  let node = tree.root;
  while (node !== undefined) {
    if (node.end > limit || firstDifference(node.key, key, node.start, node.end) < node.end) return undefined;
    if (node.end === limit) return node.value;
    const nibble = nibbleAt(key, node.end);
    if (!hasChild(node.bitmap, nibble)) return undefined;
    node = node.children[childIndex(node.bitmap, nibble)];
  }
  return undefined;
}

/** The map with `key` set to `value`. Cost is O(length of the key). */
export function treeInsert<V>(tree: RadixTree<V>, key: string, value: V): RadixTree<V> {
  if (tree.root === undefined) return { root: createLeaf(key, 0, value), size: 1 };
  const isNew = treeGet(tree, key) === undefined;
  return { root: insertAt(tree.root, key, value), size: tree.size + (isNew ? 1 : 0) };
}

function insertAt<V>(node: RadixNode<V>, key: string, value: V): RadixNode<V> {
  const limit = 2 * key.length;
  const shared = firstDifference(node.key, key, node.start, Math.min(node.end, limit));
  if (shared < node.end) return splitAt(node, key, value, shared);
  if (node.end === limit) return createNode(key, node.start, node.end, value, node.bitmap, node.children);
  const nibble = nibbleAt(key, node.end);
  const index = childIndex(node.bitmap, nibble);
  const children = node.children.slice();
  if (hasChild(node.bitmap, nibble)) {
    children[index] = insertAt(node.children[index] as RadixNode<V>, key, value);
  } else {
    children.splice(index, 0, createLeaf(key, node.end + 1, value));
  }
  return createNode(node.key, node.start, node.end, node.value, node.bitmap | (1 << nibble), children);
}

function splitAt<V>(node: RadixNode<V>, key: string, value: V, at: number): RadixNode<V> {
  const lower = withStart(node, at + 1);
  const lowerNibble = nibbleAt(node.key, at);
  if (at === 2 * key.length) return createNode(key, node.start, at, value, 1 << lowerNibble, [lower]);
  const leaf = createLeaf(key, at + 1, value);
  const leafNibble = nibbleAt(key, at);
  const children = lowerNibble < leafNibble ? [lower, leaf] : [leaf, lower];
  return createNode<V>(key, node.start, at, undefined, (1 << lowerNibble) | (1 << leafNibble), children);
}

/** The map without `key`; the same map if it has no such key. */
export function treeRemove<V>(tree: RadixTree<V>, key: string): RadixTree<V> {
  if (tree.root === undefined) return tree;
  const root = removeAt(tree.root, key);
  if (root === tree.root) return tree;
  return root === undefined ? EMPTY : { root, size: tree.size - 1 };
}

function removeAt<V>(node: RadixNode<V>, key: string): RadixNode<V> | undefined {
  const limit = 2 * key.length;
  if (node.end > limit || firstDifference(node.key, key, node.start, node.end) < node.end) return node;
  if (node.end === limit) {
    return node.value === undefined ? node : rejoin(node, undefined, node.bitmap, node.children);
  }
  const nibble = nibbleAt(key, node.end);
  if (!hasChild(node.bitmap, nibble)) return node;
  const index = childIndex(node.bitmap, nibble);
  const child = removeAt(node.children[index] as RadixNode<V>, key);
  if (child === node.children[index]) return node;
  const children = node.children.slice();
  if (child !== undefined) {
    children[index] = child;
    return createNode(node.key, node.start, node.end, node.value, node.bitmap, children);
  }
  children.splice(index, 1);
  return rejoin(node, node.value, node.bitmap & ~(1 << nibble), children);
}

/** A node with new contents; without value and with at most one child it melts into that child. */
function rejoin<V>(
  node: RadixNode<V>,
  value: V | undefined,
  bitmap: number,
  children: readonly RadixNode<V>[],
): RadixNode<V> | undefined {
  if (value === undefined && children.length < 2) {
    const only = children[0];
    return only === undefined ? undefined : withStart(only, node.start);
  }
  return createNode(node.key, node.start, node.end, value, bitmap, children);
}

/**
 * Builds a map of many entries at once: about ten times as fast as inserting them. Of equal keys the last one wins.
 */
export function treeFromEntries<V>(entries: Iterable<readonly [key: string, value: V]>): RadixTree<V> {
  const sorted = [...entries];
  let isSorted = true;
  for (let i = 1; i < sorted.length && isSorted; i++) {
    isSorted = (sorted[i - 1] as [string, V])[0] < (sorted[i] as [string, V])[0];
  }
  if (isSorted) return treeFromSorted(sorted);
  sorted.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return treeFromSorted(sorted.filter((entry, i) => {
    const next = sorted[i + 1];
    return next === undefined || entry[0] !== next[0];
  }));
}

function treeFromSorted<V>(sorted: readonly (readonly [key: string, value: V])[]): RadixTree<V> {
  if (sorted.length === 0) return EMPTY;
  return { root: buildRange(sorted, 0, sorted.length, 0), size: sorted.length };
}

function buildRange<V>(
  sorted: readonly (readonly [key: string, value: V])[],
  from: number,
  to: number,
  start: number,
): RadixNode<V> {
  const [key, firstValue] = sorted[from] as readonly [string, V];
  if (to - from === 1) return createLeaf(key, start, firstValue);
  const [last] = sorted[to - 1] as readonly [string, V];
  const end = firstDifference(key, last, start, 2 * Math.min(key.length, last.length));
  const hasValue = 2 * key.length === end;
  const children: RadixNode<V>[] = [];
  let bitmap = 0;
  let begin = hasValue ? from + 1 : from;
  while (begin < to) {
    const nibble = nibbleAt((sorted[begin] as readonly [string, V])[0], end);
    let stop = begin + 1;
    while (stop < to && nibbleAt((sorted[stop] as readonly [string, V])[0], end) === nibble) stop++;
    children.push(buildRange(sorted, begin, stop, end + 1));
    bitmap |= 1 << nibble;
    begin = stop;
  }
  return createNode(key, start, end, hasValue ? firstValue : undefined, bitmap, children);
}

/**
 * The entries whose key begins with `prefix`, in ascending order of keys.
 *
 * @param after If given, only entries with a greater key (to go on where a page ended).
 */
export function* treeEntries<V>(
  tree: RadixTree<V>,
  prefix = "",
  after?: string,
): Generator<readonly [key: string, value: V], void, undefined> {
  const top = findPrefix(tree.root, prefix);
  if (top === undefined) return;
  const pending = after === undefined ? [top] : nodesAfter(top, after);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (let i = node.children.length - 1; i >= 0; i--) pending.push(node.children[i] as RadixNode<V>);
    if (node.value !== undefined) yield [textKeyOfNode(node), node.value];
  }
}

/** The node below which are all keys with the prefix and no others. */
function findPrefix<V>(root: RadixNode<V> | undefined, prefix: string): RadixNode<V> | undefined {
  const limit = 2 * prefix.length;
  let node = root;
  while (node !== undefined) {
    const end = Math.min(node.end, limit);
    if (firstDifference(node.key, prefix, node.start, end) < end) return undefined;
    if (node.end >= limit) return node;
    const nibble = nibbleAt(prefix, node.end);
    if (!hasChild(node.bitmap, nibble)) return undefined;
    node = node.children[childIndex(node.bitmap, nibble)];
  }
  return undefined;
}

/** The largest subtrees of `top` with all keys above `after`, the one with the lowest keys last. */
function nodesAfter<V>(top: RadixNode<V>, after: string): RadixNode<V>[] {
  const limit = 2 * after.length;
  const pending: RadixNode<V>[] = [];
  let node: RadixNode<V> | undefined = top;
  let from = 0;
  while (node !== undefined) {
    const end = Math.min(node.end, limit);
    const at = firstDifference(node.key, after, from, end);
    if (at < end) {
      if (nibbleAt(node.key, at) > nibbleAt(after, at)) pending.push(node);
      return pending;
    }
    if (node.end > limit) {
      pending.push(node);
      return pending;
    }
    const nibble: number = node.end === limit ? -1 : nibbleAt(after, node.end);
    const greater: number = nibble < 0 ? 0 : childIndex(node.bitmap, nibble) + (hasChild(node.bitmap, nibble) ? 1 : 0);
    for (let i = node.children.length - 1; i >= greater; i--) pending.push(node.children[i] as RadixNode<V>);
    if (nibble < 0 || !hasChild(node.bitmap, nibble)) return pending;
    from = node.end;
    node = node.children[greater - 1];
  }
  return pending;
}
