/**
 * The shielding key: RSA-OAEP with 3072 bits and SHA-256, in blocks.
 *
 * Source: worker `core-primitives/sgx/crypto/src/rsa3072.rs` (839eda024)
 *
 * @module
 */
import { asBufferSource, concatBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";

/** Bytes of the modulus and of each ciphertext block: 3072 bits. */
export const RSA_BLOCK_LENGTH = 384;
/** Most plaintext one block holds: 384 − 2·32 − 2, by OAEP with SHA-256. */
export const RSA_CHUNK_LENGTH = 318;
/** Most blocks of one ciphertext, 20,352 bytes of plaintext: each costs about 3 ms of private-key arithmetic. */
export const MAX_RSA_BLOCKS = 64;

/** WebCrypto's name of the scheme. */
export const RSA_ALGORITHM = { name: "RSA-OAEP", hash: "SHA-256" } as const;

/** Why a ciphertext was not decrypted. */
export type RsaError =
  /** The length is no multiple of a block, or above {@linkcode MAX_RSA_BLOCKS} blocks. */
  | { readonly code: "RsaLengthInvalid"; readonly length: number }
  /** A block was not made for this key. */
  | { readonly code: "RsaDecryptFailed" };

/** Both halves of the shielding key, extractable because they are sealed and provisioned. */
export interface ShieldingKeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

/**
 * Draws a new shielding key; takes 0.1 to 1 s.
 *
 * Differs: the exponent is 65537 instead of the SGX SDK's 16777217; clients import any.
 */
export async function generateShieldingKey(): Promise<ShieldingKeyPair> {
  const parameters = {
    ...RSA_ALGORITHM,
    modulusLength: 8 * RSA_BLOCK_LENGTH,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  return await crypto.subtle.generateKey(parameters, true, ["encrypt", "decrypt"]);
}

/** The private half as a key that decrypts and cannot be exported any more. */
export async function decryptOnly(privateKey: CryptoKey): Promise<CryptoKey> {
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", privateKey);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, RSA_ALGORITHM, false, ["decrypt"]);
  new Uint8Array(pkcs8).fill(0);
  return key;
}

/** Encrypts in chunks of {@linkcode RSA_CHUNK_LENGTH}; nothing stays nothing. @throws {RangeError} If it is too long. */
export async function rsaEncrypt(publicKey: CryptoKey, plaintext: Uint8Array): Promise<Uint8Array> {
  if (plaintext.length > MAX_RSA_BLOCKS * RSA_CHUNK_LENGTH) {
    throw new RangeError(`Cannot encrypt ${plaintext.length} bytes: at most ${MAX_RSA_BLOCKS * RSA_CHUNK_LENGTH}`);
  }
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < plaintext.length; at += RSA_CHUNK_LENGTH) {
    const chunk = asBufferSource(plaintext.subarray(at, at + RSA_CHUNK_LENGTH));
    blocks.push(new Uint8Array(await crypto.subtle.encrypt("RSA-OAEP", publicKey, chunk)));
  }
  return concatBytes(...blocks);
}

/**
 * Decrypts what {@linkcode rsaEncrypt} made. A single short block is padded on the left: some clients strip the zero
 * bytes a ciphertext begins with.
 */
export async function rsaDecrypt(
  privateKey: CryptoKey,
  ciphertext: Uint8Array,
): Promise<Result<Uint8Array, RsaError>> {
  const padded = padShortBlock(ciphertext);
  const { length } = padded;
  if (length % RSA_BLOCK_LENGTH !== 0 || length > MAX_RSA_BLOCKS * RSA_BLOCK_LENGTH) {
    return err({ code: "RsaLengthInvalid", length: ciphertext.length });
  }
  const chunks: Uint8Array[] = [];
  try {
    for (let at = 0; at < length; at += RSA_BLOCK_LENGTH) {
      const block = asBufferSource(padded.subarray(at, at + RSA_BLOCK_LENGTH));
      chunks.push(new Uint8Array(await crypto.subtle.decrypt("RSA-OAEP", privateKey, block)));
    }
  } catch {
    return err({ code: "RsaDecryptFailed" });
  }
  return ok(concatBytes(...chunks));
}

function padShortBlock(ciphertext: Uint8Array): Uint8Array {
  if (ciphertext.length === 0 || ciphertext.length >= RSA_BLOCK_LENGTH) return ciphertext;
  return concatBytes(new Uint8Array(RSA_BLOCK_LENGTH - ciphertext.length), ciphertext);
}
