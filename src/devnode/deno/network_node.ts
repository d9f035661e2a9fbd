/**
 * Makes a running node one of a network.
 *
 * @module
 */
import type { DevKeys } from "../dev_keys.ts";
import type { DevNode } from "../node.ts";
import type { NetworkOptions } from "../options.ts";
import { PeerNetwork } from "../peers/peer_network.ts";
import type { DevnodeLog } from "./devnode_log.ts";
import { type PeerLinks, startPeerLinks } from "./peer_links.ts";

/** How often a node looks whether a vote is due: a fraction of the shortest block time. */
export const VOTING_STEP_MS = 25;

/** What the network side of a node is made of. */
export interface NetworkNodeParts<Block> {
  readonly node: DevNode<Block>;
  readonly keys: DevKeys;
  readonly nodeId: Uint8Array;
  readonly options: NetworkOptions;
  /** Whether the store survives the process; what a voter signed must. */
  readonly isDurable: boolean;
  readonly prepare: (extrinsic: Uint8Array) => Promise<void> | undefined;
  readonly log: DevnodeLog;
}

/** The network side of a node. */
export interface NetworkNode<Block> {
  readonly network: PeerNetwork<Block>;
  readonly links: PeerLinks;
  readonly stop: () => Promise<void>;
}

/**
 * Takes up the forks that an earlier run left, then opens the links.
 *
 * @throws {DevnodeError} `AddressInUse` or `ListenFailed`.
 */
export async function startNetworkNode<Block>(parts: NetworkNodeParts<Block>): Promise<NetworkNode<Block>> {
  const { node, keys, nodeId, options, isDurable, prepare, log } = parts;
  for (const block of node.chain.storedSides()) {
    for (const extrinsic of block.extrinsics) await prepare(extrinsic);
    const imported = node.import(block);
    if (!imported.ok) log("warn", `Cannot take up block #${block.header.number} again: ${imported.error.code}`);
  }
  const [voter] = keys.grandpa.values();
  if (voter !== undefined && !isDurable) {
    log("warn", "The chain is in memory: if this node is started anew while the network runs, it may vote twice");
  }
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
  const network = new PeerNetwork({ node, voter, nodeId, nowMs: Date.now, log, prepare, pause });
  const links = startPeerLinks(network, options.peers, options.peerPort);
  const timer = setInterval(() => network.step(), VOTING_STEP_MS);
  const stop = async () => {
    clearInterval(timer);
    await links.stop();
  };
  return { network, links, stop };
}
