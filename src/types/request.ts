/**
 * An encrypted operation and the shard it is for.
 *
 * Source: worker `core-primitives/types/src/lib.rs#Request` (839eda024)
 *
 * @module
 */
import { bytes, type Codec, struct } from "../codec/codec.ts";
import type { ShardIdentifier } from "../primitives/branded.ts";
import { shardIdentifierCodec } from "./ids.ts";

/** Most bytes of a ciphertext: 170 RSA blocks of 384 bytes, room for 54,060 bytes of plaintext, above any call. */
export const MAX_CYPHERTEXT_BYTES: number = 170 * 384;

/** An encrypted operation; the fields are in wire order. */
export interface Request {
  /** The shard that shall handle it. */
  readonly shard: ShardIdentifier;
  /** RSA ciphertext of a trusted operation; for getters their plain bytes. At most {@linkcode MAX_CYPHERTEXT_BYTES}. */
  readonly cyphertext: Uint8Array;
}

/** SCALE codec of {@linkcode Request}. */
export const request: Codec<Request> = struct<Request>({
  shard: shardIdentifierCodec,
  cyphertext: bytes(MAX_CYPHERTEXT_BYTES),
});
