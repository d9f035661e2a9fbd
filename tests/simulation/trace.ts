/**
 * What happened, as a hash: two runs of one seed must agree in it.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Lines of a run. */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #print: ((line: string) => void) | undefined;
  #lines = 0;

  /** `print` gets each line, to look at one run. */
  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  /** How many lines there are. */
  get lines(): number {
    return this.#lines;
  }

  /** Notes what happened at a time. */
  note(nowMs: number, what: string): void {
    const line = `${nowMs} ${what}`;
    this.#lines++;
    this.#hash.update(line).update("\n");
    this.#print?.(line);
  }

  /** The hash of all lines so far. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

/** What went wrong. */
export class Violation extends Error {
  override readonly name = "Violation";
  /** The invariant. */
  readonly invariant: string;

  constructor(invariant: string, detail: string, options: ErrorOptions = {}) {
    super(`${invariant}: ${detail}`, options);
    this.invariant = invariant;
  }
}

/** How often each kind of fault was injected. */
export class Counts {
  readonly #counts = new Map<string, number>();

  /** Counts one, or several. */
  add(kind: string, count = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
  }

  /** Adds those of another run. */
  addAll(other: Counts): void {
    for (const [kind, count] of other.entries()) this.add(kind, count);
  }

  /** By name. */
  entries(): readonly (readonly [kind: string, count: number])[] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** How many of one kind. */
  get(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }
}
