/**
 * The `state_*` methods that answer once.
 *
 * Source: substrate `client/rpc-api/src/state/mod.rs#StateApi`
 *
 * @module
 */
import { blake2_256 } from "../../crypto/blake2.ts";
import type { BlockHash } from "../../primitives/branded.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import type { RpcRequest } from "../../transport/message.ts";
import { hexParam, integerParam, optionalParam, positional, textParam } from "../../transport/params.ts";
import { RpcError } from "../../transport/rpc_error.ts";
import { trieReadProof } from "../../trie/read_proof.ts";
import { type Trie, trieEntries, trieGet } from "../../trie/trie.ts";
import type { RuntimeCallError } from "../runtime/runtime_interface.ts";
import { MAX_STORAGE_KEY_BYTES } from "../stored_codec.ts";
import {
  decodeOptionalHash,
  defineAliases,
  type DevMethod,
  keysParam,
  optionalHashParam,
  type RpcNode,
  STATE_CLIENT_ERROR,
  STATE_INVALID_COUNT,
  stateAt,
} from "./rpc_node.ts";
import { runtimeVersionToJson } from "./runtime_version_json.ts";

/** Most keys in one page of `state_getKeysPaged`; Substrate's number. */
export const MAX_KEYS_PER_PAGE = 1000;
/** Most keys or pairs that a method without pages gives. */
export const MAX_KEYS_WITHOUT_PAGES = 10_000;
/** Most keys in one query or proof. */
export const MAX_KEYS_PER_REQUEST = 4096;
/** Longest arguments of a runtime function: an extrinsic and something besides. */
export const MAX_CALL_BYTES = 6 * 1024 * 1024;
/** Longest name of a runtime function. */
const MAX_FUNCTION_NAME = 128;
/** Tokens that a method with many keys takes from its connection's rate. */
const COST_OF_MANY = 10;

interface KeyAt {
  readonly key: Uint8Array;
  readonly at: BlockHash | undefined;
}

function decodeKeyAt(params: RpcRequest["params"]): KeyAt {
  const [key, at] = positional(params, 1, 2);
  return { key: hexParam(key, MAX_STORAGE_KEY_BYTES), at: optionalHashParam(at) };
}

interface KeysAt {
  readonly keys: readonly Uint8Array[];
  readonly at: BlockHash | undefined;
}

function decodeKeysAt(params: RpcRequest["params"]): KeysAt {
  const [keys, at] = positional(params, 1, 2);
  return { keys: keysParam(keys, MAX_KEYS_PER_REQUEST, MAX_STORAGE_KEY_BYTES), at: optionalHashParam(at) };
}

/** The rows of the `state_*` methods that answer once. */
export function stateMethods<Block>(rpc: RpcNode<Block>): DevMethod[] {
  const { runtime } = rpc.node.chain;
  return [
    ...valueMethods(rpc),
    ...keyMethods(rpc),
    ...defineAliases(["state_getMetadata"], {
      summary: "Metadata of the runtime, version 14",
      paramNames: ["at"],
      decode: decodeOptionalHash,
      handle: (at) => stateAt(rpc, at) && toHex(runtime.metadataV14),
    }),
    ...defineAliases(["state_getRuntimeVersion", "chain_getRuntimeVersion"], {
      summary: "Version of the runtime",
      paramNames: ["at"],
      decode: decodeOptionalHash,
      handle: (at) => stateAt(rpc, at) && runtimeVersionToJson(runtime.version),
    }),
    ...defineAliases(["state_call", "state_callAt"], {
      summary: "Calls a function of the runtime",
      paramNames: ["method", "data", "at"],
      cost: COST_OF_MANY,
      decode: (params) => {
        const [name, data, at] = positional(params, 2, 3);
        return {
          name: textParam(name, MAX_FUNCTION_NAME),
          data: hexParam(data, MAX_CALL_BYTES),
          at: optionalHashParam(at),
        };
      },
      handle: ({ name, data, at }) => {
        const { state, hash } = stateAt(rpc, at);
        const answer = runtime.call(name, data, state, hash);
        if (!answer.ok) throw callError(answer.error);
        return toHex(answer.value);
      },
    }),
  ];
}

/** The error that a Substrate node gives for a runtime function that cannot be called. */
export function callError(error: RuntimeCallError): RpcError {
  const detail = error.code === "UnknownFunction"
    ? `Exported method ${error.name} is not found`
    : `Bad input data provided to ${error.name}: ${error.detail}`;
  return new RpcError(STATE_CLIENT_ERROR, `Client error: Execution failed: Other: ${detail}`);
}

function valueMethods<Block>(rpc: RpcNode<Block>): DevMethod[] {
  const valueAt = ({ key, at }: KeyAt) => trieGet(stateAt(rpc, at).state, key);
  const orNull = <T>(value: Uint8Array | undefined, map: (value: Uint8Array) => T) =>
    value === undefined ? null : map(value);
  const query = ({ keys, at }: KeysAt) => {
    const { state, hash } = stateAt(rpc, at);
    const changes = keys.map((key) => [toHex(key), orNull(trieGet(state, key), toHex)] as const);
    return [{ block: toHex(hash), changes }];
  };
  return [
    ...defineAliases(["state_getStorage", "state_getStorageAt"], {
      summary: "The value of a storage key",
      paramNames: ["key", "at"],
      decode: decodeKeyAt,
      handle: (key) => orNull(valueAt(key), toHex),
    }),
    ...defineAliases(["state_getStorageHash", "state_getStorageHashAt"], {
      summary: "Blake2-256 hash of the value of a storage key",
      paramNames: ["key", "at"],
      decode: decodeKeyAt,
      handle: (key) => orNull(valueAt(key), (value) => toHex(blake2_256(value))),
    }),
    ...defineAliases(["state_getStorageSize", "state_getStorageSizeAt"], {
      summary: "Length of the value of a storage key, or of all values below it",
      paramNames: ["key", "at"],
      cost: COST_OF_MANY,
      decode: decodeKeyAt,
      handle: ({ key, at }) => storageSize(stateAt(rpc, at).state, key),
    }),
    ...defineAliases(["state_queryStorageAt"], {
      summary: "The values of storage keys in one block",
      paramNames: ["keys", "at"],
      cost: COST_OF_MANY,
      decode: decodeKeysAt,
      handle: query,
    }),
    ...defineAliases(["state_getReadProof"], {
      summary: "Trie nodes that prove the values of storage keys against the state root",
      paramNames: ["keys", "at"],
      cost: COST_OF_MANY,
      decode: decodeKeysAt,
      handle: ({ keys, at }) => {
        const { state, hash } = stateAt(rpc, at);
        return { at: toHex(hash), proof: trieReadProof(state, keys, rpc.node.chain.stateVersion).map(toHex) };
      },
    }),
  ];
}

/** Length of a value; without one, the length of all values below the key, or null if there are none. */
function storageSize(state: Trie, key: Uint8Array): number | null {
  const value = trieGet(state, key);
  if (value !== undefined) return value.length;
  let size = 0;
  for (const [, below] of trieEntries(state, key)) size += below.length;
  return size === 0 ? null : size;
}

function keyMethods<Block>(rpc: RpcNode<Block>): DevMethod[] {
  return [
    ...defineAliases(["state_getKeysPaged", "state_getKeysPagedAt"], {
      summary: "Storage keys with a prefix, page by page",
      paramNames: ["prefix", "count", "startKey", "at"],
      cost: COST_OF_MANY,
      decode: (params) => {
        const [prefix, count, startKey, at] = positional(params, 2, 4);
        return {
          prefix: optionalParam(prefix, (value) => hexParam(value, MAX_STORAGE_KEY_BYTES)) ?? new Uint8Array(0),
          count: integerParam(count, 0xffff_ffff),
          after: optionalParam(startKey, (value) => hexParam(value, MAX_STORAGE_KEY_BYTES)),
          at: optionalHashParam(at),
        };
      },
      handle: ({ prefix, count, after, at }) => {
        if (count > MAX_KEYS_PER_PAGE) throw countError(count, MAX_KEYS_PER_PAGE);
        return [...firstKeys(stateAt(rpc, at).state, prefix, after, count)].map(toHex);
      },
    }),
    ...defineAliases(["state_getKeys"], {
      summary: "All storage keys with a prefix",
      paramNames: ["prefix", "at"],
      cost: COST_OF_MANY,
      decode: decodeKeyAt,
      handle: ({ key, at }) => pairsBelow(stateAt(rpc, at).state, key).map(([name]) => name),
    }),
    ...defineAliases(["state_getPairs"], {
      summary: "All storage keys with a prefix and their values",
      paramNames: ["prefix", "at"],
      cost: COST_OF_MANY,
      decode: decodeKeyAt,
      handle: ({ key, at }) => pairsBelow(stateAt(rpc, at).state, key),
    }),
  ];
}

function* firstKeys(
  state: Trie,
  prefix: Uint8Array,
  after: Uint8Array | undefined,
  count: number,
): Generator<Uint8Array> {
  if (count === 0) return;
  let found = 0;
  for (const [key] of trieEntries(state, prefix, after)) {
    yield key;
    if (++found === count) return;
  }
}

function pairsBelow(state: Trie, prefix: Uint8Array): (readonly [Hex, Hex])[] {
  const pairs: (readonly [Hex, Hex])[] = [];
  for (const [key, value] of trieEntries(state, prefix)) {
    if (pairs.length === MAX_KEYS_WITHOUT_PAGES) throw countError(pairs.length + 1, MAX_KEYS_WITHOUT_PAGES);
    pairs.push([toHex(key), toHex(value)]);
  }
  return pairs;
}

function countError(value: number, max: number): RpcError {
  return new RpcError(STATE_INVALID_COUNT, `count exceeds maximum value. value: ${value}, max: ${max}`);
}
