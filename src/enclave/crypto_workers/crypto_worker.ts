/**
 * One nested worker as the pool sees it, through its deaths and restarts.
 *
 * States: starting (booted, has not answered) → ready (takes batches) → lost (died, or did not answer in time) → starting
 * again, or given up after {@linkcode MAX_FUTILE_STARTS}; stopped from each of them.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import {
  CRYPTO_READY,
  type CryptoAnswer,
  cryptoAnswers,
  type CryptoBatch,
  type CryptoBoot,
  type CryptoJob,
  cryptoJobs,
  type CryptoKeys,
  isCryptoBatch,
} from "./crypto_job.ts";

/** Batches that a worker may have at once: one that it works on, one that waits, so that it never idles. */
export const BATCHES_IN_FLIGHT = 2;
/** Starts in a row that came to nothing, after which a worker is given up: what kills it each time kills it again. */
export const MAX_FUTILE_STARTS = 3;
/** Longest time for a start, in milliseconds: it takes about one second, on a busy machine a few. */
export const START_TIMEOUT_MS = 30_000;
/** Longest time for the batches at hand, in milliseconds: two of the dearest take half a second. */
export const BATCH_TIMEOUT_MS = 10_000;

/** What a nested worker tells. */
export interface CryptoWorkerEvents {
  readonly onMessage: (data: unknown) => void;
  /** It has ended by itself. */
  readonly onGone: () => void;
}

/** A nested worker. */
export interface CryptoWorkerEnd {
  readonly send: (message: CryptoBoot | CryptoBatch, transfer: Transferable[]) => void;
  /** Ends it; no event follows. */
  readonly terminate: () => void;
}

/** Starts a nested worker from the enclave's own measured bytes. @throws If it cannot. */
export type SpawnCryptoWorker = (events: CryptoWorkerEvents) => CryptoWorkerEnd;

/** A job and who waits for it. */
export interface WaitingJob {
  readonly job: CryptoJob;
  readonly done: (answer: CryptoAnswer) => void;
  readonly failed: (error: unknown) => void;
}

/** What a worker needs of its pool. */
export interface CryptoWorkerOwner {
  readonly spawn: SpawnCryptoWorker;
  readonly keys: CryptoKeys;
  readonly monotonicMs: () => number;
  /** It may have room now. */
  readonly onRoom: () => void;
  /** It was lost, and these jobs are undone; `restarts` says whether it is being started again. */
  readonly onLost: (undone: readonly WaitingJob[], restarts: boolean) => void;
}

/** One nested worker. */
export class CryptoWorker {
  readonly #owner: CryptoWorkerOwner;
  readonly #batches = new Map<number, readonly WaitingJob[]>();
  #end: CryptoWorkerEnd | undefined;
  /** Number of the current start: events of earlier ones count for nothing. */
  #generation = 0;
  #nextBatch = 1;
  #isReady = false;
  #futileStarts = 0;
  /** Since when something is owed: the answer to the boot message, or to the oldest batch. */
  #owedSinceMs = 0;

  constructor(owner: CryptoWorkerOwner) {
    this.#owner = owner;
  }

  /** Whether it has answered and lives. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Batches it has; more than it may have if it cannot take any. */
  get load(): number {
    return this.#isReady ? this.#batches.size : Infinity;
  }

  /** Starts it. */
  start(): void {
    const generation = ++this.#generation;
    const isCurrent = () => generation === this.#generation;
    this.#owedSinceMs = this.#owner.monotonicMs();
    try {
      this.#end = this.#owner.spawn({
        onMessage: (data) => isCurrent() ? this.#receive(data) : undefined,
        onGone: () => isCurrent() ? this.#lose() : undefined,
      });
      this.#end.send({ type: "crypto_boot", keys: this.#owner.keys }, []);
    } catch {
      // Whatever the reason, it is told as a loss, and the work is done without it.
      if (isCurrent()) this.#lose();
    }
  }

  /** Hands it a batch. */
  send(jobs: readonly WaitingJob[]): void {
    const id = this.#nextBatch++;
    const bytes = cryptoJobs.encode(jobs.map(({ job }) => job));
    if (this.#batches.size === 0) this.#owedSinceMs = this.#owner.monotonicMs();
    this.#batches.set(id, jobs);
    this.#end?.send({ id, bytes }, [bytes.buffer as ArrayBuffer]);
  }

  /** Gives it up for lost if it owes an answer for too long. */
  sweep(): void {
    const owes = !this.#isReady || this.#batches.size > 0;
    if (this.#end === undefined || !owes) return;
    const limitMs = this.#isReady ? BATCH_TIMEOUT_MS : START_TIMEOUT_MS;
    if (this.#owner.monotonicMs() - this.#owedSinceMs > limitMs) this.#lose();
  }

  /** Ends it for good; gives what it has not done. */
  stop(): readonly WaitingJob[] {
    this.#generation++;
    this.#isReady = false;
    this.#end?.terminate();
    this.#end = undefined;
    const undone = [...this.#batches.values()].flat();
    this.#batches.clear();
    return undone;
  }

  #receive(data: unknown): void {
    if (data === CRYPTO_READY && !this.#isReady) {
      this.#isReady = true;
      return this.#owner.onRoom();
    }
    const answers = isCryptoBatch(data) ? tryDecode(cryptoAnswers, data.bytes) : undefined;
    const jobs = isCryptoBatch(data) ? this.#batches.get(data.id) : undefined;
    if (!isCryptoBatch(data) || !answers?.ok || jobs?.length !== answers.value.length) return this.#lose();
    this.#batches.delete(data.id);
    this.#owedSinceMs = this.#owner.monotonicMs();
    this.#futileStarts = 0;
    for (const [i, answer] of answers.value.entries()) jobs[i]?.done(answer);
    this.#owner.onRoom();
  }

  #lose(): void {
    const undone = this.stop();
    this.#futileStarts++;
    const restarts = this.#futileStarts < MAX_FUTILE_STARTS;
    this.#owner.onLost(undone, restarts);
    if (restarts) this.start();
  }
}
