/**
 * JSON form of a signed block: what `sidechain_fetchBlocksFromPeer` answers on the untrusted port.
 *
 * Source: worker `sidechain/primitives/src/types/block.rs#SignedBlock`, its serde form (839eda024)
 * Differs: the four fields that our body has more stand beside the others, under their snake_case names.
 *
 * @module
 */
import { decodeSs58, encodeSs58, SS58_PREFIX_SUBSTRATE } from "../crypto/ss58.ts";
import { blockHash, h256, shardIdentifier, topHash } from "../primitives/branded.ts";
import { fromHex, toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { type BlockData, MAX_STATE_DIFF_BYTES, MAX_TOPS_PER_BLOCK } from "./block_data.ts";
import type { SidechainHeader } from "./sidechain_header.ts";
import type { SignedBlock } from "./signed_block.ts";

/** The JSON object; hashes are `0x…`, the author is an SS58 address with prefix 42, the diff an array of numbers. */
export interface SignedBlockJson {
  /** Header and body. */
  readonly block: { readonly header: SidechainHeaderJson; readonly block_data: BlockDataJson };
  /** 128 hex digits without `0x`. */
  readonly signature: { readonly Ed25519: string };
}

/** JSON form of a header. */
export interface SidechainHeaderJson {
  /** Hash of the parent header. */
  readonly parent_hash: string;
  /** Number of the block. */
  readonly block_number: number;
  /** The shard. */
  readonly shard_id: string;
  /** Hash of the body's summary. */
  readonly block_data_hash: string;
  /** The next block number to be confirmed. */
  readonly next_finalization_block_number: number;
}

/** JSON form of a body. */
export interface BlockDataJson {
  /** When the block was made, ms since the epoch. */
  readonly timestamp: number;
  /** The newest Integritee block that the block knows. */
  readonly layer_one_head: string;
  /** SS58 address of the author, prefix 42. */
  readonly block_author: string;
  /** Hashes of the executed operations. */
  readonly signed_top_hashes: readonly string[];
  /** Bytes of the encrypted state diff. */
  readonly encrypted_state_diff: readonly number[];
  /** Number of `layer_one_head`. */
  readonly layer_one_number: number;
  /** Hash of the receipts. */
  readonly receipts_hash: string;
  /** Hash of the prologue. */
  readonly prologue_hash: string;
  /** Root of the private state after the block. */
  readonly state_root: string;
}

/** Why a JSON value is not a signed block. */
export interface BlockJsonError {
  /** Tag. */
  readonly code: "InvalidBlockJson";
  /** Name of the field that is missing or malformed. */
  readonly field: string;
}

/** The JSON form of a block. @throws {RangeError} If a number is above 2^53 − 1, which JSON cannot carry. */
export function signedBlockToJson({ block: { header, blockData }, signature }: SignedBlock): SignedBlockJson {
  return {
    block: {
      header: {
        parent_hash: toHex(header.parentHash),
        block_number: safeNumber(header.blockNumber),
        shard_id: toHex(header.shardId),
        block_data_hash: toHex(header.blockDataHash),
        next_finalization_block_number: safeNumber(header.nextFinalizationBlockNumber),
      },
      block_data: {
        timestamp: safeNumber(blockData.timestamp),
        layer_one_head: toHex(blockData.layerOneHead),
        block_author: encodeSs58(blockData.blockAuthor, SS58_PREFIX_SUBSTRATE),
        signed_top_hashes: blockData.signedTopHashes.map((hash) => toHex(hash)),
        encrypted_state_diff: [...blockData.encryptedStateDiff],
        layer_one_number: blockData.layerOneNumber,
        receipts_hash: toHex(blockData.receiptsHash),
        prologue_hash: toHex(blockData.prologueHash),
        state_root: toHex(blockData.stateRoot),
      },
    },
    signature: { Ed25519: toHex(signature.value).slice(2) },
  };
}

/** Reads the JSON form; unknown fields are ignored, as serde does. */
export function signedBlockFromJson(json: unknown): Result<SignedBlock, BlockJsonError> {
  try {
    const block = objectField(json, "block");
    const signature = objectField(json, "signature");
    return ok({
      block: {
        header: readHeader(objectField(block, "header")),
        blockData: readBlockData(objectField(block, "block_data")),
      },
      signature: { type: "Ed25519", value: readField(signature, "Ed25519", readSignature) },
    });
  } catch (error) {
    if (error instanceof FieldError) return err({ code: "InvalidBlockJson", field: error.field });
    throw error;
  }
}

class FieldError extends Error {
  override readonly name = "FieldError";
  constructor(readonly field: string) {
    super(`Cannot read block: field "${field}" is missing or malformed`);
  }
}

function readHeader(json: object): SidechainHeader {
  return {
    parentHash: readField(json, "parent_hash", (value) => blockHash(readBytes(value, 32))),
    blockNumber: readField(json, "block_number", readU64),
    shardId: readField(json, "shard_id", (value) => shardIdentifier(readBytes(value, 32))),
    blockDataHash: readField(json, "block_data_hash", (value) => h256(readBytes(value, 32))),
    nextFinalizationBlockNumber: readField(json, "next_finalization_block_number", readU64),
  };
}

function readBlockData(json: object): BlockData {
  return {
    timestamp: readField(json, "timestamp", readU64),
    layerOneHead: readField(json, "layer_one_head", (value) => blockHash(readBytes(value, 32))),
    blockAuthor: readField(json, "block_author", readAuthor),
    signedTopHashes: readField(
      json,
      "signed_top_hashes",
      (value) => readArray(value, MAX_TOPS_PER_BLOCK).map((hash) => topHash(readBytes(hash, 32))),
    ),
    encryptedStateDiff: readField(
      json,
      "encrypted_state_diff",
      (value) => Uint8Array.from(readArray(value, MAX_STATE_DIFF_BYTES), (byte) => readInteger(byte, 0xff)),
    ),
    layerOneNumber: readField(json, "layer_one_number", (value) => readInteger(value, 0xffff_ffff)),
    receiptsHash: readField(json, "receipts_hash", (value) => h256(readBytes(value, 32))),
    prologueHash: readField(json, "prologue_hash", (value) => h256(readBytes(value, 32))),
    stateRoot: readField(json, "state_root", (value) => h256(readBytes(value, 32))),
  };
}

function readField<T>(json: object, field: string, read: (value: unknown) => T): T {
  const value: unknown = Object.hasOwn(json, field) ? Reflect.get(json, field) : undefined;
  try {
    return read(value);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new FieldError(field);
    throw error;
  }
}

function objectField(json: unknown, field: string): object {
  if (typeof json !== "object" || json === null) throw new FieldError(field);
  return readField(json, field, (value) => {
    if (typeof value !== "object" || value === null) throw new TypeError("want an object");
    return value;
  });
}

function readBytes(value: unknown, length: number): Uint8Array {
  // The length is checked before anything is allocated for the bytes.
  if (typeof value !== "string" || value.length !== 2 + 2 * length) throw new TypeError(`want ${length} bytes as hex`);
  return fromHex(value);
}

function readSignature(value: unknown): Uint8Array {
  return readBytes(typeof value === "string" ? `0x${value}` : value, 64);
}

function readAuthor(value: unknown): BlockData["blockAuthor"] {
  if (typeof value !== "string") throw new TypeError("want an address");
  const { account, prefix } = decodeSs58(value);
  if (prefix !== SS58_PREFIX_SUBSTRATE) throw new TypeError(`want prefix ${SS58_PREFIX_SUBSTRATE}, got ${prefix}`);
  return account;
}

function readArray(value: unknown, max: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > max) throw new TypeError(`want an array of at most ${max}`);
  return value;
}

function readInteger(value: unknown, max: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new TypeError(`want an integer from 0 to ${max}`);
  }
  return value;
}

function readU64(value: unknown): bigint {
  return BigInt(readInteger(value, Number.MAX_SAFE_INTEGER));
}

function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`Cannot write ${value} as a JSON number`);
  return Number(value);
}
