/**
 * What a run of fault tests came to, as a table.
 *
 * @module
 */

/** Rows of a table, and what must not have happened. */
export interface Report {
  readonly title: string;
  readonly rows: readonly ReportRow[];
  /** Every single thing that went wrong; none in a good run. */
  readonly failures: readonly string[];
  /** Every case that took far longer than its goal; none in a good run. */
  readonly late: readonly string[];
}

/** A name and a value. */
export type ReportRow = readonly [name: string, value: string | number | bigint];

/** A time that something is to take. */
export interface TimeGoal {
  readonly what: string;
  readonly ms: number;
}

/** A case is late beyond this multiple of its goal: less is noise of a shared machine. */
export const TOLERANCE = 3;

/** Goal for the time from the start of a process to its first answer. */
export const RESTART_GOAL: TimeGoal = { what: "restart to first answer", ms: 5_000 };

/** Times of cases that have a goal. */
export class Timing {
  readonly #goal: TimeGoal;
  readonly #times: number[] = [];
  readonly #late: string[] = [];

  /** Has no times yet. */
  constructor(goal: TimeGoal) {
    this.#goal = goal;
  }

  /** Takes the time of a case. */
  add(name: string, ms: number): void {
    const { what, ms: goalMs } = this.#goal;
    this.#times.push(ms);
    if (ms > TOLERANCE * goalMs) this.#late.push(`${name}: ${what} ${Math.round(ms)} ms, the goal is ${goalMs} ms`);
  }

  /** The times, and how many are within the goal. */
  get rows(): readonly ReportRow[] {
    const { what, ms: goalMs } = this.#goal;
    const within = this.#times.filter((ms) => ms <= goalMs).length;
    return [
      [`${what}, ms (min / median / max)`, spread(this.#times)],
      [`  of them within the goal of ${goalMs} ms`, `${within} of ${this.#times.length}`],
    ];
  }

  /** Cases beyond the tolerance. */
  get late(): readonly string[] {
    return this.#late;
  }
}

/** Least, middle and greatest of some times. */
export function spread(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return `${at(0)} / ${at(0.5)} / ${at(1)}`;
}

/** Whether nothing is wrong and nothing was late. */
export function isGood({ failures, late }: Report): boolean {
  return failures.length === 0 && late.length === 0;
}

/** The table as text. */
export function renderReport({ title, rows, failures, late }: Report): string {
  const lateName = `beyond ${TOLERANCE} times the goal`;
  const all: readonly ReportRow[] = [...rows, ["failures", failures.length], [lateName, late.length]];
  const width = Math.max(...all.map(([name]) => name.length));
  return [
    title,
    ...all.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    ...[...failures, ...late].map((text) => `    ${text}`),
  ].join("\n");
}
