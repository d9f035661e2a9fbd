/**
 * Ed25519 by RFC 8032, strict: the key and R must be canonical, s below the group order, the key not of small order.
 *
 * Differs: Substrate verifies by ZIP-215, which also takes odd encodings that no honest signer makes; they are refused
 * here. Left to the owner of a key with a part of small order is a signature that the synchronous function takes and the
 * native one refuses; nothing may hang on the two agreeing there.
 *
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { asBufferSource, concatBytes, utf8 } from "../primitives/bytes.ts";
import { blake2_256 } from "./blake2.ts";
import { activeCrypto, portableCrypto } from "./implementation.ts";

/** Length of a signature in bytes. */
export const ED25519_SIGNATURE_LENGTH = 64;
const KEY_LENGTH = 32;
/** Order of the base point. */
const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
/** The field prime. */
const FIELD_PRIME = (1n << 255n) - 19n;

/** A key pair. */
export interface Ed25519Pair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The 32 bytes that the secret scalar is hashed from. */
  readonly seed: Uint8Array;
}

/** The pair of a 32-byte seed. @throws {RangeError} If there are not 32 bytes. */
export function ed25519FromSeed(seed: Uint8Array): Ed25519Pair {
  return { publicKey: ed25519.getPublicKey(seed), seed };
}

/** Signs a message; the same message gives the same 64 bytes. */
export function ed25519Sign(pair: Ed25519Pair, message: Uint8Array): Uint8Array {
  return activeCrypto().ed25519Sign(pair.seed, message);
}

/** Whether the signature is that of the message by this key; false, too, for anything malformed. */
export function ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (!isStrictlyEncoded(signature, publicKey)) return false;
  try {
    return activeCrypto().ed25519Verify(signature, message, publicKey);
  } catch {
    return false;
  }
}

/**
 * As {@linkcode ed25519Verify}, but by WebCrypto where the portable code is in use: native speed, for what many may send. An
 * implementation of another kind is fast itself, and is asked in its place.
 */
export async function ed25519VerifyAsync(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): Promise<boolean> {
  if (activeCrypto().ed25519Verify !== portableCrypto.ed25519Verify) {
    return ed25519Verify(signature, message, publicKey);
  }
  if (!isStrictlyEncoded(signature, publicKey)) return false;
  try {
    const key = await crypto.subtle.importKey("raw", asBufferSource(publicKey), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, asBufferSource(signature), asBufferSource(message));
  } catch {
    return false;
  }
}

/**
 * Seed of the child under a hard junction; ed25519 has no soft ones.
 *
 * Source: worker `enclave-runtime/src/shard_vault.rs` uses `sp_core::ed25519::Pair::derive` (839eda024)
 */
export function ed25519DeriveHard(seed: Uint8Array, chainCode: Uint8Array): Uint8Array {
  // 0x2c is the compact length of the eleven letters.
  return blake2_256(concatBytes(new Uint8Array([0x2c]), utf8("Ed25519HDKD"), seed, chainCode));
}

/** y coordinate of two of the four points of order eight; the other two have its negative. */
const ORDER_EIGHT_Y = 0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** y coordinates of the eight points of small order: such keys accept forged signatures. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  ORDER_EIGHT_Y,
  FIELD_PRIME - ORDER_EIGHT_Y,
]);

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

/** What native implementations differ in is decided here, before any of them is asked. */
function isStrictlyEncoded(signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== ED25519_SIGNATURE_LENGTH || publicKey.length !== KEY_LENGTH) return false;
  const signBit = 1n << 255n;
  const y = littleEndian(publicKey) & (signBit - 1n);
  const rY = littleEndian(signature.subarray(0, 32)) & (signBit - 1n);
  if (y >= FIELD_PRIME || rY >= FIELD_PRIME || SMALL_ORDER_Y.has(y)) return false;
  return littleEndian(signature.subarray(32)) < GROUP_ORDER;
}
