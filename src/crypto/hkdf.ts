/**
 * HKDF with SHA-256 (RFC 5869): one secret to many keys, told apart by `info`.
 *
 * @module
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** Most bytes one derivation gives: 255 blocks, by RFC 5869. */
export const MAX_HKDF_LENGTH = 255 * 32;

/**
 * Derives `length` bytes.
 *
 * @throws {RangeError} If `length` is not between 1 and {@linkcode MAX_HKDF_LENGTH}.
 */
export function hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (!Number.isSafeInteger(length) || length < 1 || length > MAX_HKDF_LENGTH) {
    throw new RangeError(`Cannot derive ${length} bytes: want 1 to ${MAX_HKDF_LENGTH}`);
  }
  return hkdf(sha256, ikm, salt, info, length);
}
