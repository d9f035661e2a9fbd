/**
 * Asking peers for blocks that this node has not got: one question at a time, and the next from where the answer ended.
 *
 * @module
 */
import type { BlockHash } from "../../primitives/branded.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import type { Peer } from "./peer.ts";

/** How long a peer may take to answer: it reads at most 4 MiB from its disk. */
export const ANSWER_TIMEOUT_MS = 5000;
/** Blocks that are waited for; each peer has one head, and each voter one block. */
export const MAX_WANTED_BLOCKS = 128;

/** How long a block is not asked for again that an answer did not bring nearer. */
export const RETRY_BLOCK_MS = 1000;

interface Wanted {
  readonly hash: BlockHash;
  readonly number: number;
  readonly peer: Peer;
  /** The last block of the answer before. */
  readonly after: BlockHash | undefined;
}

/** A question that is not answered yet, or whose blocks are being executed. */
interface Question {
  readonly id: number;
  readonly wanted: Wanted;
  readonly askedMs: number;
  isAnswered: boolean;
}

/** What is asked of the node. */
export interface SyncPorts {
  readonly isKnown: (hash: BlockHash) => boolean;
  readonly knownHashes: () => readonly BlockHash[];
  readonly nowMs: () => number;
}

/** The blocks that are wanted and the question that is under way. */
export class BlockSync {
  readonly #ports: SyncPorts;
  readonly #wanted = new Map<Hex, Wanted>();
  readonly #failedMs = new Map<Hex, number>();
  #question: Question | undefined;
  #lastId = 0;

  /** Makes a synchronization that wants nothing yet. */
  constructor(ports: SyncPorts) {
    this.#ports = ports;
  }

  /** Whether blocks are being fetched. */
  get isBusy(): boolean {
    return this.#question !== undefined;
  }

  /** Wants a block that a peer has, with all before it; asks if no question is under way. */
  want(peer: Peer, hash: BlockHash, number: number): void {
    if (this.#ports.isKnown(hash) || this.#wanted.size >= MAX_WANTED_BLOCKS) return;
    const name = toHex(hash);
    const failedMs = this.#failedMs.get(name);
    if (failedMs !== undefined && this.#ports.nowMs() - failedMs < RETRY_BLOCK_MS) return;
    if (!this.#wanted.has(name)) this.#wanted.set(name, { hash, number, peer, after: undefined });
    this.#ask();
  }

  /** Whether an answer is to the question under way; then its blocks are to be executed and `goOn` called. */
  isAnswer(peer: Peer, id: number): boolean {
    const question = this.#question;
    if (question === undefined || question.wanted.peer !== peer || question.id !== id || question.isAnswered) {
      return false;
    }
    question.isAnswered = true;
    return true;
  }

  /** Ends a question; if the last block of its answer brought this node further, it is asked again for the rest. */
  goOn(last: BlockHash | undefined): void {
    const question = this.#question;
    if (question === undefined) return;
    const { wanted } = question;
    const name = toHex(wanted.hash);
    const isNew = last !== undefined && (wanted.after === undefined || toHex(wanted.after) !== toHex(last));
    if (isNew && this.#ports.isKnown(last)) this.#wanted.set(name, { ...wanted, after: last });
    else {
      this.#wanted.delete(name);
      if (this.#failedMs.size >= MAX_WANTED_BLOCKS) this.#failedMs.clear();
      this.#failedMs.set(name, this.#ports.nowMs());
    }
    this.#question = undefined;
    this.#ask();
  }

  /** Closes the link to a peer that does not answer. */
  tick(): void {
    const question = this.#question;
    if (question === undefined || question.isAnswered) return;
    if (this.#ports.nowMs() - question.askedMs < ANSWER_TIMEOUT_MS) return;
    question.wanted.peer.close("Unresponsive");
  }

  /** Forgets what a peer was asked for. */
  forget(peer: Peer): void {
    for (const [name, wanted] of this.#wanted) if (wanted.peer === peer) this.#wanted.delete(name);
    if (this.#question?.wanted.peer === peer && !this.#question.isAnswered) this.goOn(undefined);
  }

  #ask(): void {
    if (this.#question !== undefined) return;
    let next: Wanted | undefined;
    for (const [name, wanted] of this.#wanted) {
      if (this.#ports.isKnown(wanted.hash) || !wanted.peer.isReady) this.#wanted.delete(name);
      else if (next === undefined || wanted.number > next.number) next = wanted;
    }
    if (next === undefined) return;
    const id = this.#lastId = (this.#lastId + 1) % 0xffff_ffff;
    this.#question = { id, wanted: next, askedMs: this.#ports.nowMs(), isAnswered: false };
    const known = [...(next.after === undefined ? [] : [next.after]), ...this.#ports.knownHashes()];
    next.peer.send({ type: "wanted", value: { id, target: next.hash, known } });
  }
}
