/**
 * What the RPC methods see of the node, and the small helpers they share.
 *
 * @module
 */
import { type BlockHash, blockHash } from "../../primitives/branded.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import type { RpcRequest } from "../../transport/message.ts";
import { hexParam, optionalParam, positional } from "../../transport/params.ts";
import { defineMethod, type MethodDefinition, type RpcCall, type RpcMethod } from "../../transport/router.ts";
import { RpcError } from "../../transport/rpc_error.ts";
import type { Subscription } from "../../transport/subscription.ts";
import type { Trie } from "../../trie/trie.ts";
import type { DevNode } from "../node.ts";
import type { PeerNetwork } from "../peers/peer_network.ts";

/** What the node says of itself. */
export interface NodeIdentity {
  /** Name of the program. */
  readonly name: string;
  /** Version of the program. */
  readonly version: string;
  /** Name of the chain. */
  readonly chain: string;
  /** `Development` or `Local`, by which clients know that keys and values here are worth nothing. */
  readonly chainType: "Development" | "Local";
  /** Public key of the node, from which its peer id is made. */
  readonly publicKey: Uint8Array;
}

/** What RPC methods work on; the type of a running block is of no interest here. */
export interface RpcNode<Block> {
  readonly node: DevNode<Block>;
  readonly identity: NodeIdentity;
  /** Number of the block at which this process began. */
  readonly startingBlock: number;
  /** What must be awaited before an extrinsic can be executed, see `quote_checks.ts`; usually nothing. */
  readonly prepare: (extrinsic: Uint8Array) => Promise<void> | undefined;
  /** The other nodes; none for a node alone. */
  readonly network?: PeerNetwork<Block> | undefined;
  /** Port where peers are listened for. */
  readonly peerPort?: number | undefined;
}

/** What `system_health` tells. */
export function healthOf<Block>({ network }: Pick<RpcNode<Block>, "network">): {
  readonly peers: number;
  readonly isSyncing: boolean;
  readonly shouldHavePeers: boolean;
} {
  return {
    peers: network?.peers.length ?? 0,
    isSyncing: network?.isSyncing ?? false,
    shouldHavePeers: network !== undefined,
  };
}

/** Rows of the method table; methods of this node need nothing from the connection but its subscriptions. */
export type DevMethod = RpcMethod<undefined>;

/** Makes the rows of one method that has several names. */
export function defineAliases<Params>(
  names: readonly string[],
  method: Omit<MethodDefinition<undefined, Params>, "name">,
): DevMethod[] {
  return names.map((name) => defineMethod<undefined, Params>({ ...method, name }));
}

/** Code of "Client error" of the `chain_*` methods. */
export const CHAIN_ERROR = 3000;
/** Code of an invalid range of the `state_*` methods. */
export const STATE_INVALID_RANGE = 4001;
/** Code of a count above the maximum of the `state_*` methods. */
export const STATE_INVALID_COUNT = 4002;
/** Code of "Client error" of the `state_*` methods. */
export const STATE_CLIENT_ERROR = 4003;

/** A parameter that is a block hash. @throws {TypeError} */
export function hashParam(value: unknown): BlockHash {
  const bytes = hexParam(value, 32);
  if (bytes.length !== 32) throw new TypeError(`want a hash of 32 bytes, got ${bytes.length}`);
  return blockHash(bytes);
}

/** A parameter that may be a block hash. @throws {TypeError} */
export function optionalHashParam(value: unknown): BlockHash | undefined {
  return optionalParam(value, hashParam);
}

/** Decodes parameters that are at most one block hash. */
export function decodeOptionalHash(params: RpcRequest["params"]): BlockHash | undefined {
  return optionalHashParam(positional(params, 0, 1)[0]);
}

/** A list of storage keys. @throws {TypeError} */
export function keysParam(value: unknown, maxKeys: number, maxKeyBytes: number): readonly Uint8Array[] {
  if (!Array.isArray(value)) throw new TypeError("want a list of storage keys");
  if (value.length > maxKeys) throw new TypeError(`want at most ${maxKeys} storage keys, got ${value.length}`);
  return value.map((key) => hexParam(key, maxKeyBytes));
}

/** The state after a block, by default the newest. @throws {RpcError} If it is unknown or no longer kept. */
export function stateAt<Block>(
  { node }: RpcNode<Block>,
  at: BlockHash | undefined,
): { readonly hash: BlockHash; readonly state: Trie } {
  const { head } = node.chain;
  if (at === undefined) return head;
  const state = node.chain.stateAt(at);
  if (state.ok) return { hash: at, state: state.value };
  const reason = state.error.code === "UnknownBlock"
    ? `Header was not found in the database: ${toHex(at)}`
    : `State already discarded for ${toHex(at)}`;
  throw new RpcError(STATE_CLIENT_ERROR, `Client error: UnknownBlock: ${reason}`);
}

/** Opens Substrate subscriptions with ids that are unique in this node. */
export function createSubscriber(): (call: RpcCall, notification: string) => Subscription {
  let last = 0;
  return (call, notification) => {
    last += 1;
    return call.subscribe({ type: "substrate", method: notification }, `dev${last.toString(36).padStart(8, "0")}`);
  };
}

/** Function that opens a subscription. */
export type Subscriber = ReturnType<typeof createSubscriber>;

/** The rows of a method that ends subscriptions. */
export function unsubscribeMethods(names: readonly string[]): DevMethod[] {
  return defineAliases(names, {
    summary: "Ends a subscription",
    paramNames: ["subscription"],
    decode: (params) => {
      const [id] = positional(params, 1, 1);
      if (typeof id !== "string" && typeof id !== "number") throw new TypeError("want the id of a subscription");
      return String(id);
    },
    handle: (id, _context, call) => call.unsubscribe(id),
  });
}

/** Number of a `NumberOrHex` in JSON. */
export function numberHex(value: number | bigint): Hex {
  return `0x${value.toString(16)}`;
}
