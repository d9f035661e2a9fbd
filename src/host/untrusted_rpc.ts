/**
 * The untrusted RPC: stored blocks for peers that catch up.
 *
 * Source: worker `sidechain/peer-fetch/src/block_fetch_server.rs` and `sidechain/storage/src/storage.rs` (839eda024)
 * Differs: an answer holds at most {@linkcode MAX_FETCHED_BLOCKS} blocks and {@linkcode MAX_FETCHED_BYTES}, and blocks
 * older than the pruned range give what is left instead of an error.
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { signedBlock } from "../types/signed_block.ts";
import { signedBlockToJson } from "../types/signed_block_json.ts";
import { hexParam, positional } from "../transport/params.ts";
import { defineMethod, type RpcMethod, RpcRouter } from "../transport/router.ts";
import type { BlockStore, StoredBlock } from "./block_store.ts";

/** Blocks of one answer. */
export const MAX_FETCHED_BLOCKS = 256;
/** Bytes of the blocks of one answer: twice that in hexadecimal, it stays below the largest frame of 9 MiB. */
export const MAX_FETCHED_BYTES: number = 4 * 1024 * 1024;

/** What the methods read. */
export interface UntrustedRpcContext {
  readonly blocks: BlockStore;
  readonly shard: Uint8Array;
}

interface FetchRange {
  readonly from: Uint8Array;
  readonly until: Uint8Array | undefined;
  readonly shard: Uint8Array;
}

const ZERO_HASH = new Uint8Array(32);

/** The router of the untrusted RPC. */
export function createUntrustedRouter(): RpcRouter<UntrustedRpcContext> {
  return new RpcRouter<UntrustedRpcContext>([fetchBlocksFromPeer()]);
}

function fetchBlocksFromPeer(): RpcMethod<UntrustedRpcContext> {
  return defineMethod<UntrustedRpcContext, FetchRange>({
    name: "sidechain_fetchBlocksFromPeer",
    summary: "Signed blocks between two hashes, both exclusive; the zero hash means from the first stored block",
    paramNames: ["[from, until, shard]"],
    cost: 20,
    decode: (params) => {
      const [range] = positional(params, 1, 1);
      if (!Array.isArray(range) || range.length !== 3) throw new TypeError("want [from, until, shard]");
      const [from, until, shard] = range;
      return {
        from: hashParam(from),
        until: until === null ? undefined : hashParam(until),
        shard: hashParam(shard),
      };
    },
    handle: (range, context) =>
      fetchRange(range, context).map((block) => signedBlockToJson(signedBlock.decode(block.bytes))),
  });
}

function hashParam(value: unknown): Uint8Array {
  const hash = hexParam(value, 32);
  if (hash.length !== 32) throw new TypeError(`want 32 bytes, got ${hash.length}`);
  return hash;
}

function fetchRange(
  { from, until, shard }: FetchRange,
  { blocks, shard: own }: UntrustedRpcContext,
): readonly StoredBlock[] {
  if (!equalBytes(shard, own)) return [];
  const fromFirst = equalBytes(from, ZERO_HASH);
  const start = fromFirst ? 0n : blocks.byHash(from)?.number;
  if (start === undefined) return [];
  const end = until === undefined ? undefined : blocks.byHash(until)?.number;
  const found = blocks.from(fromFirst ? 0n : start + 1n, MAX_FETCHED_BLOCKS, MAX_FETCHED_BYTES);
  return end === undefined ? found : found.filter((block) => block.number < end);
}
