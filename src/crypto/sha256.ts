/**
 * SHA-256, synchronous: the hash of measurements and of DCAP quotes.
 *
 * @module
 */
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { type H256, h256 } from "../primitives/branded.ts";

/** SHA-256, 32 bytes. */
export function sha256(data: Uint8Array): H256 {
  return h256(nobleSha256(data));
}
