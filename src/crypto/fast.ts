/**
 * The fast forms of the primitives: wasm, prepared once at start-up. Works inside a bundle and without any permission.
 *
 * @module
 */
import { blake2b, sr25519Sign, sr25519Verify, waitReady } from "@polkadot/wasm-crypto";
import { createBLAKE2b } from "hash-wasm";
import xxhash from "xxhash-wasm";
import { type CryptoImplementation, portableCrypto, useCrypto } from "./implementation.ts";

/** Fastest sizes have a hasher of their own, reused for every hash. */
type Hasher = Awaited<ReturnType<typeof createBLAKE2b>>;

/** Prepares the wasm modules and returns the fast form without choosing it. */
export async function createFastCrypto(): Promise<CryptoImplementation> {
  const [hasher16, hasher32, hasher64, xxh] = await Promise.all([
    createBLAKE2b(128),
    createBLAKE2b(256),
    createBLAKE2b(512),
    xxhash(),
    waitReady(),
  ]);
  const hashers = new Map<number, Hasher>([[16, hasher16], [32, hasher32], [64, hasher64]]);
  return {
    blake2b: (data, size) => {
      const hasher = hashers.get(size);
      if (hasher === undefined) return portableCrypto.blake2b(data, size);
      return hasher.init().update(data).digest("binary");
    },
    blake2bKeyed: (key, data, size) => blake2b(data, key, size),
    xxh64: (data, seed) => xxh.h64Raw(data, seed),
    sr25519Sign,
    sr25519Verify,
    ed25519Sign: portableCrypto.ed25519Sign,
    ed25519Verify: portableCrypto.ed25519Verify,
  };
}

/** Puts the fast forms behind the functions of this folder. Entry points call it once; all works, slower, without. */
export async function installFastCrypto(): Promise<void> {
  useCrypto(await createFastCrypto());
}
