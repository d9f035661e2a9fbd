/**
 * The exchange of blocks with other validateers: pushes out, fetches in.
 *
 * @module
 */
import type { BlockOutcome } from "../../enclave/api/ecall_values.ts";
import type { BlockStore } from "../block_store.ts";
import { BlockFetcher, type BlockSource } from "./block_fetcher.ts";
import { PeerNetwork } from "./peer_network.ts";
import type { PeerPorts } from "./peer_socket_port.ts";

/** What the exchange works with. */
export interface BlockExchangePorts extends PeerPorts {
  /** Connects to the stored blocks of the peer with this trusted endpoint. @throws {Error} If it cannot be reached. */
  readonly open: (peer: string) => Promise<BlockSource>;
  /** Hands blocks to the enclave; `undefined` if it takes none now. */
  readonly importBlocks: (blocks: readonly Uint8Array[]) => Promise<readonly BlockOutcome[] | undefined>;
  /** The own blocks. */
  readonly store: Pick<BlockStore, "byHash">;
}

/** Both ways together. */
export class BlockExchange {
  readonly network: PeerNetwork;
  readonly fetcher: BlockFetcher;

  constructor(ports: BlockExchangePorts) {
    const { timer, log, open, importBlocks, store, meters } = ports;
    this.network = new PeerNetwork(ports);
    this.fetcher = new BlockFetcher({
      peers: () => this.network.urls,
      ...{ open, importBlocks, store, timer, log, fetched: meters.fetched },
    });
  }

  /** Exchanges with these peers from now on. */
  setPeers(urls: readonly string[]): void {
    this.network.setPeers(urls);
    this.fetcher.peersChanged();
  }

  /** Ends it. */
  stop(): void {
    this.network.stop();
    this.fetcher.stop();
  }
}
