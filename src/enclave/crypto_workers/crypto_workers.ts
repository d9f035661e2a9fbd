/**
 * Decryption and signature checks of the enclave: in nested workers once they answer, inline until then and whenever
 * none of them lives. Callers cannot tell which.
 *
 * @module
 */
import { RSA_BLOCK_LENGTH } from "../../crypto/rsa_oaep.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { TrustedCallSigned } from "../../types/trusted_call_signed.ts";
import type { TrustedGetterSigned } from "../../types/getter.ts";
import {
  type CryptoAnswer,
  type CryptoJob,
  type CryptoKeys,
  MAX_OPEN_BYTES,
  type OpenedOperation,
} from "./crypto_job.ts";
import {
  BATCHES_IN_FLIGHT,
  CryptoWorker,
  type CryptoWorkerOwner,
  type SpawnCryptoWorker,
  type WaitingJob,
} from "./crypto_worker.ts";
import { JobQueue } from "./job_queue.ts";
import { runCryptoJob } from "./run_job.ts";

/** Decryptions that wait for clients; above it their requests are refused: four seconds of work on two cores. */
export const MAX_WAITING_OPENS = 2048;
/** Signature checks that wait; above it questions are refused: less than a second of work on two cores. */
export const MAX_WAITING_CHECKS = 4096;
/** Jobs under way at once without workers: decryption runs on threads of the runtime, and slots need a core. */
export const INLINE_JOBS = 2;
/** Cost of decrypting a block, in signature checks. */
const RSA_BLOCK_COST = 10;
/**
 * Most that a batch costs, unless one job alone costs more: eight decryptions, about 30 ms. A message there and back takes
 * a quarter of a decryption's time, so fewer would waste it; more would make a quick check wait for long.
 */
export const BATCH_COST = 88;

/** Nested workers, and how many of them. */
export interface CryptoWorkerSource {
  readonly spawn: SpawnCryptoWorker;
  /** At least 1. */
  readonly count: number;
}

/** What the pool needs of its surroundings. */
export interface CryptoWorkersOptions {
  readonly keys: CryptoKeys;
  /** Without it everything is done inline. */
  readonly workers: CryptoWorkerSource | undefined;
  readonly monotonicMs: () => number;
  /** Lets everything else run that waits for this thread. */
  readonly pause: () => Promise<void>;
  /** Told of each worker that was lost: how many jobs it leaves, and whether it is started again. */
  readonly onLost: (undone: number, restarts: boolean) => void;
}

/** Why a ciphertext holds no operation. */
export type OpenError = "Undecipherable" | "Undecodable";

/** The pool. */
export class CryptoWorkers {
  readonly #options: CryptoWorkersOptions;
  readonly #opens = new JobQueue<WaitingJob>();
  readonly #checks = new JobQueue<WaitingJob>();
  readonly #workers: readonly CryptoWorker[];
  readonly #ownLane: object = {};
  #inline = 0;
  #isChecksTurn = true;

  /** Starts the workers without waiting for them. */
  constructor(options: CryptoWorkersOptions) {
    this.#options = options;
    const { workers, keys, monotonicMs, onLost } = options;
    const owner = (spawn: SpawnCryptoWorker): CryptoWorkerOwner => ({
      spawn,
      keys,
      monotonicMs,
      onRoom: () => this.#pump(),
      onLost: (undone, restarts) => {
        onLost(undone.length, restarts);
        for (const job of undone) this.#runInline(job);
        this.#pump();
      },
    });
    this.#workers = workers === undefined
      ? []
      : Array.from({ length: workers.count }, () => new CryptoWorker(owner(workers.spawn)));
    for (const worker of this.#workers) worker.start();
  }

  /** Workers that answer. */
  get readyWorkers(): number {
    return this.#workers.filter(({ isReady }) => isReady).length;
  }

  /** Whether clients' ciphertexts have to be refused; the enclave's own are bounded by who brings them. */
  get isFullOfOpens(): boolean {
    return this.#opens.size >= MAX_WAITING_OPENS;
  }

  /** Whether clients' signatures have to be refused. */
  get isFullOfChecks(): boolean {
    return this.#checks.size >= MAX_WAITING_CHECKS;
  }

  /** Decrypts an operation and checks its signature. Lanes have their turns; those of one lane begin in their order. */
  async open(cyphertext: Uint8Array, lane: object = this.#ownLane): Promise<Result<OpenedOperation, OpenError>> {
    if (cyphertext.length > MAX_OPEN_BYTES) return err("Undecipherable");
    const answer = await this.#run(this.#opens, lane, { type: "open", value: cyphertext });
    if (answer.type === "opened") return ok(answer.value);
    return err(answer.type === "undecodable" ? "Undecodable" : "Undecipherable");
  }

  /** Whether a trusted getter carries the signature of its delegate, or else of its owner. */
  async verifyGetter(signed: TrustedGetterSigned, lane: object = this.#ownLane): Promise<boolean> {
    const answer = await this.#run(this.#checks, lane, { type: "getter", value: signed });
    return answer.type === "verified" && answer.value;
  }

  /** Whether a trusted call carries the signature of its delegate, or else of its sender. */
  async verifyCall(signed: TrustedCallSigned, lane: object = this.#ownLane): Promise<boolean> {
    const answer = await this.#run(this.#checks, lane, { type: "call", value: signed });
    return answer.type === "verified" && answer.value;
  }

  /** Finds workers that hang; to be called now and then. */
  sweep(): void {
    for (const worker of this.#workers) worker.sweep();
  }

  /** Ends the workers; what they have not done is done inline. */
  stop(): void {
    for (const worker of this.#workers) for (const job of worker.stop()) this.#runInline(job);
    this.#pump();
  }

  #run(queue: JobQueue<WaitingJob>, lane: object, job: CryptoJob): Promise<CryptoAnswer> {
    return new Promise((done, failed) => {
      queue.push(lane, { job, done, failed });
      this.#pump();
    });
  }

  #pump(): void {
    if (this.readyWorkers === 0) {
      while (this.#inline < INLINE_JOBS) {
        const job = this.#nextQueue()?.take();
        if (job === undefined) return;
        this.#runInline(job);
      }
      return;
    }
    for (;;) {
      const worker = this.#workers.reduce((least, other) => other.load < least.load ? other : least);
      if (worker.load >= BATCHES_IN_FLIGHT) return;
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      worker.send(batch);
    }
  }

  /** Jobs of one kind: a batch of quick ones is not to wait for a decryption in it. */
  #nextBatch(): readonly WaitingJob[] {
    const queue = this.#nextQueue();
    const batch: WaitingJob[] = [];
    let cost = 0;
    for (let next = queue?.peek(); next !== undefined; next = queue?.peek()) {
      cost += costOf(next.job);
      if (batch.length > 0 && cost > BATCH_COST) break;
      batch.push(next);
      queue?.take();
    }
    return batch;
  }

  /** Both kinds in turn, so that neither of them starves. */
  #nextQueue(): JobQueue<WaitingJob> | undefined {
    const [first, second] = this.#isChecksTurn ? [this.#checks, this.#opens] : [this.#opens, this.#checks];
    this.#isChecksTurn = !this.#isChecksTurn;
    if (first.size > 0) return first;
    return second.size > 0 ? second : undefined;
  }

  #runInline({ job, done, failed }: WaitingJob): void {
    this.#inline++;
    runCryptoJob(job, this.#options.keys).then(done, failed).then(this.#options.pause).finally(() => {
      this.#inline--;
      this.#pump();
    });
  }
}

function costOf(job: CryptoJob): number {
  return job.type === "open" ? 1 + RSA_BLOCK_COST * Math.ceil(job.value.length / RSA_BLOCK_LENGTH) : 1;
}
