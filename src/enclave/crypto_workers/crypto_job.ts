/**
 * What can be asked of a crypto worker, and the messages between the enclave and its nested workers.
 *
 * 1. The enclave sends one {@linkcode CryptoBoot}; the worker answers {@linkcode CRYPTO_READY} when it can work.
 * 2. Then batches go in and answers come out, each as one transferred array: {@linkcode cryptoJobs} and
 *    {@linkcode cryptoAnswers} as SCALE, one answer for each job in the order of the jobs.
 *
 * These ports exist between the enclave and the workers it has started itself: nobody else holds an end.
 *
 * @module
 */
import { bool, bytes, type Codec, struct, unit, type Variant, variant, vec } from "../../codec/codec.ts";
import { MAX_RSA_BLOCKS, RSA_BLOCK_LENGTH, RSA_CHUNK_LENGTH } from "../../crypto/rsa_oaep.ts";
import type { EnclaveFingerprint, ShardIdentifier } from "../../primitives/branded.ts";
import { type TrustedCallSigned, trustedCallSigned } from "../../types/trusted_call_signed.ts";
import { type TrustedGetterSigned, trustedGetterSigned } from "../../types/getter.ts";

/** Longest ciphertext that is decrypted: what is longer could not be decrypted anyway. */
export const MAX_OPEN_BYTES: number = MAX_RSA_BLOCKS * RSA_BLOCK_LENGTH;
/** Longest decrypted operation: as much as a ciphertext can hold. */
export const MAX_OPERATION_BYTES: number = MAX_RSA_BLOCKS * RSA_CHUNK_LENGTH;
/** Most jobs of one batch on the port; the pool fills batches by cost, which gives fewer. */
export const MAX_BATCH_JOBS = 128;

/** One piece of work. */
export type CryptoJob = Variant<{
  /** RSA ciphertext of a trusted operation: decrypt, decode, check the signature of a call. */
  open: Uint8Array;
  /** Whether a trusted getter carries its signature. */
  getter: TrustedGetterSigned;
  /** Whether a trusted call carries its signature. */
  call: TrustedCallSigned;
}>;

/** A decrypted operation. */
export interface OpenedOperation {
  /** SCALE bytes; they decode. */
  readonly operation: Uint8Array;
  /** Whether it is a call that carries the signature of its delegate, or else of its sender. */
  readonly isSigned: boolean;
}

/** What came of one piece of work. */
export type CryptoAnswer = Variant<{
  /** The ciphertext was not made for the shielding key. */
  undecipherable: undefined;
  /** What was in the ciphertext is no trusted operation. */
  undecodable: undefined;
  opened: OpenedOperation;
  /** Whether the signature is good. */
  verified: boolean;
}>;

/** SCALE codec of a batch. */
export const cryptoJobs: Codec<readonly CryptoJob[]> = vec(
  variant<{ open: Uint8Array; getter: TrustedGetterSigned; call: TrustedCallSigned }>({
    open: [0, bytes(MAX_OPEN_BYTES)],
    getter: [1, trustedGetterSigned],
    call: [2, trustedCallSigned],
  }),
  MAX_BATCH_JOBS,
);

/** SCALE codec of the answers to a batch. */
export const cryptoAnswers: Codec<readonly CryptoAnswer[]> = vec(
  variant<{ undecipherable: undefined; undecodable: undefined; opened: OpenedOperation; verified: boolean }>({
    undecipherable: [0, unit],
    undecodable: [1, unit],
    opened: [2, struct<OpenedOperation>({ operation: bytes(MAX_OPERATION_BYTES), isSigned: bool })],
    verified: [3, bool],
  }),
  MAX_BATCH_JOBS,
);

/** What a crypto worker computes with. */
export interface CryptoKeys {
  /** Private half of the shielding key; workers get one that cannot be exported. */
  readonly shieldingKey: CryptoKey;
  readonly fingerprint: EnclaveFingerprint;
  readonly shard: ShardIdentifier;
}

/** First message to a nested worker: it makes it a crypto worker. */
export interface CryptoBoot {
  readonly type: "crypto_boot";
  readonly keys: CryptoKeys;
}

/** A worker's answer to {@linkcode CryptoBoot}. */
export const CRYPTO_READY = "crypto_ready";

/** A batch, and in the other direction its answers. */
export interface CryptoBatch {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** Whether a message is a {@linkcode CryptoBoot}. */
export function isCryptoBoot(message: unknown): message is CryptoBoot {
  const candidate = message as Partial<CryptoBoot> | null;
  return typeof candidate === "object" && candidate?.type === "crypto_boot" &&
    candidate.keys?.shieldingKey instanceof CryptoKey && candidate.keys.fingerprint instanceof Uint8Array &&
    candidate.keys.shard instanceof Uint8Array;
}

/** Whether a message is a {@linkcode CryptoBatch}. */
export function isCryptoBatch(message: unknown): message is CryptoBatch {
  const candidate = message as Partial<CryptoBatch> | null;
  return typeof candidate === "object" && typeof candidate?.id === "number" && candidate.bytes instanceof Uint8Array;
}
