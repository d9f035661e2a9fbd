/**
 * What the state transition function may do with the state.
 *
 * Byte arrays handed in belong to the store, those handed out belong to everybody: neither may be changed afterwards.
 *
 * @module
 */
import type { Result } from "../primitives/result.ts";

/** Longest storage key: prefixes of two times 16 bytes and two hashed map keys stay far below it. */
export const MAX_STORAGE_KEY_BYTES = 1024;
/** Longest value, so that each entry fits into one chunk of a snapshot. */
export const MAX_STORAGE_VALUE_BYTES = 512 * 1024;

/** Read access to one version of the state. */
export interface StateReader {
  /** The value of a key, or `undefined`; an empty value is a value. */
  readonly get: (key: Uint8Array) => Uint8Array | undefined;
  /** The entries whose key begins with `prefix`, in ascending order of keys, as of when the iteration begins. */
  readonly iterate: (prefix: Uint8Array) => Iterable<readonly [key: Uint8Array, value: Uint8Array]>;
}

/** Read and write access to the state. */
export interface KvStore extends StateReader {
  /** Sets a key. @throws {RangeError} Above {@linkcode MAX_STORAGE_KEY_BYTES} or {@linkcode MAX_STORAGE_VALUE_BYTES}. */
  readonly set: (key: Uint8Array, value: Uint8Array) => void;
  /** Removes a key, if it is there. */
  readonly remove: (key: Uint8Array) => void;
}

/** A store whose changes can be taken back. */
export interface TransactionalStore extends KvStore {
  /**
   * Runs `work`; all its changes are taken back if it returns a failure or throws. Transactions nest. `work` is
   * synchronous.
   */
  readonly transaction: <T, E>(work: () => Result<T, E>) => Result<T, E>;
}
