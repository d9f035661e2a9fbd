/**
 * What validateers of a shard tell each other of waiting operations: batches that only they can read, padded so that their
 * length says little about what is in them.
 *
 * A batch is encrypted with AES-256-GCM under `HKDF(stateKey[epoch], salt, "gossip/1" ‖ sender)`; shard, epoch and sender are
 * authenticated with it.
 *
 * Differs: the original tells other validateers of no operation.
 *
 * @module
 */
import { bytes, bytesOf, type Codec, struct, tryDecode, u32, u8, vec } from "../../codec/codec.ts";
import { AEAD_NONCE_LENGTH, AEAD_TAG_LENGTH, aeadOpen, aeadSeal } from "../../crypto/aead.ts";
import { hkdfSha256 } from "../../crypto/hkdf.ts";
import type { AccountId } from "../../primitives/branded.ts";
import { concatBytes, utf8 } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { stateKeyOfEpoch, type StateKeys } from "../../state/state_keys.ts";
import { accountIdCodec } from "../../types/ids.ts";
import { MAX_OPERATION_BYTES } from "../crypto_workers/crypto_job.ts";

/** Most operations of a batch: what twenty clients send in a slot and more; the rest goes with the next. */
export const MAX_GOSSIP_OPERATIONS = 512;
/** Longest batch in clear: room for a dozen of the longest operations, or hundreds of transfers. */
export const MAX_GOSSIP_PLAIN_BYTES: number = 256 * 1024;
/** Shortest batch in clear: a few transfers; longer ones have this length times a power of two. */
export const MIN_GOSSIP_PLAIN_BYTES = 1024;
/** Bytes of the random salt of a batch's key. */
export const GOSSIP_SALT_LENGTH = 32;

/** Version of the form. */
const VERSION = 1;
const DOMAIN = utf8("gossip/1");
/** The nonce may be fixed, because each key encrypts one batch. */
const NONCE = new Uint8Array(AEAD_NONCE_LENGTH);

/** A message; the fields are in wire order. */
export interface GossipMessage {
  readonly version: number;
  /** Epoch of the state key. */
  readonly epoch: number;
  /** Who sends it; only another enclave of the shard can name somebody else. */
  readonly sender: AccountId;
  readonly salt: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** SCALE codec of {@linkcode GossipMessage}. */
export const gossipMessage: Codec<GossipMessage> = struct<GossipMessage>({
  version: u8,
  epoch: u32,
  sender: accountIdCodec,
  salt: bytesOf(GOSSIP_SALT_LENGTH),
  ciphertext: bytes(MAX_GOSSIP_PLAIN_BYTES + AEAD_TAG_LENGTH),
});

const batch: Codec<readonly Uint8Array[]> = vec(bytes(MAX_OPERATION_BYTES), MAX_GOSSIP_OPERATIONS);

/** Why a message is not read. */
export interface GossipError {
  readonly code: "UnknownVersion" | "UnknownEpoch" | "NotAuthentic" | "Malformed";
}

/** Bytes that an operation takes in a batch. */
export function sizeInBatch(operation: Uint8Array): number {
  return operation.length + 4;
}

/** Encrypts encoded operations. @throws {RangeError} If they are too many or too long. */
export async function sealGossip(
  keys: StateKeys,
  shard: Uint8Array,
  sender: AccountId,
  salt: Uint8Array,
  operations: readonly Uint8Array[],
): Promise<Uint8Array> {
  const { epoch, stateKey } = keys;
  const key = hkdfSha256(stateKey, salt, concatBytes(DOMAIN, sender), 32);
  const plain = padded(batch.encode(operations));
  const ciphertext = await aeadSeal(key, NONCE, boundTo(shard, epoch, sender), plain);
  return gossipMessage.encode({ version: VERSION, epoch, sender, salt, ciphertext });
}

/** Decrypts a message; gives encoded operations. */
export async function openGossip(
  keys: StateKeys,
  shard: Uint8Array,
  message: GossipMessage,
): Promise<Result<readonly Uint8Array[], GossipError>> {
  const { version, epoch, sender, salt, ciphertext } = message;
  if (version !== VERSION) return err({ code: "UnknownVersion" });
  const stateKey = stateKeyOfEpoch(keys, epoch);
  if (stateKey === undefined) return err({ code: "UnknownEpoch" });
  const key = hkdfSha256(stateKey, salt, concatBytes(DOMAIN, sender), 32);
  const opened = await aeadOpen(key, NONCE, boundTo(shard, epoch, sender), ciphertext);
  if (!opened.ok) return err({ code: "NotAuthentic" });
  return readBatch(opened.value);
}

function readBatch(plain: Uint8Array): Result<readonly Uint8Array[], GossipError> {
  let length: number;
  try {
    length = batch.decodePrefix(plain).length;
  } catch {
    return err({ code: "Malformed" });
  }
  const isPadded = plain.length === paddedLength(length) && plain.subarray(length).every((byte) => byte === 0);
  const operations = isPadded ? tryDecode(batch, plain.subarray(0, length)) : undefined;
  return operations?.ok === true ? ok(operations.value) : err({ code: "Malformed" });
}

function padded(plain: Uint8Array): Uint8Array {
  const length = paddedLength(plain.length);
  if (length > MAX_GOSSIP_PLAIN_BYTES) throw new RangeError(`Cannot seal gossip: ${plain.length} bytes are too many`);
  const result = new Uint8Array(length);
  result.set(plain);
  return result;
}

function paddedLength(length: number): number {
  let padded = MIN_GOSSIP_PLAIN_BYTES;
  while (padded < length) padded *= 2;
  return padded;
}

function boundTo(shard: Uint8Array, epoch: number, sender: AccountId): Uint8Array {
  return concatBytes(DOMAIN, shard, u32.encode(epoch), sender);
}
