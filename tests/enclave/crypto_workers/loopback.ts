/** Nested workers in this process, which fail when the test says so. */
import {
  type CryptoBatch,
  type CryptoBoot,
  cryptoJobs,
  isCryptoBatch,
  isCryptoBoot,
} from "../../../src/enclave/crypto_workers/crypto_job.ts";
import type { CryptoWorkerEnd, CryptoWorkerEvents } from "../../../src/enclave/crypto_workers/crypto_worker.ts";
import { type CryptoScope, serveCryptoJobs } from "../../../src/enclave/crypto_workers/serve_jobs.ts";

/** What a worker does with a message. */
export type Behaviour =
  /** What it shall. */
  | "serves"
  /** Nothing, for ever. */
  | "hangs"
  /** Boots, then hangs. */
  | "boots"
  /** Dies of the first message. */
  | "dies"
  /** Boots, dies of the first batch. */
  | "dies of work"
  /** Boots, answers batches with nonsense. */
  | "lies";

/** One worker: lives until it dies or is terminated. */
export class LoopbackEnd implements CryptoWorkerEnd {
  readonly #events: CryptoWorkerEvents;
  readonly #behaviour: Behaviour;
  readonly #scope: CryptoScope;
  isAlive = true;
  /** Jobs of each batch that came. */
  readonly batches: number[] = [];
  /** Answers leave only while this is resolved. */
  gate: Promise<void> = Promise.resolve();

  constructor(events: CryptoWorkerEvents, behaviour: Behaviour) {
    this.#events = events;
    this.#behaviour = behaviour;
    this.#scope = {
      onmessage: null,
      postMessage: (message, transfer) => {
        const copy = structuredClone(message, { transfer });
        void this.gate.then(() => this.isAlive ? events.onMessage(copy) : undefined);
      },
    };
  }

  send(message: CryptoBoot | CryptoBatch, transfer: Transferable[]): void {
    const copy: unknown = structuredClone(message, { transfer });
    if (isCryptoBatch(copy)) this.batches.push(cryptoJobs.decode(copy.bytes).length);
    queueMicrotask(() => this.#receive(copy));
  }

  terminate(): void {
    this.isAlive = false;
  }

  /** Dies by itself. */
  die(): void {
    this.isAlive = false;
    this.#events.onGone();
  }

  #receive(message: unknown): void {
    if (!this.isAlive || this.#behaviour === "hangs") return;
    if (this.#behaviour === "dies") return this.die();
    if (isCryptoBoot(message)) return serveCryptoJobs(this.#scope, message.keys);
    switch (this.#behaviour) {
      case "dies of work":
        return this.die();
      case "lies":
        return this.#events.onMessage({ id: (message as CryptoBatch).id, bytes: new Uint8Array([0]) });
      case "serves":
        void this.#scope.onmessage?.({ data: message });
    }
  }
}

/** Starts workers that behave one after the other as listed, and those after the list as its last entry. */
export class LoopbackWorkers {
  readonly ends: LoopbackEnd[] = [];
  readonly #behaviours: readonly Behaviour[];

  constructor(...behaviours: readonly Behaviour[]) {
    this.#behaviours = behaviours;
  }

  readonly spawn = (events: CryptoWorkerEvents): CryptoWorkerEnd => {
    const behaviour = this.#behaviours[this.ends.length] ?? this.#behaviours.at(-1) ?? "serves";
    const end = new LoopbackEnd(events, behaviour);
    this.ends.push(end);
    return end;
  };
}
