/**
 * Codecs of the branded 32-byte values of `src/primitives/branded.ts`: 32 raw bytes each.
 *
 * Source: worker `core-primitives/types/src/lib.rs#AccountId`, `#ShardIdentifier`, `#MrEnclave` (839eda024)
 *
 * @module
 */
import { bytesOf, type Codec, mapped } from "../codec/codec.ts";
import {
  type AccountId,
  accountId,
  type BlockHash,
  blockHash,
  type EnclaveFingerprint,
  enclaveFingerprint,
  type H256,
  h256,
  type ShardIdentifier,
  shardIdentifier,
  type TopHash,
  topHash,
} from "../primitives/branded.ts";

function branded<T extends Uint8Array>(brand: (bytes: Uint8Array) => T): Codec<T> {
  return mapped(bytesOf(32), brand, (value) => value);
}

/** SCALE codec of {@linkcode H256}. */
export const h256Codec: Codec<H256> = branded(h256);
/** SCALE codec of {@linkcode AccountId}. */
export const accountIdCodec: Codec<AccountId> = branded(accountId);
/** SCALE codec of {@linkcode ShardIdentifier}. */
export const shardIdentifierCodec: Codec<ShardIdentifier> = branded(shardIdentifier);
/** SCALE codec of {@linkcode BlockHash}. */
export const blockHashCodec: Codec<BlockHash> = branded(blockHash);
/** SCALE codec of {@linkcode TopHash}. */
export const topHashCodec: Codec<TopHash> = branded(topHash);
/** SCALE codec of {@linkcode EnclaveFingerprint}. */
export const enclaveFingerprintCodec: Codec<EnclaveFingerprint> = branded(enclaveFingerprint);
