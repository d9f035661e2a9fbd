/**
 * Virtual time: what happens when, in one thread.
 *
 * @module
 */

interface Event {
  readonly atMs: number;
  /** Order among events of one moment: that of their scheduling. */
  readonly order: number;
  readonly name: string;
  readonly run: () => void | Promise<void>;
  cancelled: boolean;
}

/** A queue of events over a clock that jumps from one to the next. */
export class Scheduler {
  #nowMs: number;
  #order = 0;
  /** Binary heap: the earliest event first. */
  readonly #heap: Event[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  /** Virtual Unix milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Schedules an event; the returned function cancels it. */
  at(atMs: number, name: string, run: () => void | Promise<void>): () => void {
    const event: Event = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, name, run, cancelled: false };
    this.#push(event);
    return () => void (event.cancelled = true);
  }

  /** Schedules an event some milliseconds from now. */
  after(ms: number, name: string, run: () => void | Promise<void>): () => void {
    return this.at(this.#nowMs + ms, name, run);
  }

  /** Runs the next event that is due by `untilMs` and gives its name; `undefined` if there is none, and then it is `untilMs`. */
  async step(untilMs: number): Promise<string | undefined> {
    for (let event = this.#heap[0]; event !== undefined && event.atMs <= untilMs; event = this.#heap[0]) {
      this.#pop();
      if (event.cancelled) continue;
      this.#nowMs = event.atMs;
      await event.run();
      return event.name;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    return undefined;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order;
}

/** Work of other threads that is under way. */
const native = new Set<Promise<unknown>>();

/** Has {@linkcode settle} wait for work that is done in another thread: how long that takes is not the seed's. */
export function whileNative<T>(work: Promise<T>): Promise<T> {
  native.add(work);
  void Promise.allSettled([work]).then(() => native.delete(work));
  return work;
}

/** Resolves when all that follows from what was started, without waiting for anything outside, is done. */
export async function settle(): Promise<void> {
  do {
    await Promise.allSettled(native);
    await new Promise((resolve) => setImmediate(resolve));
  } while (native.size > 0);
}
