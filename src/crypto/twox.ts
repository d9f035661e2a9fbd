/**
 * Substrate's "twox" hashes: one or more xxHash64 with seeds 0, 1, 2, 3, little endian. Not cryptographic; they name
 * pallets and storage items only.
 *
 * @module
 */
import { activeCrypto } from "./implementation.ts";

function twox(data: Uint8Array, words: number): Uint8Array {
  const hash = new Uint8Array(8 * words);
  const view = new DataView(hash.buffer);
  for (let i = 0; i < words; i++) view.setBigUint64(8 * i, activeCrypto().xxh64(data, BigInt(i)), true);
  return hash;
}

/** Eight bytes, seed 0. */
export function twox64(data: Uint8Array): Uint8Array {
  return twox(data, 1);
}

/** Sixteen bytes, seeds 0 and 1: the hash of pallet and storage names. */
export function twox128(data: Uint8Array): Uint8Array {
  return twox(data, 2);
}

/** Thirty-two bytes, seeds 0 to 3. */
export function twox256(data: Uint8Array): Uint8Array {
  return twox(data, 4);
}
