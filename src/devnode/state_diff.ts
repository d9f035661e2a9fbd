/**
 * What a block changed: the difference of two versions of a trie, found in time proportional to it because versions
 * share what they have in common.
 *
 * @module
 */
import { compareBytes, equalBytes } from "../primitives/bytes.ts";
import { childIndex, firstDifference, hasChild, keyOfNode, nibbleAt, type RadixNode } from "../trie/radix_node.ts";
import type { Trie } from "../trie/trie.ts";

/** One key with its new value; `undefined` if it was removed. */
export interface StateChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

type Node = RadixNode<Uint8Array>;

/** The changes that lead from one version to another, in ascending order of keys. */
export function diffStates(from: Trie, to: Trie): StateChange[] {
  const changes: StateChange[] = [];
  compareNodes(from.root, to.root, 0, changes);
  return changes.sort((a, b) => compareBytes(a.key, b.key));
}

/** Compares two subtrees that agree in the nibbles before `start`. */
function compareNodes(a: Node | undefined, b: Node | undefined, start: number, changes: StateChange[]): void {
  if (a === b) return;
  if (a === undefined || b === undefined) {
    if (a !== undefined) collect(a, false, changes);
    if (b !== undefined) collect(b, true, changes);
    return;
  }
  const shorter = Math.min(a.end, b.end);
  if (firstDifference(a.key, b.key, start, shorter) < shorter) {
    collect(a, false, changes);
    collect(b, true, changes);
  } else if (a.end === b.end) {
    compareContents(a, b, changes);
  } else if (a.end < b.end) {
    compareBelow(a, b, false, changes);
  } else {
    compareBelow(b, a, true, changes);
  }
}

function compareContents(a: Node, b: Node, changes: StateChange[]): void {
  if (b.value === undefined) {
    if (a.value !== undefined) changes.push({ key: keyOfNode(a), value: undefined });
  } else if (a.value === undefined || !equalBytes(a.value, b.value)) {
    changes.push({ key: keyOfNode(b), value: b.value });
  }
  if (a.children === b.children) return;
  for (let nibble = 0; nibble < 16; nibble++) {
    compareNodes(childOf(a, nibble), childOf(b, nibble), a.end + 1, changes);
  }
}

/** Compares a node with one that can only be below it; `isUpperNew` says which of them is of the newer version. */
function compareBelow(upper: Node, lower: Node, isUpperNew: boolean, changes: StateChange[]): void {
  if (upper.value !== undefined) {
    changes.push({ key: keyOfNode(upper), value: isUpperNew ? upper.value : undefined });
  }
  const way = nibbleAt(lower.key, upper.end);
  for (let nibble = 0; nibble < 16; nibble++) {
    const child = childOf(upper, nibble);
    const other = nibble === way ? lower : undefined;
    if (isUpperNew) compareNodes(other, child, upper.end + 1, changes);
    else compareNodes(child, other, upper.end + 1, changes);
  }
}

function childOf(node: Node, nibble: number): Node | undefined {
  return hasChild(node.bitmap, nibble) ? node.children[childIndex(node.bitmap, nibble)] : undefined;
}

function collect(node: Node, isNew: boolean, changes: StateChange[]): void {
  if (node.value !== undefined) changes.push({ key: keyOfNode(node), value: isNew ? node.value : undefined });
  for (const child of node.children) collect(child, isNew, changes);
}
