/**
 * Encryption of a block's diff: AES-256-GCM under a key of its own.
 *
 * Differs: AES-256-GCM instead of AES-128-OFB; each diff has a key of its own, derived with a random salt, and shard,
 * number, parent and author are authenticated with it.
 *
 * A diff that decrypts was thus made by a holder of the state key, for a block of the author named: enclaves name nobody
 * but themselves, and the author's signature covers the rest of the block. Who has no state key, like a host, cannot put a
 * diff into a block that he signs himself.
 *
 * @module
 */
import { u32, u64 } from "../codec/codec.ts";
import { AEAD_NONCE_LENGTH, AEAD_TAG_LENGTH, aeadOpen, aeadSeal } from "../crypto/aead.ts";
import { hkdfSha256 } from "../crypto/hkdf.ts";
import { concatBytes, utf8 } from "../primitives/bytes.ts";
import { err, type Result } from "../primitives/result.ts";
import { stateKeyOfEpoch, type StateKeys } from "./state_keys.ts";

/** Bytes of the random salt of a diff's key. */
export const DIFF_SALT_LENGTH = 32;
/** Bytes that encryption adds: epoch, salt and tag. */
export const DIFF_OVERHEAD = 4 + DIFF_SALT_LENGTH + AEAD_TAG_LENGTH;

/** What the key of a diff is for, and the version of what is bound to it: any change to {@linkcode DiffContext} raises it. */
const DOMAIN = utf8("integritee-edge/diff/1");
/** The nonce may be fixed, because each key encrypts one diff. */
const NONCE = new Uint8Array(AEAD_NONCE_LENGTH);

/** The block that a diff belongs to. */
export interface DiffContext {
  readonly shard: Uint8Array;
  /** Number of the block. */
  readonly blockNumber: bigint;
  /** Hash of the block's parent. */
  readonly parentHash: Uint8Array;
  /** Account of the author, as the block names it. */
  readonly author: Uint8Array;
}

/** Why a diff cannot be decrypted. */
export type DecryptDiffError =
  /** Shorter than {@linkcode DIFF_OVERHEAD}. */
  | { readonly code: "DiffTooShort"; readonly length: number }
  /** Encrypted under the state key of an epoch that this enclave does not have. */
  | { readonly code: "UnknownEpoch"; readonly epoch: number }
  /** Changed, or of another shard, number, parent or author. */
  | { readonly code: "DiffNotAuthentic" };

/**
 * Encrypts an encoded diff as `epoch u32 ‖ salt ‖ ciphertext ‖ tag`.
 *
 * @param salt {@linkcode DIFF_SALT_LENGTH} fresh random bytes.
 * @throws {RangeError} If the salt has another length.
 */
export async function encryptDiff(
  keys: StateKeys,
  context: DiffContext,
  salt: Uint8Array,
  plain: Uint8Array,
): Promise<Uint8Array> {
  if (salt.length !== DIFF_SALT_LENGTH) {
    throw new RangeError(`Cannot encrypt diff: want a salt of ${DIFF_SALT_LENGTH} bytes, got ${salt.length}`);
  }
  const bound = encodeContext(context);
  const key = hkdfSha256(keys.stateKey, salt, bound, 32);
  return concatBytes(u32.encode(keys.epoch), salt, await aeadSeal(key, NONCE, bound, plain));
}

/** Decrypts what {@linkcode encryptDiff} made for the same block. */
export async function decryptDiff(
  keys: StateKeys,
  context: DiffContext,
  encrypted: Uint8Array,
): Promise<Result<Uint8Array, DecryptDiffError>> {
  if (encrypted.length < DIFF_OVERHEAD) return err({ code: "DiffTooShort", length: encrypted.length });
  const epoch = u32.decode(encrypted.subarray(0, 4));
  const stateKey = stateKeyOfEpoch(keys, epoch);
  if (stateKey === undefined) return err({ code: "UnknownEpoch", epoch });
  const bound = encodeContext(context);
  const key = hkdfSha256(stateKey, encrypted.subarray(4, 4 + DIFF_SALT_LENGTH), bound, 32);
  const opened = await aeadOpen(key, NONCE, bound, encrypted.subarray(4 + DIFF_SALT_LENGTH));
  return opened.ok ? opened : err({ code: "DiffNotAuthentic" });
}

function encodeContext({ shard, blockNumber, parentHash, author }: DiffContext): Uint8Array {
  return concatBytes(DOMAIN, shard, u64.encode(blockNumber), parentHash, author);
}
