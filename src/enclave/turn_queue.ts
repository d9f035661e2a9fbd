/**
 * One thing at a time: ecalls in their order, and between two of them at most one piece of what peers pushed. So an ecall waits
 * for no more of it than the piece that is being worked on, however much there is.
 *
 * @module
 */

/** Most pushed blocks that wait; above it they are dropped, and fetched later: more than a minute of slots of 300 ms. */
export const MAX_PUSHED_WORK = 256;
/** Most bytes of pushed blocks that wait: fourteen of the largest size. */
export const MAX_PUSHED_WORK_BYTES: number = 64 * 1024 * 1024;

/** A piece of work that comes from the enclave's own endpoints. */
export interface PushedWork {
  /** Whose it is: lanes have their turns. */
  readonly lane: string;
  /** How many lanes there may be: each has an equal share of the places. */
  readonly lanes: number;
  readonly bytes: number;
  /** Never rejects. */
  readonly run: () => Promise<void>;
}

/** The queue. */
export class TurnQueue {
  readonly #ecalls: (() => Promise<void>)[] = [];
  /** Work that waits, by lane; the lane whose turn it is comes first. */
  readonly #lanes = new Map<string, PushedWork[]>();
  #isRunning = false;
  #wasPushed = false;

  /** Pushed work that waits. */
  get waiting(): number {
    return this.#lanes.values().reduce((sum, lane) => sum + lane.length, 0);
  }

  /** Runs an ecall in its turn; resolves, or rejects, with what comes of it. */
  run<T>(ecall: () => Promise<T>): Promise<T> {
    return new Promise((done, failed) => {
      this.#ecalls.push(() => ecall().then(done, failed));
      this.#start();
    });
  }

  /** Lets pushed work wait for its turn; `false` if its lane has no room. One piece always has, whatever its size. */
  push(work: PushedWork): boolean {
    const lane = this.#lanes.get(work.lane) ?? [];
    const bytes = lane.reduce((sum, other) => sum + other.bytes, work.bytes);
    const hasRoom = lane.length < Math.floor(MAX_PUSHED_WORK / work.lanes) &&
      bytes <= MAX_PUSHED_WORK_BYTES / work.lanes;
    if (lane.length > 0 && !hasRoom) return false;
    this.#lanes.set(work.lane, [...lane, work]);
    this.#start();
    return true;
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void Promise.resolve().then(() => this.#runAll());
  }

  async #runAll(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) await next();
    this.#isRunning = false;
  }

  #next(): (() => Promise<void>) | undefined {
    const pushed = this.#wasPushed && this.#ecalls.length > 0 ? undefined : this.#takePushed();
    this.#wasPushed = pushed !== undefined;
    return pushed?.run ?? this.#ecalls.shift();
  }

  #takePushed(): PushedWork | undefined {
    const [next] = this.#lanes;
    if (next === undefined) return undefined;
    const [lane, [work, ...others]] = next;
    this.#lanes.delete(lane);
    if (others.length > 0) this.#lanes.set(lane, others);
    return work;
  }
}
