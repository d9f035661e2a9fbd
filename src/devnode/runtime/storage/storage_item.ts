/**
 * Storage items: declared once, they read and write the state and describe themselves for the metadata.
 *
 * @module
 */
import { type Codec, tryDecode } from "../../../codec/codec.ts";
import { blake2_128 } from "../../../crypto/blake2.ts";
import { twox128, twox64 } from "../../../crypto/twox.ts";
import { concatBytes, utf8 } from "../../../primitives/bytes.ts";
import type { RuntimeType, TypeInfo } from "../types/runtime_type.ts";
import type { StorageOverlay } from "./overlay.ts";

/** Read access to storage. */
export type StorageReader = Pick<StorageOverlay, "get">;

/** Hashers of map keys; each keeps the key itself behind its hash. */
export type StorageHasher = "Blake2128Concat" | "Twox64Concat" | "Identity";

/** What the metadata tells of an item. */
export interface StorageItemInfo {
  readonly pallet: string;
  readonly name: string;
  /** Whether an absent value is None or the default. */
  readonly modifier: "Optional" | "Default";
  /** Bytes of the default; `00` for optional items. */
  readonly fallback: Uint8Array;
  readonly key: { readonly hasher: StorageHasher; readonly type: TypeInfo } | undefined;
  readonly value: TypeInfo;
}

/** A single value; `Absent` is `undefined`, or nothing if there is a default. */
export interface StorageValue<T, Absent> {
  readonly info: StorageItemInfo;
  /** The full storage key. */
  readonly key: () => Uint8Array;
  readonly get: (store: StorageReader) => T | Absent;
  readonly put: (store: StorageOverlay, value: T) => void;
  readonly kill: (store: StorageOverlay) => void;
  /** Reads and removes. */
  readonly take: (store: StorageOverlay) => T | Absent;
  readonly exists: (store: StorageReader) => boolean;
}

/** A map with one key. */
export interface StorageMap<K, T, Absent> {
  readonly info: StorageItemInfo;
  /** Key prefix of all entries. */
  readonly prefix: () => Uint8Array;
  /** The full storage key of an entry. */
  readonly keyOf: (key: K) => Uint8Array;
  readonly get: (store: StorageReader, key: K) => T | Absent;
  readonly insert: (store: StorageOverlay, key: K, value: T) => void;
  readonly remove: (store: StorageOverlay, key: K) => void;
  readonly has: (store: StorageReader, key: K) => boolean;
}

const NONE = new Uint8Array([0]);
const prefixes = new Map<string, Uint8Array>();

/** `twox128(pallet) ‖ twox128(item)`. */
export function storagePrefix(pallet: string, item: string): Uint8Array {
  const name = `${pallet}.${item}`;
  const known = prefixes.get(name);
  if (known !== undefined) return known;
  const prefix = concatBytes(twox128(utf8(pallet)), twox128(utf8(item)));
  prefixes.set(name, prefix);
  return prefix;
}

function makeValue<T, Absent>(
  info: StorageItemInfo,
  codec: Codec<T>,
  absent: Absent,
): StorageValue<T, Absent> {
  const key = () => storagePrefix(info.pallet, info.name);
  const get = (store: StorageReader): T | Absent => decodeOr(store.get(key()), codec, absent);
  return {
    info,
    key,
    get,
    put: (store, value) => store.set(key(), codec.encode(value)),
    kill: (store) => store.remove(key()),
    take: (store) => {
      const value = get(store);
      store.remove(key());
      return value;
    },
    exists: (store) => store.get(key()) !== undefined,
  };
}

/** What root has written over an item and does not decode counts as absent, as in the original. */
function decodeOr<T, Absent>(bytes: Uint8Array | undefined, codec: Codec<T>, absent: Absent): T | Absent {
  if (bytes === undefined) return absent;
  const decoded = tryDecode(codec, bytes);
  return decoded.ok ? decoded.value : absent;
}

/** A value that is `undefined` while it is not set. */
export function optionalValue<T>(pallet: string, name: string, type: RuntimeType<T>): StorageValue<T, undefined> {
  const info: StorageItemInfo = {
    pallet,
    name,
    modifier: "Optional",
    fallback: NONE,
    key: undefined,
    value: type,
  };
  return makeValue(info, type.codec, undefined);
}

/** A value with a default. */
export function defaultValue<T>(pallet: string, name: string, type: RuntimeType<T>, absent: T): StorageValue<T, never> {
  const info: StorageItemInfo = {
    pallet,
    name,
    modifier: "Default",
    fallback: type.codec.encode(absent),
    key: undefined,
    value: type,
  };
  return makeValue<T, never>(info, type.codec, absent as never);
}

/** How the keys of a map are hashed and what they are. */
export interface MapKey<K> {
  readonly hasher: StorageHasher;
  readonly type: RuntimeType<K>;
}

/** Keys by `blake2_128` and themselves. */
export function blake2Concat<K>(type: RuntimeType<K>): MapKey<K> {
  return { hasher: "Blake2128Concat", type };
}

/** Keys by `twox64` and themselves. */
export function twoxConcat<K>(type: RuntimeType<K>): MapKey<K> {
  return { hasher: "Twox64Concat", type };
}

function hashKey(hasher: StorageHasher, key: Uint8Array): Uint8Array {
  switch (hasher) {
    case "Blake2128Concat":
      return concatBytes(blake2_128(key), key);
    case "Twox64Concat":
      return concatBytes(twox64(key), key);
    case "Identity":
      return key;
  }
}

function makeMap<K, T, Absent>(
  info: StorageItemInfo,
  key: MapKey<K>,
  codec: Codec<T>,
  absent: Absent,
): StorageMap<K, T, Absent> {
  const prefix = () => storagePrefix(info.pallet, info.name);
  const keyOf = (name: K) => concatBytes(prefix(), hashKey(key.hasher, key.type.codec.encode(name)));
  return {
    info,
    prefix,
    keyOf,
    get: (store, name) => decodeOr(store.get(keyOf(name)), codec, absent),
    insert: (store, name, value) => store.set(keyOf(name), codec.encode(value)),
    remove: (store, name) => store.remove(keyOf(name)),
    has: (store, name) => store.get(keyOf(name)) !== undefined,
  };
}

/** A map whose entries are `undefined` while they are not set. */
export function optionalMap<K, T>(
  pallet: string,
  name: string,
  key: MapKey<K>,
  type: RuntimeType<T>,
): StorageMap<K, T, undefined> {
  const info: StorageItemInfo = { pallet, name, modifier: "Optional", fallback: NONE, key, value: type };
  return makeMap(info, key, type.codec, undefined);
}

/** A map with a default. */
export function defaultMap<K, T>(
  pallet: string,
  name: string,
  key: MapKey<K>,
  type: RuntimeType<T>,
  absent: T,
): StorageMap<K, T, never> {
  const info: StorageItemInfo = {
    pallet,
    name,
    modifier: "Default",
    fallback: type.codec.encode(absent),
    key,
    value: type,
  };
  return makeMap<K, T, never>(info, key, type.codec, absent as never);
}
