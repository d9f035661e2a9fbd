/**
 * Whether a node has the history that is followed. A node that is merely behind has it as far as anybody can tell, and
 * blocks that are not final may change: only what is proven and what the node calls final is compared.
 *
 * @module
 */
import { toHex } from "../../primitives/hex.ts";
import type { FollowerPosition } from "../service.ts";
import { LinkError } from "./link_error.ts";
import type { NodeRpc } from "./node_rpc.ts";

/** What a node is asked. */
export type HistorySource = Pick<NodeRpc, "url" | "ask">;

/**
 * Compares a node whose newest final block has the number `finalNumber` with what is followed.
 *
 * @throws {LinkError} `ChainChanged` if it is of another chain, `OtherHistory` if its chain began alike and went on otherwise.
 */
export async function assertSameHistory(
  node: HistorySource,
  genesisHash: Uint8Array,
  { provenNumber, provenHash }: FollowerPosition,
  finalNumber: number,
): Promise<void> {
  if (await differs(node, 0, genesisHash)) {
    throw new LinkError("ChainChanged", `The node at ${node.url} is on another chain now`);
  }
  if (provenNumber <= finalNumber && await differs(node, provenNumber, provenHash)) {
    const message = `The node at ${node.url} has another history than the one that was followed: its block ` +
      `${provenNumber} is not ${toHex(provenHash)}. Use another node or, for a development chain that began anew, ` +
      "start with --clean-reset";
    throw new LinkError("OtherHistory", message);
  }
}

/** Nodes that began at a newer block do not know older hashes: that is no contradiction. */
async function differs(node: HistorySource, number: number, hash: Uint8Array): Promise<boolean> {
  const answer = await node.ask("chain_getBlockHash", number);
  return answer !== null && String(answer).toLowerCase() !== toHex(hash);
}
