/**
 * Whether two nodes stay linked once they have said who they are.
 *
 * @module
 */
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import type { Hello } from "./messages.ts";
import type { CloseReason, Peer } from "./peer.ts";

/** Why a link to a node with this hello is closed, if it is. */
export function refuseHello(hello: Hello, own: Hello): CloseReason | undefined {
  const isSameChain = hello.protocol === own.protocol && equalBytes(hello.genesis, own.genesis) &&
    hello.slotDurationMs === own.slotDurationMs;
  if (!isSameChain) return "OtherChain";
  return equalBytes(hello.nodeId, own.nodeId) ? "Self" : undefined;
}

/** Of two links to one node both ends keep the one that the node with the lower id opened. */
export function isPreferredLink({ socket, id }: Peer, own: Hello): boolean {
  return socket.isOutbound === toHex(own.nodeId) < id;
}
