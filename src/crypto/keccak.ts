/**
 * Keccak-256 as Ethereum and the binary merkle tree use it (not NIST SHA3-256: the padding differs).
 *
 * @module
 */
import { keccak_256 as nobleKeccak } from "@noble/hashes/sha3.js";
import { type H256, h256 } from "../primitives/branded.ts";

/** Keccak-256, 32 bytes. */
export function keccak_256(data: Uint8Array): H256 {
  return h256(nobleKeccak(data));
}
