/**
 * Uncommitted changes over a version of the state, with nested transactions.
 *
 * @module
 */
import { compareBytes, startsWithBytes } from "../primitives/bytes.ts";
import type { Result } from "../primitives/result.ts";
import { toByteString } from "../trie/byte_string.ts";
import {
  MAX_STORAGE_KEY_BYTES,
  MAX_STORAGE_VALUE_BYTES,
  type StateReader,
  type TransactionalStore,
} from "./kv_store.ts";

/** A key that was written: its new value, or `undefined` if it was removed. */
export interface OverlayChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Changes by key as a byte string, because a Map compares byte arrays by identity. */
type Layer = Map<string, OverlayChange>;

/** Changes over `base`, which stays as it is. */
export class Overlay implements TransactionalStore {
  readonly #base: StateReader;
  readonly #layers: [Layer, ...Layer[]] = [new Map()];
  #changedBytes = 0;

  /** Begins without changes. */
  constructor(base: StateReader) {
    this.#base = base;
  }

  /** How many keys were written, outside of transactions still open. */
  get changedKeys(): number {
    return this.#layers[0].size;
  }

  /** Bytes of the keys and values written, outside of transactions still open. */
  get changedBytes(): number {
    return this.#changedBytes;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (key.length > MAX_STORAGE_KEY_BYTES) return undefined;
    const id = toByteString(key);
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const change = this.#layers[i]?.get(id);
      if (change !== undefined) return change.value;
    }
    return this.#base.get(key);
  }

  set(key: Uint8Array, value: Uint8Array): void {
    if (key.length > MAX_STORAGE_KEY_BYTES || value.length > MAX_STORAGE_VALUE_BYTES) {
      throw new RangeError(`Cannot store ${value.length} bytes under a key of ${key.length} bytes: too large`);
    }
    this.#put(toByteString(key), { key, value });
  }

  remove(key: Uint8Array): void {
    if (key.length <= MAX_STORAGE_KEY_BYTES) this.#put(toByteString(key), { key, value: undefined });
  }

  *iterate(prefix: Uint8Array): Generator<readonly [key: Uint8Array, value: Uint8Array], void, undefined> {
    const changes = this.#visibleChanges(prefix);
    let next = 0;
    for (const entry of this.#base.iterate(prefix)) {
      let change = changes[next];
      while (change !== undefined && compareBytes(change.key, entry[0]) < 0) {
        if (change.value !== undefined) yield [change.key, change.value];
        change = changes[++next];
      }
      if (change === undefined || compareBytes(change.key, entry[0]) > 0) {
        yield entry;
      } else {
        if (change.value !== undefined) yield [change.key, change.value];
        next++;
      }
    }
    for (const change of changes.slice(next)) if (change.value !== undefined) yield [change.key, change.value];
  }

  transaction<T, E>(work: () => Result<T, E>): Result<T, E> {
    this.#layers.push(new Map());
    let keep = false;
    try {
      const result = work();
      keep = result.ok;
      return result;
    } finally {
      const layer = this.#layers.pop() as Layer;
      if (keep) { for (const [id, change] of layer) this.#put(id, change); }
    }
  }

  /** All changes in ascending order of keys. @throws {TypeError} If a transaction is open. */
  changes(): OverlayChange[] {
    if (this.#layers.length > 1) throw new TypeError("Cannot take changes: a transaction is open");
    return this.#visibleChanges(new Uint8Array(0));
  }

  #put(id: string, change: OverlayChange): void {
    const top = this.#layers[this.#layers.length - 1] as Layer;
    if (this.#layers.length === 1) this.#changedBytes += sizeOf(change) - sizeOf(top.get(id));
    top.set(id, change);
  }

  #visibleChanges(prefix: Uint8Array): OverlayChange[] {
    const visible: Layer = new Map();
    for (const layer of this.#layers) {
      for (const [id, change] of layer) if (startsWithBytes(change.key, prefix)) visible.set(id, change);
    }
    return [...visible.values()].sort((a, b) => compareBytes(a.key, b.key));
  }
}

function sizeOf(change: OverlayChange | undefined): number {
  return change === undefined ? 0 : change.key.length + (change.value?.length ?? 0);
}
