/**
 * Transactions from peer to peer.
 *
 * @module
 */
import { blake2_256 } from "../../crypto/blake2.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import type { DevNode } from "../node.ts";
import { MAX_TRANSACTIONS_PER_MESSAGE, peerMessage } from "./messages.ts";
import type { Peer } from "./peer.ts";
import { peerIdOf } from "./peer_id.ts";

/** Bytes of transactions that a new peer is sent at once: half of the longest message. */
export const MAX_GREETING_BYTES = 4 * 1024 * 1024;

/** What it tells the network. */
export interface TransactionPorts {
  readonly onOffence: (peer: Peer, code: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Takes transactions of peers into the pool and passes on what the pool took. */
export class TransactionExchange<Block> {
  readonly #node: DevNode<Block>;
  readonly #prepare: (extrinsic: Uint8Array) => Promise<void> | undefined;
  readonly #ports: TransactionPorts;

  /** `prepare` is what must be awaited before an extrinsic can be executed. */
  constructor(
    node: DevNode<Block>,
    prepare: (extrinsic: Uint8Array) => Promise<void> | undefined,
    ports: TransactionPorts,
  ) {
    this.#node = node;
    this.#prepare = prepare;
    this.#ports = ports;
  }

  /** Sends a new peer what waits here. */
  greet(peer: Peer): void {
    let size = 0;
    const waiting = this.#node.pool.all().slice(0, MAX_TRANSACTIONS_PER_MESSAGE).filter(({ bytes }) => {
      size += bytes.length;
      return size <= MAX_GREETING_BYTES;
    });
    for (const { hash } of waiting) peer.knownTransactions.add(hash);
    if (waiting.length > 0) peer.send({ type: "transactions", value: waiting.map(({ bytes }) => bytes) });
  }

  /** Takes transactions of a peer. What is valid here and there depends on the head, so refusals are no offence. */
  async receive(peer: Peer, extrinsics: readonly Uint8Array[]): Promise<void> {
    for (const extrinsic of extrinsics) {
      try {
        const prepared = this.#prepare(extrinsic);
        if (prepared !== undefined) await prepared;
        peer.knownTransactions.add(toHex(blake2_256(extrinsic)));
        const submitted = this.#node.submit(extrinsic);
        if (!submitted.ok && submitted.error.code === "BadFormat") this.#ports.onOffence(peer, submitted.error.code);
      } catch (error) {
        this.#ports.onError(error);
      }
    }
  }

  /** Passes a transaction on to those who do not have it, and tells those who follow it here. */
  passOn(peers: readonly Peer[], hash: Hex, extrinsic: Uint8Array): void {
    const reached = peers.filter((peer) => peer.knownTransactions.add(hash));
    if (reached.length === 0) return;
    const bytes = peerMessage.encode({ type: "transactions", value: [extrinsic] });
    for (const peer of reached) peer.sendBytes(bytes);
    this.#node.noteBroadcast(hash, reached.map(({ hello }) => hello === undefined ? "" : peerIdOf(hello.nodeId)));
  }
}
