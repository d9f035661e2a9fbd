/**
 * The `chain_*` methods.
 *
 * Source: substrate `client/rpc-api/src/chain/mod.rs#ChainApi`
 *
 * @module
 */
import { type Hex, toHex } from "../../primitives/hex.ts";
import type { RpcRequest } from "../../transport/message.ts";
import { ignoreParams, positional } from "../../transport/params.ts";
import type { NodeEvent } from "../node_event.ts";
import { blockToJson, headerToJson } from "./block_json.ts";
import {
  decodeOptionalHash,
  defineAliases,
  type DevMethod,
  type RpcNode,
  type Subscriber,
  unsubscribeMethods,
} from "./rpc_node.ts";

/** Most numbers in one `chain_getBlockHash`. */
export const MAX_HASHES_PER_REQUEST = 1024;

type NumberParam = number | readonly number[] | undefined;

/** The rows of the `chain_*` methods. */
export function chainMethods<Block>(rpc: RpcNode<Block>, subscribe: Subscriber): DevMethod[] {
  const { chain } = rpc.node;
  const hashOf = (number: number): Hex | null => {
    const hash = chain.hashOf(number);
    return hash === undefined ? null : toHex(hash);
  };
  return [
    ...defineAliases(["chain_getBlock"], {
      summary: "A block and the proof of finality that is kept for it",
      paramNames: ["hash"],
      decode: decodeOptionalHash,
      handle: (hash) => {
        const block = chain.find(hash ?? chain.head.hash);
        if (block === undefined) return null;
        const isOnChain = chain.numberOf(block.hash) !== undefined;
        return blockToJson(block, isOnChain ? chain.justification(block.number) : undefined);
      },
    }),
    ...defineAliases(["chain_getHeader"], {
      summary: "The header of a block",
      paramNames: ["hash"],
      decode: decodeOptionalHash,
      handle: (hash) => {
        const header = hash === undefined ? chain.head.header : chain.headerOf(hash);
        return header === undefined ? null : headerToJson(header);
      },
    }),
    ...defineAliases(["chain_getBlockHash", "chain_getHead"], {
      summary: "The hash of a block by its number, or of several",
      paramNames: ["number"],
      decode: decodeNumbers,
      handle: (numbers) => {
        if (numbers === undefined) return toHex(chain.head.hash);
        return typeof numbers === "number" ? hashOf(numbers) : numbers.map(hashOf);
      },
    }),
    ...defineAliases(["chain_getFinalizedHead", "chain_getFinalisedHead"], {
      summary: "The hash of the newest final block",
      decode: ignoreParams,
      handle: () => toHex(chain.finalizedHash),
    }),
    ...headSubscriptions(rpc, subscribe),
  ];
}

function decodeNumbers(params: RpcRequest["params"]): NumberParam {
  const [value] = positional(params, 0, 1);
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return blockNumber(value);
  if (value.length > MAX_HASHES_PER_REQUEST) throw new TypeError(`want at most ${MAX_HASHES_PER_REQUEST} numbers`);
  return value.map(blockNumber);
}

/** A block number as a number or in hexadecimal. */
function blockNumber(value: unknown): number {
  const number = typeof value === "string" && /^0x[0-9a-f]{1,8}$/iu.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 0 || number > 0xffff_ffff) {
    throw new TypeError("want a block number of 32 bits");
  }
  return number;
}

interface HeadKind {
  readonly notification: string;
  readonly subscribeNames: readonly string[];
  readonly unsubscribeNames: readonly string[];
  /** `all` are heads and blocks besides the chain. */
  readonly event: "head" | "all" | "finalized";
}

const HEAD_KINDS: readonly HeadKind[] = [
  {
    notification: "chain_newHead",
    subscribeNames: ["chain_subscribeNewHeads", "chain_subscribeNewHead", "subscribe_newHead"],
    unsubscribeNames: ["chain_unsubscribeNewHeads", "chain_unsubscribeNewHead", "unsubscribe_newHead"],
    event: "head",
  },
  {
    notification: "chain_allHead",
    subscribeNames: ["chain_subscribeAllHeads", "chain_subscribeAllHead"],
    unsubscribeNames: ["chain_unsubscribeAllHeads", "chain_unsubscribeAllHead"],
    event: "all",
  },
  {
    notification: "chain_finalizedHead",
    subscribeNames: ["chain_subscribeFinalizedHeads", "chain_subscribeFinalizedHead", "chain_subscribeFinalisedHeads"],
    unsubscribeNames: [
      "chain_unsubscribeFinalizedHeads",
      "chain_unsubscribeFinalizedHead",
      "chain_unsubscribeFinalisedHeads",
    ],
    event: "finalized",
  },
];

function isOfKind(event: NodeEvent, kind: HeadKind["event"]): boolean {
  return event.type === kind || (kind === "all" && (event.type === "head" || event.type === "side"));
}

function headSubscriptions<Block>({ node }: RpcNode<Block>, subscribe: Subscriber): DevMethod[] {
  const { chain } = node;
  const headerOf = (event: NodeEvent) => "header" in event ? event.header : chain.header(event.number);
  return HEAD_KINDS.flatMap((kind) => [
    ...defineAliases(kind.subscribeNames, {
      summary: `Headers of ${kind.event === "finalized" ? "final" : "new"} blocks, beginning with the newest`,
      decode: ignoreParams,
      handle: (_params, _context, call) => {
        const subscription = subscribe(call, kind.notification);
        const first = chain.header(kind.event === "finalized" ? chain.finalizedNumber : chain.head.number);
        if (first !== undefined) subscription.notify(headerToJson(first));
        subscription.onClose = node.listen((event) => {
          if (!isOfKind(event, kind.event)) return;
          const header = headerOf(event);
          if (header !== undefined) subscription.notify(headerToJson(header));
        });
        return subscription.id;
      },
    }),
    ...unsubscribeMethods(kind.unsubscribeNames),
  ]);
}
