/**
 * What a run of fault tests came to, as a table.
 *
 * @module
 */

/** Rows of a table, and what must not have happened. */
export interface Report {
  readonly title: string;
  readonly rows: readonly (readonly [name: string, value: string | number | bigint])[];
  /** Longest time from the start of a process to its first answer; 0 without any. */
  readonly slowestRestartMs: number;
  /** Every single thing that went wrong; none in a good run. */
  readonly failures: readonly string[];
}

/** Goal for the time from the start of a process to its first answer. */
export const RESTART_GOAL_MS = 5_000;

/** Least, middle and greatest of some times. */
export function spread(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return `${at(0)} / ${at(0.5)} / ${at(1)}`;
}

/** Rows about restart times. */
export function restartRows(times: readonly number[]): readonly (readonly [string, string])[] {
  const within = times.filter((ms) => ms <= RESTART_GOAL_MS).length;
  return [
    ["restart to first answer, ms (min / median / max)", spread(times)],
    [`restarts within the goal of ${RESTART_GOAL_MS} ms`, `${within} of ${times.length}`],
  ];
}

/** The table as text. */
export function renderReport({ title, rows, failures }: Report): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    title,
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    `  ${"failures".padEnd(width)}  ${failures.length}`,
    ...failures.map((failure) => `    ${failure}`),
  ].join("\n");
}
