/**
 * BLAKE2b in the lengths that Substrate and this project use. All synchronous.
 *
 * Source: worker `core-primitives/hashing/src/lib.rs` (839eda024); the function itself is RFC 7693
 *
 * @module
 */
import { type H256, h256 } from "../primitives/branded.ts";
import { activeCrypto } from "./implementation.ts";

/** Longest key of keyed BLAKE2b, by RFC 7693. */
export const MAX_BLAKE2_KEY_LENGTH = 64;

/** BLAKE2b with 32 bytes of output, the hash of blocks, calls and states. */
export function blake2_256(data: Uint8Array): H256 {
  return h256(activeCrypto().blake2b(data, 32));
}

/** BLAKE2b with 16 bytes of output, used in storage keys. */
export function blake2_128(data: Uint8Array): Uint8Array {
  return activeCrypto().blake2b(data, 16);
}

/** BLAKE2b with 64 bytes of output, used for the checksum of addresses. */
export function blake2_512(data: Uint8Array): Uint8Array {
  return activeCrypto().blake2b(data, 64);
}

/**
 * Keyed BLAKE2b with 32 bytes of output: a hash nobody can compute without the key.
 *
 * @throws {RangeError} If the key has not 1 to {@linkcode MAX_BLAKE2_KEY_LENGTH} bytes.
 */
export function blake2_256_keyed(key: Uint8Array, data: Uint8Array): H256 {
  if (key.length < 1 || key.length > MAX_BLAKE2_KEY_LENGTH) {
    throw new RangeError(`Cannot hash with a key of ${key.length} bytes: want 1 to ${MAX_BLAKE2_KEY_LENGTH}`);
  }
  return h256(activeCrypto().blake2bKeyed(key, data, 32));
}
