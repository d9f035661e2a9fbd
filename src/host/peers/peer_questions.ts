/**
 * Asks single peers, once each time, for what they have above a block: their pushes do not arrive here, and the enclave wants to
 * build on what they make now. Not part of fetching what is missing: nothing is asked again, no other peer instead, and a question
 * under way holds up no wish.
 *
 * Time is short, so the connection is made before the moment of the question and kept for the next one.
 *
 * States of a peer: unknown → asking → kept → asking …; unknown again after a failure, or when no question came for a while.
 *
 * @module
 */
import type { BlockOutcome } from "../../enclave/api/ecall_values.ts";
import type { OnlyPeer } from "../../enclave/api/effects.ts";
import type { BlockStore } from "../block_store.ts";
import type { Log } from "../log.ts";
import type { SlotTimer } from "../slot_clock.ts";
import { type BlockSource, PeerDrain } from "./peer_drain.ts";
import type { Meter } from "./peer_socket_port.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** How long a connection waits for the next question, in ms: longer than a rotation of many validateers. */
export const MAX_KEPT_SOURCE_MS = 30_000;

/** What asking peers for blocks works with. */
export interface QuestionPorts {
  /** Connects to the store of the peer with this trusted endpoint. @throws {Error} If it cannot be reached. */
  readonly open: (peer: string) => Promise<BlockSource>;
  /** Hands blocks to the enclave; `undefined` if it takes none now. */
  readonly importBlocks: (blocks: readonly Uint8Array[]) => Promise<readonly BlockOutcome[] | undefined>;
  /** The own store, with what the enclave has taken. */
  readonly store: Pick<BlockStore, "byHash" | "newest">;
  readonly timer: SlotTimer;
  readonly fetched: Meter;
  readonly log: Log;
}

/** A peer that is asked now and then. */
interface Visited {
  source: BlockSource | undefined;
  isAsking: boolean;
  /** Whether it was told that blocks of this peer came in this way. */
  isTold: boolean;
  cancelForgetting: () => void;
}

/** Asks; one question to a peer at a time, those that come meanwhile are left out. */
export class PeerQuestions {
  readonly #ports: QuestionPorts;
  readonly #visited = new Map<string, Visited>();
  #isStopped = false;

  constructor(ports: QuestionPorts) {
    this.#ports = ports;
  }

  /** Asks a peer for what it has above a block, and hands it to the enclave. */
  ask({ url, afterMs }: OnlyPeer, from: Uint8Array): void {
    const visited = this.#visited.get(url) ??
      { source: undefined, isAsking: false, isTold: false, cancelForgetting: () => {} };
    if (this.#isStopped || visited.isAsking) return;
    this.#visited.set(url, visited);
    visited.cancelForgetting();
    visited.isAsking = true;
    void this.#ask(url, visited, from, this.#ports.timer.now() + afterMs);
  }

  /** Ends it; of what is under way nothing follows. */
  stop(): void {
    this.#isStopped = true;
    for (const visited of this.#visited.values()) this.#forget(visited);
  }

  async #ask(url: string, visited: Visited, from: Uint8Array, atMs: number): Promise<void> {
    const { open, timer, log, fetched, importBlocks, store } = this.#ports;
    let imported = 0;
    const onImported = (blocks: number): void => {
      imported += blocks;
      fetched.inc(blocks);
    };
    try {
      const source = visited.source ?? await open(url);
      visited.source = source;
      await this.#until(atMs);
      const isStopped = () => this.#isStopped;
      await new PeerDrain(source, { importBlocks, store, timer, onImported, isStopped }).run(from);
      if (!this.#isStopped) log("debug", "SilentPeerAsked", { peer: url, imported });
    } catch (error) {
      this.#forget(visited);
      if (this.#isStopped) return;
      log("debug", "SilentPeerGivesNoBlocks", { peer: url, imported, reason: messageOf(error) });
    }
    visited.isAsking = false;
    if (this.#isStopped) return this.#forget(visited);
    if (imported > 0 && !visited.isTold) {
      visited.isTold = true;
      log("info", "BlocksHadToBeAskedFor", { peer: url });
    }
    visited.cancelForgetting = timer.after(MAX_KEPT_SOURCE_MS, () => {
      this.#forget(visited);
      this.#visited.delete(url);
    });
  }

  async #until(atMs: number): Promise<void> {
    const { timer } = this.#ports;
    const leftMs = atMs - timer.now();
    if (leftMs > 0 && !this.#isStopped) await new Promise<void>((resolve) => timer.after(leftMs, resolve));
  }

  #forget(visited: Visited): void {
    visited.cancelForgetting();
    visited.source?.close();
    visited.source = undefined;
  }
}
