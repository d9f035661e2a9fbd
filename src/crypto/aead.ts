/**
 * Authenticated encryption: AES-256-GCM with a 12-byte nonce and a 16-byte tag at the end. A nonce must never be used
 * twice under one key.
 *
 * @module
 */
import { asBufferSource } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";

/** Length of a key in bytes. */
export const AEAD_KEY_LENGTH = 32;
/** Length of a nonce in bytes. */
export const AEAD_NONCE_LENGTH = 12;
/** Length of the tag that sealing adds. */
export const AEAD_TAG_LENGTH = 16;

/** The ciphertext was not made with this key, nonce and associated data. */
export interface AeadError {
  readonly code: "AeadOpenFailed";
}

/** Raw key bytes, or the same made ready by {@linkcode importAeadKey}. */
export type AeadKey = Uint8Array | CryptoKey;

/** Prepares a key for many uses; it cannot be exported again. @throws {RangeError} If there are not 32 bytes. */
export async function importAeadKey(key: Uint8Array): Promise<CryptoKey> {
  if (key.length !== AEAD_KEY_LENGTH) {
    throw new RangeError(`Cannot import AEAD key: want ${AEAD_KEY_LENGTH} bytes, got ${key.length}`);
  }
  return await crypto.subtle.importKey("raw", asBufferSource(key), "AES-GCM", false, ["encrypt", "decrypt"]);
}

async function ready(key: AeadKey): Promise<CryptoKey> {
  return key instanceof Uint8Array ? await importAeadKey(key) : key;
}

function parameters(nonce: Uint8Array, aad: Uint8Array): AesGcmParams {
  if (nonce.length !== AEAD_NONCE_LENGTH) {
    throw new RangeError(`Cannot use nonce: want ${AEAD_NONCE_LENGTH} bytes, got ${nonce.length}`);
  }
  return { name: "AES-GCM", iv: asBufferSource(nonce), additionalData: asBufferSource(aad), tagLength: 128 };
}

/** Encrypts; the result is {@linkcode AEAD_TAG_LENGTH} bytes longer. @throws {RangeError} On a wrong length. */
export async function aeadSeal(
  key: AeadKey,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const algorithm = parameters(nonce, aad);
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, await ready(key), asBufferSource(plaintext)));
}

/** Decrypts what {@linkcode aeadSeal} made; one error for every reason. @throws {RangeError} On a wrong length. */
export async function aeadOpen(
  key: AeadKey,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Promise<Result<Uint8Array, AeadError>> {
  const algorithm = parameters(nonce, aad);
  const prepared = await ready(key);
  try {
    return ok(new Uint8Array(await crypto.subtle.decrypt(algorithm, prepared, asBufferSource(ciphertext))));
  } catch {
    return err({ code: "AeadOpenFailed" });
  }
}
