/**
 * The `system_*` methods.
 *
 * Source: substrate `client/rpc-api/src/system/mod.rs#SystemApi`, `utils/frame/rpc/system/src/lib.rs#System`
 *
 * @module
 */
import { u32 } from "../../codec/codec.ts";
import { decodeSs58 } from "../../crypto/ss58.ts";
import { concatBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import type { RpcRequest } from "../../transport/message.ts";
import { hexParam, ignoreParams, positional, textParam } from "../../transport/params.ts";
import { MAX_EXTRINSIC_BYTES } from "../node.ts";
import { peerIdOf } from "../peers/peer_id.ts";
import { callRuntime } from "../runtime_calls.ts";
import { dryRun } from "./dry_run.ts";
import { defineAliases, type DevMethod, healthOf, optionalHashParam, type RpcNode, stateAt } from "./rpc_node.ts";

/** Longest address: 35 bytes in base58, or 32 bytes in hexadecimal. */
const MAX_ADDRESS_LENGTH = 66;

/** The rows of the `system_*` methods. */
export function systemMethods<Block>(rpc: RpcNode<Block>): DevMethod[] {
  const { node, identity } = rpc;
  const { chain } = node;
  const isAuthority = rpc.network?.voting.isAuthority ?? true;
  const tell = (name: string, summary: string, answer: () => unknown): DevMethod[] =>
    defineAliases([name], { summary, decode: ignoreParams, handle: answer });
  return [
    ...tell("system_name", "Name of the program", () => identity.name),
    ...tell("system_version", "Version of the program", () => identity.version),
    ...tell("system_chain", "Name of the chain", () => identity.chain),
    ...tell("system_chainType", "Type of the chain", () => identity.chainType),
    ...tell("system_properties", "Address prefix and token of the chain", () => chain.runtime.properties),
    ...tell("system_health", "Whether the node has what it needs", () => healthOf(rpc)),
    ...tell("system_peers", "Peers and their best blocks", () => peersToJson(rpc)),
    ...tell("system_nodeRoles", "Roles of the node", () => [isAuthority ? "Authority" : "Full"]),
    ...tell("system_localPeerId", "Peer id of the node", () => peerIdOf(identity.publicKey)),
    ...tell("system_localListenAddresses", "Addresses where peers are listened for", () => listenAddresses(rpc)),
    ...tell("system_syncState", "How far the node is", () => ({
      startingBlock: rpc.startingBlock,
      currentBlock: chain.head.number,
      highestBlock: Math.max(
        chain.head.number,
        ...(rpc.network?.peers ?? []).map((peer) => peer.status?.bestNumber ?? 0),
      ),
    })),
    ...defineAliases(["system_accountNextIndex", "account_nextIndex"], {
      summary: "The next nonce of an account, with the transactions in the pool counted",
      paramNames: ["account"],
      decode: decodeAccount,
      handle: (account) => {
        const nonce = u32.decode(callRuntime(chain.runtime, "AccountNonceApi_account_nonce", chain.head, account));
        return node.nextNonce(nonce, (next) => toHex(concatBytes(account, u32.encode(next))));
      },
    }),
    ...defineAliases(["system_dryRun", "system_dryRunAt"], {
      summary: "Outcome of an extrinsic if it were in the next block",
      paramNames: ["extrinsic", "at"],
      cost: 5,
      decode: (params) => {
        const [extrinsic, at] = positional(params, 1, 2);
        return { extrinsic: hexParam(extrinsic, MAX_EXTRINSIC_BYTES), at: optionalHashParam(at) };
      },
      handle: ({ extrinsic, at }) => {
        const { state, hash } = stateAt(rpc, at);
        const header = chain.headerOf(hash);
        const number = header?.number ?? chain.head.number;
        return toHex(dryRun(chain.runtime, { state, hash, number, header }, extrinsic));
      },
    }),
  ];
}

function decodeAccount(params: RpcRequest["params"]): Uint8Array {
  const text = textParam(positional(params, 1, 1)[0], MAX_ADDRESS_LENGTH);
  const account = text.startsWith("0x") ? hexParam(text, 32) : decodeSs58(text).account;
  if (account.length !== 32) throw new TypeError("want an account of 32 bytes");
  return account;
}

function peersToJson<Block>({ network }: RpcNode<Block>): unknown[] {
  return (network?.peers ?? []).map(({ hello, status }) => ({
    peerId: hello === undefined ? "" : peerIdOf(hello.nodeId),
    roles: hello?.isAuthority === true ? "AUTHORITY" : "FULL",
    bestHash: status === undefined ? null : toHex(status.bestHash),
    bestNumber: status?.bestNumber ?? 0,
  }));
}

function listenAddresses<Block>({ identity, peerPort }: RpcNode<Block>): string[] {
  if (peerPort === undefined) return [];
  return [`/ip4/127.0.0.1/tcp/${peerPort}/ws/p2p/${peerIdOf(identity.publicKey)}`];
}
