/**
 * Randomness from the platform's generator, the only source of it in this project.
 *
 * @module
 */

/** Most bytes that `crypto.getRandomValues` gives in one call, by its specification. */
const MAX_PER_CALL = 65_536;

/** Fresh random bytes. @throws {RangeError} If `length` is not a whole number of at least 0. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`Cannot draw ${length} random bytes`);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += MAX_PER_CALL) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + MAX_PER_CALL, length)));
  }
  return bytes;
}
