/**
 * The latency table of the benchmark.
 *
 * Source: worker `cli/src/benchmark/mod.rs#print_benchmark_statistic` (839eda024)
 *
 * @module
 */

/** Step between the lines of the table, in percent. */
const STEP = 5;

/** The smallest value that at least `percent` of the values do not exceed; 0 of none. `sorted` ascends. */
export function percentile(sorted: readonly number[], percent: number): number {
  const rank = Math.ceil(sorted.length * percent / 100);
  return sorted[Math.max(rank, 1) - 1] ?? 0;
}

/** Lines of 5 to 100 percent; milliseconds are rounded up. */
export function percentileLines(latenciesMs: readonly number[]): string[] {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const lines: string[] = [];
  for (let percent = STEP; percent <= 100; percent += STEP) {
    lines.push(`${percent} percent are done within ${Math.ceil(percentile(sorted, percent))} ms`);
  }
  return lines;
}
