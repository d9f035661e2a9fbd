/**
 * Timing: medians of repeated runs, because a shared machine has slow moments.
 *
 * @module
 */

/** One measured figure. */
export interface Figure {
  /** Name in `budgets.json`. */
  readonly name: string;
  /** The measured ratio or time. */
  readonly value: number;
  /** What it is made of, for the table. */
  readonly detail: string;
}

/** Median time of `runs` calls in milliseconds, after one that warms up. */
export function medianMs(runs: number, work: () => void): number {
  work();
  const times = Array.from({ length: runs }, () => {
    const started = performance.now();
    work();
    return performance.now() - started;
  });
  return median(times);
}

/** Mean time of one call in milliseconds over about `totalMs`, with calls one after the other. */
export async function meanMs(totalMs: number, work: () => Promise<unknown> | unknown): Promise<number> {
  await work();
  const started = performance.now();
  let calls = 0;
  while (performance.now() - started < totalMs) {
    await work();
    calls += 1;
  }
  return (performance.now() - started) / calls;
}

/** The middle of the values; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
