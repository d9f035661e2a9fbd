/**
 * Changes on top of an immutable trie, in nested transactions.
 *
 * @module
 */
import { compareBytes } from "../../../primitives/bytes.ts";
import { type Trie, trieEntries, trieGet, trieInsert, trieRemove } from "../../../trie/trie.ts";

/** Most nested transactions, as in `frame_support::storage::transactional`. */
export const MAX_TRANSACTION_DEPTH = 255;

interface Change {
  readonly key: Uint8Array;
  /** `undefined` removes the key. */
  readonly value: Uint8Array | undefined;
}

/** Storage of a running block: reads through to the trie, keeps writes until they are committed. */
export class StorageOverlay {
  readonly #base: Trie;
  readonly #layers: Map<string, Change>[] = [new Map()];
  readonly #journal: Uint8Array[] = [];
  readonly #journalMarks: number[] = [];

  constructor(base: Trie) {
    this.#base = base;
  }

  /** The value of a key, or `undefined`. */
  get(key: Uint8Array): Uint8Array | undefined {
    const name = nameOf(key);
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const change = this.#layers[i]?.get(name);
      if (change !== undefined) return change.value;
    }
    return trieGet(this.#base, key);
  }

  /** Sets a key; key and value must not be changed afterwards. */
  set(key: Uint8Array, value: Uint8Array): void {
    this.#layers[this.#layers.length - 1]?.set(nameOf(key), { key, value });
  }

  /** Removes a key. */
  remove(key: Uint8Array): void {
    this.#layers[this.#layers.length - 1]?.set(nameOf(key), { key, value: undefined });
  }

  /** Keys that begin with `prefix`, in ascending order, with all open transactions applied. */
  keysWithPrefix(prefix: Uint8Array): Uint8Array[] {
    const found = new Map<string, Uint8Array>();
    for (const [key] of trieEntries(this.#base, prefix)) found.set(nameOf(key), key);
    const prefixName = nameOf(prefix);
    for (const layer of this.#layers) {
      for (const [name, { key, value }] of layer) {
        if (!name.startsWith(prefixName)) continue;
        if (value === undefined) found.delete(name);
        else found.set(name, key);
      }
    }
    return [...found.values()].sort(compareBytes);
  }

  /** Appends to the journal, which transactions undo like storage: the block's events, written once at its end. */
  append(entry: Uint8Array): void {
    this.#journal.push(entry);
  }

  /** What has been appended and not undone. */
  get journal(): readonly Uint8Array[] {
    return this.#journal;
  }

  /** How many transactions are open. */
  get depth(): number {
    return this.#layers.length - 1;
  }

  /** Opens a transaction. @throws {RangeError} If {@linkcode MAX_TRANSACTION_DEPTH} are open. */
  begin(): void {
    if (this.depth >= MAX_TRANSACTION_DEPTH) {
      throw new RangeError(`Cannot open a transaction: ${MAX_TRANSACTION_DEPTH} are open`);
    }
    this.#layers.push(new Map());
    this.#journalMarks.push(this.#journal.length);
  }

  /** Keeps the changes of the newest transaction. @throws {RangeError} If none is open. */
  commit(): void {
    const top = this.#close().changes;
    const below = this.#layers[this.#layers.length - 1];
    for (const [name, change] of top) below?.set(name, change);
  }

  /** Drops the changes of the newest transaction. @throws {RangeError} If none is open. */
  rollback(): void {
    this.#journal.length = this.#close().journalMark;
  }

  #close(): { readonly changes: Map<string, Change>; readonly journalMark: number } {
    if (this.depth === 0) throw new RangeError("Cannot close a transaction: none is open");
    return { changes: this.#layers.pop() ?? new Map(), journalMark: this.#journalMarks.pop() ?? 0 };
  }

  /** The trie with all changes. @throws {RangeError} If a transaction is open. */
  toTrie(): Trie {
    if (this.depth !== 0) throw new RangeError(`Cannot take the trie: ${this.depth} transactions are open`);
    let trie = this.#base;
    for (const { key, value } of this.#layers[0]?.values() ?? []) {
      trie = value === undefined ? trieRemove(trie, key) : trieInsert(trie, key, value);
    }
    return trie;
  }
}

/** A key as a string with one character per byte, for maps. */
function nameOf(key: Uint8Array): string {
  let name = "";
  for (const byte of key) name += String.fromCharCode(byte);
  return name;
}
