/**
 * Ids of nodes as Substrate writes them.
 *
 * @module
 */
import { encodeBase58 } from "../../primitives/base58.ts";
import { concatBytes } from "../../primitives/bytes.ts";

/** Peer id of 32 bytes that stand for a node: identity multihash of an ed25519 key's protobuf form, in base58. */
export function peerIdOf(nodeId: Uint8Array): string {
  return encodeBase58(concatBytes(new Uint8Array([0x00, 0x24, 0x08, 0x01, 0x12, 0x20]), nodeId));
}
