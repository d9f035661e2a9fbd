/**
 * What a block carries encrypted: its diff, and what became of each call, so that every validateer can answer for a call
 * whoever executed it.
 *
 * Differs: worker `core-primitives/stf-primitives/src/types.rs#StatePayload` (839eda024) has no receipts.
 *
 * @module
 */
import { type Codec, struct, tryDecode } from "../codec/codec.ts";
import { err, type Result } from "../primitives/result.ts";
import { type StateDiff, stateDiff } from "../state/diff.ts";
import { decryptDiff, type DecryptDiffError } from "../state/diff_encryption.ts";
import type { StateKeys } from "../state/state_keys.ts";
import { type Receipt, receipts } from "../types/receipt.ts";
import type { Block } from "../types/signed_block.ts";

/** The plain payload of a block. */
export interface BlockPayload {
  /** What the block changes in the state. */
  readonly diff: StateDiff;
  /** Outcome of each call tried, in order of execution. */
  readonly receipts: readonly Receipt[];
}

/** SCALE codec of {@linkcode BlockPayload}. */
export const blockPayload: Codec<BlockPayload> = struct<BlockPayload>({ diff: stateDiff, receipts });

/** Why the payload of a block cannot be opened. */
export type OpenPayloadError =
  | DecryptDiffError
  /** It decrypts, and is no payload. */
  | { readonly code: "Undecodable" };

/** Decrypts and decodes the payload of a block; only what was made for this shard, place and author decrypts. */
export async function openPayload(
  { header, blockData }: Block,
  keys: StateKeys,
): Promise<Result<BlockPayload, OpenPayloadError>> {
  const { shardId: shard, blockNumber, parentHash } = header;
  const context = { shard, blockNumber, parentHash, author: blockData.blockAuthor };
  const plain = await decryptDiff(keys, context, blockData.encryptedStateDiff);
  if (!plain.ok) return plain;
  const decoded = tryDecode(blockPayload, plain.value);
  return decoded.ok ? decoded : err({ code: "Undecodable" });
}
