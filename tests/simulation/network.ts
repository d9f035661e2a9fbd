/**
 * The network among validateers: each message takes its time, gets lost, comes twice, or meets a partition.
 *
 * @module
 */
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Counts } from "./trace.ts";

/** How bad the network is now. */
export interface NetworkFaults {
  /** Probability that a message is lost. */
  loss: number;
  /** Probability that a message comes twice. */
  duplication: number;
  /** Largest random delay, by which messages overtake each other. */
  jitterMs: number;
}

/** Time that a message takes at least. */
const BASE_DELAY_MS = 4;
/** Random delay of a network in good health. */
export const USUAL_JITTER_MS = 20;

/** The network. */
export class Network {
  readonly faults: NetworkFaults = { loss: 0, duplication: 0, jitterMs: USUAL_JITTER_MS };
  /** Additional delay of what a validateer sends, by index. */
  readonly slow = new Map<number, number>();
  /** Connections that carry nothing, by who dials whom: what is pushed over them, and questions and answers of stores. */
  readonly #dead = new Set<string>();
  /** Additional delay of what one sends to another. */
  readonly #late = new Map<string, number>();
  /** Side of each validateer; messages pass within a side only. */
  #sides: readonly number[] = [];
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #counts: Counts;

  constructor(scheduler: Scheduler, random: Random, counts: Counts) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#counts = counts;
  }

  /** Cuts the network; no sides: heals it. */
  partition(sides: readonly number[]): void {
    this.#sides = sides;
  }

  /** Nothing passes the connection that one dials to another; the one that the other dials still works. */
  breakLink(dialler: number, dialled: number): () => void {
    const key = `${dialler} ${dialled}`;
    this.#dead.add(key);
    return () => void this.#dead.delete(key);
  }

  /** What one sends to another is late; not what it is sent. */
  delayLink(from: number, to: number, ms: number): () => void {
    const key = `${from} ${to}`;
    this.#late.set(key, ms);
    return () => void this.#late.delete(key);
  }

  /** Whether messages pass between two validateers. */
  isConnected(a: number, b: number): boolean {
    return this.#sides[a] === this.#sides[b];
  }

  /** Sends a message over the connection that `dialler` made: `deliver` runs when it arrives, never if it is lost. */
  send(from: number, to: number, name: string, deliver: () => void | Promise<void>, dialler: number = from): void {
    const { faults } = this;
    const link = `${dialler} ${dialler === from ? to : from}`;
    if (this.#dead.has(link)) return this.#counts.add("message stopped one way");
    if (!this.isConnected(from, to)) return this.#counts.add("message stopped by a partition");
    if (this.#random.chance(faults.loss)) return this.#counts.add("message lost");
    const copies = this.#random.chance(faults.duplication) ? 2 : 1;
    if (copies === 2) this.#counts.add("message duplicated");
    for (let i = 0; i < copies; i++) {
      const extra = this.slow.get(from) ?? 0;
      if (extra > 0) this.#counts.add("message delayed");
      if (faults.jitterMs > USUAL_JITTER_MS) this.#counts.add("message out of order");
      const late = this.#late.get(`${from} ${to}`) ?? 0;
      if (late > 0) this.#counts.add("message delayed one way");
      const delay = BASE_DELAY_MS + this.#random.int(faults.jitterMs + 1) + extra + late;
      this.#scheduler.after(delay, name, () => {
        // What is under way when the network is cut is lost.
        if (this.#dead.has(link)) return this.#counts.add("message stopped one way");
        if (this.isConnected(from, to)) return deliver();
        this.#counts.add("message stopped by a partition");
      });
    }
  }
}
