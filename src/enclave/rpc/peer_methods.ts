/**
 * The methods by which validateers of the shard tell each other of blocks and of waiting operations.
 *
 * Source: worker `enclave-runtime/src/rpc/worker_api_direct.rs` (839eda024)
 *
 * @module
 */
import { hexParam, positional, type RawParams } from "../../transport/params.ts";
import { INVALID_PARAMS, RpcError } from "../../transport/rpc_error.ts";
import { type SignedBlock, signedBlocks } from "../../types/signed_block.ts";
import { defineMethod, type RpcMethod } from "../../transport/router.ts";
import { MAX_BLOCK_BYTES, MAX_GOSSIP_MESSAGE_BYTES } from "../api/limits.ts";
import type { RpcService } from "./rpc_service.ts";

/**
 * Tokens of a message: anybody can name a validateer as its sender, and has it decrypted. A validateer sends fifty a second at
 * most, which takes half of what a connection has.
 */
const GOSSIP_COST = 50;
/**
 * Tokens of each pushed block: it is decoded before it is known whose it is. A peer that comes back may send all that waited
 * for it at once.
 */
const IMPORT_COST = 20;
/** Most blocks of one push; a validateer sends each block by itself, once it is made. */
export const MAX_PUSHED_BLOCKS = 8;

/** How many blocks a SCALE list of them says it holds, by its first byte: more than are taken if it needs a longer prefix. */
function countOf(prefix: number): number {
  return (prefix & 3) === 0 ? prefix >> 2 : MAX_PUSHED_BLOCKS + 1;
}

function importCost(params: RawParams): number {
  const [text] = Array.isArray(params) ? params : [];
  const prefix = typeof text === "string" ? Number.parseInt(text.replace(/^0x/, "").slice(0, 2), 16) : 0;
  return IMPORT_COST * Math.max(1, Math.min(countOf(prefix), MAX_PUSHED_BLOCKS));
}

function importParams(params: RawParams): readonly SignedBlock[] {
  const encoded = hexParam(positional(params, 1, 1)[0], MAX_BLOCK_BYTES + 8);
  try {
    if (countOf(encoded[0] ?? 0) <= MAX_PUSHED_BLOCKS) return signedBlocks.decode(encoded);
  } catch {
    // Answered in the same way as too many of them.
  }
  throw new RpcError(INVALID_PARAMS, "Invalid parameters: Could not decode Vec<SignedBlock>");
}

/** The methods for other validateers. */
export function peerMethods(): RpcMethod<RpcService>[] {
  return [
    defineMethod({
      name: "sidechain_importBlock",
      summary: "Takes blocks of a peer",
      paramNames: ["blocks"],
      cost: importCost,
      decode: importParams,
      handle: async (blocks, service: RpcService, call) => {
        if (await service.importBlocks(blocks, call.connection) === "taken") return "ok";
        call.close("a block is not signed by its author");
        throw new RpcError(INVALID_PARAMS, "Invalid parameters: A block is not signed by its author");
      },
    }),
    defineMethod({
      name: "sidechain_gossipTops",
      summary: "Takes encrypted operations of a validateer of the shard",
      paramNames: ["message"],
      cost: GOSSIP_COST,
      decode: (params) => hexParam(positional(params, 1, 1)[0], MAX_GOSSIP_MESSAGE_BYTES),
      handle: (message, service: RpcService) => {
        service.gossip(message);
        return "ok";
      },
    }),
  ];
}
