/**
 * Answers to `sidechain_fetchBlocksFromPeer`, strictly read.
 *
 * Source: worker `sidechain/peer-fetch/src/untrusted_peer_fetch.rs` (839eda024)
 *
 * @module
 */
import { err, ok, type Result } from "../../primitives/result.ts";
import { signedBlockFromJson } from "../../types/signed_block_json.ts";
import { type SignedBlock } from "../../types/signed_block.ts";
import { toHex } from "../../primitives/hex.ts";
import { MAX_BLOCKS_PER_CALL } from "../../enclave/api/limits.ts";

/** Method that gives stored blocks. */
const FETCH_BLOCKS = "sidechain_fetchBlocksFromPeer";
/**
 * Longest answer with blocks: a byte of a diff takes up to four characters, and a peer sends 4 MiB of blocks, or one block of
 * up to 9 MiB.
 */
export const MAX_FETCH_ANSWER_LENGTH: number = 40 * 1024 * 1024;

/** Why an answer is none. */
export interface FetchAnswerError {
  readonly code: "AnswerTooLong" | "NotJson" | "Refused" | "TooManyBlocks" | "InvalidBlock";
}

/** The request for the blocks after one, up to the peer's newest. */
export function fetchRequest(id: number, from: Uint8Array, shard: Uint8Array): string {
  const range = [toHex(from), null, toHex(shard)];
  return JSON.stringify({ jsonrpc: "2.0", id, method: FETCH_BLOCKS, params: [range] });
}

/** Reads an answer. */
export function readFetchAnswer(text: string): Result<readonly SignedBlock[], FetchAnswerError> {
  if (text.length > MAX_FETCH_ANSWER_LENGTH) return err({ code: "AnswerTooLong" });
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return err({ code: "NotJson" });
  }
  const result: unknown = typeof answer === "object" && answer !== null ? Reflect.get(answer, "result") : undefined;
  if (!Array.isArray(result)) return err({ code: "Refused" });
  if (result.length > MAX_BLOCKS_PER_CALL) return err({ code: "TooManyBlocks" });
  const blocks: SignedBlock[] = [];
  for (const json of result) {
    const block = signedBlockFromJson(json);
    if (!block.ok) return err({ code: "InvalidBlock" });
    blocks.push(block.value);
  }
  return ok(blocks);
}
