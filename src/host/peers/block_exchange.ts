/**
 * The exchange of blocks with other validateers: pushes out, fetches in.
 *
 * @module
 */
import type { BlockOutcome } from "../../enclave/api/ecall_values.ts";
import type { BlockStore } from "../block_store.ts";
import type { SlotTimer } from "../slot_clock.ts";
import { BlockFetcher } from "./block_fetcher.ts";
import type { BlockSource } from "./peer_drain.ts";
import { PeerNetwork } from "./peer_network.ts";
import type { PeerPorts } from "./peer_socket_port.ts";

/** How long a validateer that starts waits for the blocks it missed, in ms: longer, and its own slots matter more. */
export const MAX_CATCH_UP_MS = 10_000;
/**
 * How long peers of the last run are believed to be peers unless the parentchain says so, in ms: it does within two of its blocks
 * of 6 or 12 s, if they are.
 */
export const PEERS_OF_LAST_RUN_MS = 120_000;

/** What the exchange works with. */
export interface BlockExchangePorts extends PeerPorts {
  /** Connects to the stored blocks of the peer with this trusted endpoint. @throws {Error} If it cannot be reached. */
  readonly open: (peer: string) => Promise<BlockSource>;
  /** Hands blocks to the enclave; `undefined` if it takes none now. */
  readonly importBlocks: (blocks: readonly Uint8Array[]) => Promise<readonly BlockOutcome[] | undefined>;
  /** The own blocks. */
  readonly store: Pick<BlockStore, "byHash" | "newest">;
}

/** Both ways together. */
export class BlockExchange {
  readonly network: PeerNetwork;
  readonly fetcher: BlockFetcher;

  readonly #timer: SlotTimer;
  #cancelForgetting = () => {};

  constructor(ports: BlockExchangePorts) {
    this.#timer = ports.timer;
    const { timer, log, open, importBlocks, store, meters } = ports;
    this.network = new PeerNetwork(ports, () => this.fetcher.peersChanged());
    this.fetcher = new BlockFetcher({
      peers: () => this.network.urls,
      ...{ open, importBlocks, store, timer, log, fetched: meters.fetched },
    });
  }

  /** Exchanges with these peers from now on. */
  setPeers(urls: readonly string[]): void {
    this.#cancelForgetting();
    this.network.setPeers(urls);
    this.fetcher.peersChanged();
  }

  /**
   * Fetches what peers of the last run have after a block; resolves when they were asked, or after
   * {@linkcode MAX_CATCH_UP_MS}.
   */
  async catchUp(urls: readonly string[], from: Uint8Array): Promise<void> {
    if (urls.length === 0) return;
    if (this.network.urls.length === 0) {
      this.setPeers(urls);
      this.#cancelForgetting = this.#timer.after(PEERS_OF_LAST_RUN_MS, () => this.setPeers([]));
    }
    this.fetcher.want(from, undefined);
    const late = Promise.withResolvers<void>();
    const cancel = this.#timer.after(MAX_CATCH_UP_MS, () => late.resolve());
    await Promise.race([this.fetcher.idle(), late.promise]);
    cancel();
  }

  /** Ends it. */
  stop(): void {
    this.#cancelForgetting();
    this.network.stop();
    this.fetcher.stop();
  }
}
