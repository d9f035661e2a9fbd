/**
 * Storage keys of FRAME: hashed pallet and item names, and the hashed keys of maps.
 *
 * Source: substrate `frame/support/src/hash.rs` (the parentchain's own format)
 *
 * @module
 */
import { blake2_128, blake2_256 } from "../crypto/blake2.ts";
import { twox128, twox256, twox64 } from "../crypto/twox.ts";
import { concatBytes, utf8 } from "../primitives/bytes.ts";

/** Names of the hashers as metadata spell them. */
export type StorageHasher =
  | "Blake2128"
  | "Blake2256"
  | "Blake2128Concat"
  | "Twox128"
  | "Twox256"
  | "Twox64Concat"
  | "Identity";

const HASHERS: Readonly<Record<StorageHasher, (key: Uint8Array) => Uint8Array>> = {
  Blake2128: blake2_128,
  Blake2256: blake2_256,
  Blake2128Concat: (key) => concatBytes(blake2_128(key), key),
  Twox128: twox128,
  Twox256: twox256,
  Twox64Concat: (key) => concatBytes(twox64(key), key),
  Identity: (key) => key,
};

/** Key of a plain item or, with encoded keys and their hashers, of a map's entry. */
export function storageKey(
  pallet: string,
  item: string,
  keys: readonly (readonly [hasher: StorageHasher, encoded: Uint8Array])[] = [],
): Uint8Array {
  return concatBytes(
    twox128(utf8(pallet)),
    twox128(utf8(item)),
    ...keys.map(([hasher, encoded]) => HASHERS[hasher](encoded)),
  );
}

/** Key of GRANDPA's voters on chains from before `Grandpa.Authorities`: a version byte, then the list. */
export const GRANDPA_AUTHORITIES_KEY: Uint8Array = utf8(":grandpa_authorities");
