/**
 * The few primitives that have both a portable and a fast form, and which of the two is in use.
 * Callers use `blake2.ts`, `twox.ts`, `sr25519.ts` and `ed25519.ts`; only `fast.ts` changes the choice.
 *
 * @module
 */
import { blake2b } from "@noble/hashes/blake2.js";
import { ed25519 } from "@noble/curves/ed25519.js";
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
  /** Signs with a 32-byte seed. */
  readonly ed25519Sign: (seed: Uint8Array, message: Uint8Array) => Uint8Array;
  /** Strict RFC 8032; the encodings have been checked. May throw on garbage; the public function catches. */
  readonly ed25519Verify: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;
}

/** The form in plain JavaScript: noble and scure, no start-up, works everywhere. */
export const portableCrypto: CryptoImplementation = {
  blake2b: (data, size) => blake2b(data, { dkLen: size }),
  blake2bKeyed: (key, data, size) => blake2b(data, { dkLen: size, key }),
  xxh64: portableXxh64,
  sr25519Sign: (_publicKey, secretKey, message) => scureSign(secretKey, message),
  sr25519Verify: (signature, message, publicKey) => scureVerify(message, signature, publicKey),
  ed25519Sign: (seed, message) => ed25519.sign(message, seed),
  ed25519Verify: (signature, message, publicKey) => ed25519.verify(signature, message, publicKey, { zip215: false }),
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
