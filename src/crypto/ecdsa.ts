/**
 * ECDSA over secp256k1 as `MultiSignature::Ecdsa` uses it: the public key is recovered from the signature and its hash
 * is the account.
 *
 * Source: worker uses `sp_runtime::MultiSignature` (839eda024); `sp_io::crypto::secp256k1_ecdsa_recover_compressed`
 *
 * @module
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concatBytes, equalBytes } from "../primitives/bytes.ts";
import { blake2_256 } from "./blake2.ts";

/** Length of a recoverable signature: r, s, recovery id. */
export const ECDSA_SIGNATURE_LENGTH = 65;

/** A key pair. */
export interface EcdsaPair {
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** 32 bytes. */
  readonly secretKey: Uint8Array;
}

/** The pair of a 32-byte secret. @throws {RangeError | Error} If it is no scalar of the curve. */
export function ecdsaFromSecret(secretKey: Uint8Array): EcdsaPair {
  return { publicKey: secp256k1.getPublicKey(secretKey, true), secretKey };
}

/** The account of a compressed public key. */
export function ecdsaAccount(publicKey: Uint8Array): Uint8Array {
  return blake2_256(publicKey);
}

/** Signs blake2_256 of the message; 65 bytes with the recovery id last. */
export function ecdsaSign(pair: EcdsaPair, message: Uint8Array): Uint8Array {
  const recovered = secp256k1.sign(blake2_256(message), pair.secretKey, { prehash: false, format: "recovered" });
  return concatBytes(recovered.subarray(1), recovered.subarray(0, 1));
}

/** Whether the key that the 65-byte signature leads to belongs to the account; false for anything malformed. */
export function ecdsaVerifyAccount(signature: Uint8Array, message: Uint8Array, account: Uint8Array): boolean {
  if (signature.length !== ECDSA_SIGNATURE_LENGTH) return false;
  const v = signature[64] as number;
  const recoveryId = v > 26 ? v - 27 : v;
  if (recoveryId > 3) return false;
  try {
    const recovered = concatBytes(new Uint8Array([recoveryId]), signature.subarray(0, 64));
    const publicKey = secp256k1.recoverPublicKey(recovered, blake2_256(message), { prehash: false });
    return equalBytes(ecdsaAccount(publicKey), account);
  } catch {
    return false;
  }
}
