/**
 * The method by which validateers of the shard tell each other of waiting operations.
 *
 * @module
 */
import { hexParam, positional } from "../../transport/params.ts";
import { defineMethod, type RpcMethod } from "../../transport/router.ts";
import { MAX_GOSSIP_MESSAGE_BYTES } from "../api/limits.ts";
import type { RpcService } from "./rpc_service.ts";

/**
 * Tokens of a message: anybody can name a validateer as its sender, and has it decrypted. A validateer sends fifty a second at
 * most, which takes half of what a connection has.
 */
const GOSSIP_COST = 50;

/** The methods for other validateers. */
export function peerMethods(): RpcMethod<RpcService>[] {
  return [
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
