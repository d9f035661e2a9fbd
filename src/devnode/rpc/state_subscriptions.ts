/**
 * The `state_*` methods that follow the chain: subscriptions and the history of keys.
 *
 * Source: substrate `client/rpc-api/src/state/mod.rs#StateApi`
 *
 * @module
 */
import { type Hex, toHex } from "../../primitives/hex.ts";
import { ignoreParams, positional } from "../../transport/params.ts";
import { RpcError } from "../../transport/rpc_error.ts";
import { type Trie, trieGet } from "../../trie/trie.ts";
import type { StateChange } from "../state_diff.ts";
import { MAX_STORAGE_KEY_BYTES } from "../stored_codec.ts";
import {
  defineAliases,
  type DevMethod,
  hashParam,
  keysParam,
  optionalHashParam,
  type RpcNode,
  STATE_INVALID_RANGE,
  stateAt,
  type Subscriber,
  unsubscribeMethods,
} from "./rpc_node.ts";
import { runtimeVersionToJson } from "./runtime_version_json.ts";
import { MAX_KEYS_PER_REQUEST } from "./state_methods.ts";

/** Most blocks in one `state_queryStorage`. */
export const MAX_BLOCKS_PER_QUERY = 256;

/** Changes of keys in one block as JSON. */
export interface StorageChangeSet {
  readonly block: Hex;
  readonly changes: readonly (readonly [key: Hex, value: Hex | null])[];
}

/** The rows of the `state_*` methods that follow the chain. */
export function stateSubscriptions<Block>(rpc: RpcNode<Block>, subscribe: Subscriber): DevMethod[] {
  return [
    ...versionSubscription(rpc, subscribe),
    ...storageSubscription(rpc, subscribe),
    ...defineAliases(["state_queryStorage"], {
      summary: "The values of storage keys in a range of blocks, each where it changed",
      paramNames: ["keys", "fromBlock", "toBlock"],
      cost: MAX_BLOCKS_PER_QUERY,
      decode: (params) => {
        const [keys, from, to] = positional(params, 2, 3);
        return {
          keys: keysParam(keys, MAX_KEYS_PER_REQUEST, MAX_STORAGE_KEY_BYTES),
          from: hashParam(from),
          to: optionalHashParam(to),
        };
      },
      handle: ({ keys, from, to }) => queryRange(rpc, keys, from, to ?? rpc.node.chain.head.hash),
    }),
  ];
}

function versionSubscription<Block>({ node }: RpcNode<Block>, subscribe: Subscriber): DevMethod[] {
  return [
    ...defineAliases(["state_subscribeRuntimeVersion", "chain_subscribeRuntimeVersion"], {
      summary: "Version of the runtime; it does not change while this node runs",
      decode: ignoreParams,
      handle: (_params, _context, call) => {
        const subscription = subscribe(call, "state_runtimeVersion");
        subscription.notify(runtimeVersionToJson(node.chain.runtime.version));
        return subscription.id;
      },
    }),
    ...unsubscribeMethods(["state_unsubscribeRuntimeVersion", "chain_unsubscribeRuntimeVersion"]),
  ];
}

function storageSubscription<Block>(rpc: RpcNode<Block>, subscribe: Subscriber): DevMethod[] {
  return [
    ...defineAliases(["state_subscribeStorage"], {
      summary: "The values of storage keys, first all of them and then those that a block changes",
      paramNames: ["keys"],
      cost: 10,
      decode: (params) => keysParam(positional(params, 1, 1)[0], MAX_KEYS_PER_REQUEST, MAX_STORAGE_KEY_BYTES),
      handle: (keys, _context, call) => {
        const subscription = subscribe(call, "state_storage");
        const { state, hash } = rpc.node.chain.head;
        subscription.notify(changeSet(hash, keys.map((key) => ({ key, value: trieGet(state, key) }))));
        const wanted = new Set(keys.map(toHex));
        subscription.onClose = rpc.node.listen((event) => {
          if (event.type !== "head") return;
          const changes = event.changes.filter(({ key }) => wanted.has(toHex(key)));
          if (changes.length > 0) subscription.notify(changeSet(event.hash, changes));
        });
        return subscription.id;
      },
    }),
    ...unsubscribeMethods(["state_unsubscribeStorage"]),
  ];
}

function changeSet(block: Uint8Array, changes: readonly StateChange[]): StorageChangeSet {
  return {
    block: toHex(block),
    changes: changes.map(({ key, value }) => [toHex(key), value === undefined ? null : toHex(value)] as const),
  };
}

function queryRange<Block>(
  rpc: RpcNode<Block>,
  keys: readonly Uint8Array[],
  from: Uint8Array,
  to: Uint8Array,
): StorageChangeSet[] {
  const { chain } = rpc.node;
  const first = chain.numberOf(from);
  const last = chain.numberOf(to);
  if (first === undefined || last === undefined || last < first || last - first >= MAX_BLOCKS_PER_QUERY) {
    const range = `${first ?? "unknown"} to ${last ?? "unknown"}`;
    throw new RpcError(
      STATE_INVALID_RANGE,
      `Cannot resolve a block range [${range}]: want at most ${MAX_BLOCKS_PER_QUERY} known blocks in order`,
    );
  }
  const sets: StorageChangeSet[] = [];
  let before: Trie | undefined;
  for (let number = first; number <= last; number++) {
    const { state, hash } = stateAt(rpc, chain.hashOf(number));
    const previous = before;
    const changed = keys
      .map((key) => ({ key, value: trieGet(state, key) }))
      .filter(({ key, value }) => previous === undefined || hexOf(value) !== hexOf(trieGet(previous, key)));
    if (changed.length > 0) sets.push(changeSet(hash, changed));
    before = state;
  }
  return sets;
}

function hexOf(value: Uint8Array | undefined): Hex | undefined {
  return value === undefined ? undefined : toHex(value);
}
