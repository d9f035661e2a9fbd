/**
 * sr25519: Schnorr signatures over ristretto255 with the signing context "substrate".
 *
 * Source: worker `core-primitives/types` uses `sp_core::sr25519` (839eda024)
 *
 * @module
 */
import { getPublicKey, HDKD, secretFromSeed } from "@scure/sr25519";
import { activeCrypto } from "./implementation.ts";

/** Length of a signature in bytes. */
export const SR25519_SIGNATURE_LENGTH = 64;
const KEY_LENGTH = 32;

/** A key pair. */
export interface Sr25519Pair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes: scalar in the ed25519 form, then the nonce seed. */
  readonly secretKey: Uint8Array;
}

function pairOf(secretKey: Uint8Array): Sr25519Pair {
  return { publicKey: getPublicKey(secretKey), secretKey };
}

/** The pair of a 32-byte seed (mini secret). @throws {RangeError} If there are not 32 bytes. */
export function sr25519FromSeed(seed: Uint8Array): Sr25519Pair {
  return pairOf(secretFromSeed(seed));
}

/** Signs a message; two signatures of one message differ. */
export function sr25519Sign(pair: Sr25519Pair, message: Uint8Array): Uint8Array {
  return activeCrypto().sr25519Sign(pair.publicKey, pair.secretKey, message);
}

/** Whether the signature is that of the message by this key; false, too, for anything malformed. */
export function sr25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SR25519_SIGNATURE_LENGTH || publicKey.length !== KEY_LENGTH) return false;
  // The identity would accept signatures that anybody can make.
  if (publicKey.every((byte) => byte === 0)) return false;
  try {
    return activeCrypto().sr25519Verify(signature, message, publicKey);
  } catch {
    return false;
  }
}

/** The child under a hard junction: the parent's public key does not lead to it. */
export function sr25519DeriveHard(pair: Sr25519Pair, chainCode: Uint8Array): Sr25519Pair {
  return pairOf(HDKD.secretHard(pair.secretKey, chainCode));
}

/** The child under a soft junction. Only the public key is the same each time; the nonce half is fresh. */
export function sr25519DeriveSoft(pair: Sr25519Pair, chainCode: Uint8Array): Sr25519Pair {
  return pairOf(HDKD.secretSoft(pair.secretKey, chainCode));
}

/** The public key of the child under a soft junction, without the secret. */
export function sr25519DerivePublicSoft(publicKey: Uint8Array, chainCode: Uint8Array): Uint8Array {
  return HDKD.publicSoft(publicKey, chainCode);
}
