/**
 * All JSON-RPC methods of the node in one table.
 *
 * @module
 */
import type { RpcProfile } from "../options.ts";
import { authorMethods } from "./author_methods.ts";
import { chainMethods } from "./chain_methods.ts";
import { grandpaMethods } from "./grandpa_methods.ts";
import { paymentMethods } from "./payment_methods.ts";
import { createSubscriber, type DevMethod, type RpcNode } from "./rpc_node.ts";
import { stateMethods } from "./state_methods.ts";
import { stateSubscriptions } from "./state_subscriptions.ts";
import { systemMethods } from "./system_methods.ts";

/** The method table of a profile; the router adds `rpc_methods`. */
export function devnodeMethods<Block>(rpc: RpcNode<Block>, profile: RpcProfile): DevMethod[] {
  const subscribe = createSubscriber();
  return [
    ...chainMethods(rpc, subscribe),
    ...stateMethods(rpc),
    ...stateSubscriptions(rpc, subscribe),
    ...authorMethods(rpc, subscribe),
    ...systemMethods(rpc),
    ...paymentMethods(rpc),
    ...(profile === "full" ? grandpaMethods(rpc, subscribe) : []),
  ];
}
