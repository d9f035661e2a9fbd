/**
 * Leaves of the commitment trie: where they stand and what they commit to.
 *
 * An entry is kept packed as `salt ‖ value` in one byte string, which takes the least memory.
 *
 * Differs: the original hashes the whole encoded state. Here the root commits to each value on its own, so that a block
 * costs what it touches and a single value can be proven to a client without showing its neighbours.
 *
 * @module
 */
import { compactU32, u64 } from "../codec/codec.ts";
import { blake2_256, blake2_256_keyed } from "../crypto/blake2.ts";
import { type H256, h256 } from "../primitives/branded.ts";
import { concatBytes, utf8 } from "../primitives/bytes.ts";
import { fromByteString, toByteString } from "../trie/byte_string.ts";

/** Bytes of a salt. */
export const SALT_LENGTH = 32;

const LEAF_DOMAIN = utf8("leaf/1");

/** A salt and a value in one byte string (`src/trie/byte_string.ts`). */
export type PackedEntry = string;

/** Packs a salt and a value. @throws {RangeError} If the salt has not 32 bytes. */
export function packEntry(salt: Uint8Array, value: Uint8Array): PackedEntry {
  if (salt.length !== SALT_LENGTH) {
    throw new RangeError(`Cannot pack entry: want a salt of 32 bytes, got ${salt.length}`);
  }
  return toByteString(salt) + toByteString(value);
}

/** The value of an entry. */
export function valueOfEntry(entry: PackedEntry): Uint8Array {
  return fromByteString(entry, SALT_LENGTH);
}

/** The salt of an entry. */
export function saltOfEntry(entry: PackedEntry): Uint8Array {
  return fromByteString(entry, 0, SALT_LENGTH);
}

/** Where a storage key stands in the commitment trie: `blake2_256_keyed(pathKey, storageKey)`. */
export function computePath(pathKey: Uint8Array, storageKey: Uint8Array): H256 {
  return blake2_256_keyed(pathKey, storageKey);
}

/**
 * What the commitment trie holds for an entry: `blake2_256("leaf/1" ‖ salt ‖ compact(length) ‖ storageKey ‖ value)`. The
 * storage key is in it, because a client cannot check the hashed path: without it the leaf of one account could be shown
 * as that of another.
 */
export function computeLeaf(storageKey: Uint8Array, salt: Uint8Array, value: Uint8Array): H256 {
  const length = compactU32.encode(storageKey.length);
  const keyAt = LEAF_DOMAIN.length + SALT_LENGTH + length.length;
  const preimage = new Uint8Array(keyAt + storageKey.length + value.length);
  preimage.set(LEAF_DOMAIN);
  preimage.set(salt, LEAF_DOMAIN.length);
  preimage.set(length, keyAt - length.length);
  preimage.set(storageKey, keyAt);
  preimage.set(value, keyAt + storageKey.length);
  return h256(blake2_256(preimage));
}

/**
 * The salt of a value written in a block:
 * `blake2_256_keyed(saltKey, number u64 ‖ compact(length) ‖ storageKey ‖ blake2_256(value))`. Nobody without the key can
 * try values against a leaf, and equal values of different keys or blocks have unlike leaves.
 */
export function computeSalt(
  saltKey: Uint8Array,
  blockNumber: bigint,
  storageKey: Uint8Array,
  value: Uint8Array,
): H256 {
  const length = compactU32.encode(storageKey.length);
  return h256(blake2_256_keyed(saltKey, concatBytes(u64.encode(blockNumber), length, storageKey, blake2_256(value))));
}
