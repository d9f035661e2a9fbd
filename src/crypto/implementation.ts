/**
 * The few primitives that have both a portable and a fast form, and which of the two is in use.
 * Callers use `blake2.ts`, `twox.ts`, `sr25519.ts` and `ed25519.ts`; only `fast.ts` changes the choice.
 *
 * @module
 */
import { blake2b } from "@noble/hashes/blake2.js";
import { sign as scureSign, verify as scureVerify } from "@scure/sr25519";
import { portableXxh64 } from "./xxh64.ts";

/** What a form of the primitives has to offer; inputs have passed the length checks of the public functions. */
export interface CryptoImplementation {
  /** BLAKE2b of `size` bytes. */
  readonly blake2b: (data: Uint8Array, size: number) => Uint8Array;
  /** Keyed BLAKE2b of `size` bytes; the key has 1 to 64 bytes. */
  readonly blake2bKeyed: (key: Uint8Array, data: Uint8Array, size: number) => Uint8Array;
  /** xxHash64 with a seed below 2^64. */
  readonly xxh64: (data: Uint8Array, seed: bigint) => bigint;
  /** Signs with a 64-byte secret key and its public key. */
  readonly sr25519Sign: (publicKey: Uint8Array, secretKey: Uint8Array, message: Uint8Array) => Uint8Array;
  /** May throw on garbage; the public function catches. */
  readonly sr25519Verify: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;
}

/** The form in plain JavaScript: noble and scure, no start-up, works everywhere. */
export const portableCrypto: CryptoImplementation = {
  blake2b: (data, size) => blake2b(data, { dkLen: size }),
  blake2bKeyed: (key, data, size) => blake2b(data, { dkLen: size, key }),
  xxh64: portableXxh64,
  sr25519Sign: (_publicKey, secretKey, message) => scureSign(secretKey, message),
  sr25519Verify: (signature, message, publicKey) => scureVerify(message, signature, publicKey),
};

let active: CryptoImplementation = portableCrypto;

/** The form in use. */
export function activeCrypto(): CryptoImplementation {
  return active;
}

/** Chooses the form in use; results are the same with each. */
export function useCrypto(implementation: CryptoImplementation): void {
  active = implementation;
}
