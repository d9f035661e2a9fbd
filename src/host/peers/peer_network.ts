/**
 * Everything that is pushed to peers: blocks and encrypted operations, encoded once for all of them.
 *
 * Source: worker `service/src/sync_block_broadcaster.rs`, `service/src/worker.rs` (839eda024)
 *
 * @module
 */
import { MAX_FRAME_LENGTH } from "../../transport/limits.ts";
import { PeerLink } from "./peer_link.ts";
import type { PeerPorts } from "./peer_socket_port.ts";

/** Method that takes blocks of peers. */
const IMPORT_BLOCK = "sidechain_importBlock";
/** Method that takes encrypted operations of peers. */
const GOSSIP_TOPS = "sidechain_gossipTops";
/** SCALE length prefix of a vector with one element, in hexadecimal. */
const ONE_ELEMENT = "04";

/** Links to all peers. */
export class PeerNetwork {
  readonly #ports: PeerPorts;
  readonly #links = new Map<string, PeerLink>();
  readonly #onConnected: () => void;
  #newest: string | undefined;
  #nextId = 1;
  #isStopped = false;

  /** `onConnected` is called whenever a peer is there, or back. */
  constructor(ports: PeerPorts, onConnected: () => void = () => {}) {
    this.#ports = ports;
    this.#onConnected = onConnected;
  }

  /** The peers' trusted endpoints, in the order they were given. */
  get urls(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** Peers that are connected now. */
  get connected(): number {
    return this.#links.values().reduce((sum, { isConnected }) => sum + Number(isConnected), 0);
  }

  /** Keeps links to these peers from now on; those to others end. */
  setPeers(urls: readonly string[]): void {
    if (this.#isStopped) return;
    for (const [url, link] of this.#links) {
      if (urls.includes(url)) continue;
      link.stop();
      this.#links.delete(url);
    }
    for (const url of urls) if (!this.#links.has(url)) this.#links.set(url, this.#link(url));
    this.#count();
  }

  /** Sends an encoded signed block to all peers. */
  broadcast(block: Uint8Array): void {
    const message = this.#message(IMPORT_BLOCK, `0x${ONE_ELEMENT}${block.toHex()}`);
    if (message.length > MAX_FRAME_LENGTH) {
      // It is fetched instead: the next block that fits has a parent which peers do not know.
      this.#ports.log("warn", "BlockTooLongToPush", { bytes: block.length });
      return;
    }
    this.#newest = message;
    for (const link of this.#links.values()) link.send(message);
  }

  /** Sends encrypted operations to the peers that are connected: later, others have executed them. */
  gossip(encrypted: Uint8Array): void {
    const message = this.#message(GOSSIP_TOPS, `0x${encrypted.toHex()}`);
    for (const link of this.#links.values()) link.sendNow(message);
  }

  /** Ends all links. */
  stop(): void {
    this.#isStopped = true;
    for (const link of this.#links.values()) link.stop();
    this.#links.clear();
    this.#count();
  }

  #link(url: string): PeerLink {
    return new PeerLink({
      url,
      ports: this.#ports,
      onChange: (isConnected) => {
        this.#count();
        if (isConnected) this.#onConnected();
      },
      newest: () => this.#newest,
    });
  }

  #count(): void {
    this.#ports.meters.connected.set(this.connected);
  }

  /** A request for all peers: its id tells nothing about one. */
  #message(method: string, parameter: string): string {
    return `{"jsonrpc":"2.0","id":${this.#nextId++},"method":"${method}","params":["${parameter}"]}`;
  }
}
