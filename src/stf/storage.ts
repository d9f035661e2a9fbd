/**
 * Typed access to storage: key = twox128(pallet) ‖ twox128(item) [‖ blake2_128(map key) ‖ map key], value = SCALE.
 *
 * Source: worker `app-libs/stf/src/helpers.rs#get_storage_value`, `#get_storage_map` (839eda024)
 *
 * @module
 */
import type { Codec } from "../codec/codec.ts";
import { blake2_128 } from "../crypto/blake2.ts";
import { twox128 } from "../crypto/twox.ts";
import { concatBytes, utf8 } from "../primitives/bytes.ts";
import type { KvStore, StateReader } from "../state/kv_store.ts";

/** Key of a single value, and prefix of a map's keys: twox128(pallet) ‖ twox128(item), 32 bytes. */
export function storageValueKey(pallet: string, item: string): Uint8Array {
  return concatBytes(twox128(utf8(pallet)), twox128(utf8(item)));
}

/** Key of a map's entry with the hasher Blake2_128Concat. */
export function storageMapKey(pallet: string, item: string, mapKey: Uint8Array): Uint8Array {
  return concatBytes(storageValueKey(pallet, item), blake2_128(mapKey), mapKey);
}

/** One value in storage. */
export interface StorageValue<T> {
  /** Where it is. */
  readonly key: Uint8Array;
  /** The value, or undefined if it was never set. @throws {CodecError} If the state is corrupt. */
  readonly get: (store: StateReader) => T | undefined;
  /** Sets the value. */
  readonly set: (store: KvStore, value: T) => void;
  /** Removes the value. */
  readonly remove: (store: KvStore) => void;
}

/** A map in storage. */
export interface StorageMap<K, V> {
  /** Where the map's entries begin. */
  readonly prefix: Uint8Array;
  /** Where an entry is. */
  readonly keyOf: (mapKey: K) => Uint8Array;
  /** The entry, or undefined if there is none. @throws {CodecError} If the state is corrupt. */
  readonly get: (store: StateReader, mapKey: K) => V | undefined;
  /** Sets an entry. */
  readonly set: (store: KvStore, mapKey: K, value: V) => void;
  /** Removes an entry. */
  readonly remove: (store: KvStore, mapKey: K) => void;
}

/** Describes a single value. */
export function storageValue<T>(pallet: string, item: string, codec: Codec<T>): StorageValue<T> {
  const key = storageValueKey(pallet, item);
  return {
    key,
    get: (store) => decodeStored(codec, store.get(key)),
    set: (store, value) => store.set(key, codec.encode(value)),
    remove: (store) => store.remove(key),
  };
}

/** Describes a map with the hasher Blake2_128Concat. */
export function storageMap<K, V>(pallet: string, item: string, key: Codec<K>, value: Codec<V>): StorageMap<K, V> {
  const prefix = storageValueKey(pallet, item);
  const keyOf = (mapKey: K) => {
    const encoded = key.encode(mapKey);
    return concatBytes(prefix, blake2_128(encoded), encoded);
  };
  return {
    prefix,
    keyOf,
    get: (store, mapKey) => decodeStored(value, store.get(keyOf(mapKey))),
    set: (store, mapKey, entry) => store.set(keyOf(mapKey), value.encode(entry)),
    remove: (store, mapKey) => store.remove(keyOf(mapKey)),
  };
}

function decodeStored<T>(codec: Codec<T>, bytes: Uint8Array | undefined): T | undefined {
  return bytes === undefined ? undefined : codec.decode(bytes);
}
