/**
 * The newest states of the chain, as references to immutable tries.
 *
 * @module
 */
import { type Trie, trieFromEntries, trieInsert, trieRemove } from "../trie/trie.ts";
import type { StoredStates } from "./chain_store.ts";
import type { StateChange } from "./state_diff.ts";

/** States by block number; those further than `kept` below the newest are let go. */
export class StateHistory {
  readonly #kept: number;
  readonly #states = new Map<number, Trie>();

  /** Makes an empty history. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** Adds the state of the next block. */
  add(number: number, state: Trie): void {
    this.#states.set(number, state);
    this.#states.delete(number - this.#kept - 1);
  }

  /** Forgets the states above a block. */
  retract(above: number, newest: number): void {
    for (let number = above + 1; number <= newest; number++) this.#states.delete(number);
  }

  /** The state of a block, if it is still kept. */
  at(number: number): Trie | undefined {
    return this.#states.get(number);
  }
}

/** A state with changes applied. */
export function applyChanges(state: Trie, changes: readonly StateChange[]): Trie {
  let next = state;
  for (const { key, value } of changes) {
    next = value === undefined ? trieRemove(next, key) : trieInsert(next, key, value);
  }
  return next;
}

/** Rebuilds states from a store: the number and state of the base and of each block after it, in order. */
export function* replayStates(stored: StoredStates): Generator<readonly [number: number, state: Trie]> {
  let state = trieFromEntries(stored.base);
  let number = stored.baseNumber;
  yield [number, state];
  for (const changes of stored.changes) {
    state = applyChanges(state, changes);
    number++;
    yield [number, state];
  }
}
