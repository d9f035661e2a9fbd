/**
 * Ctrl-C and SIGTERM: the first one asks a program to stop in order, a second one to end at once.
 *
 * @module
 */

/**
 * Within this time after a signal another one is the same again: a terminal sends Ctrl-C to a task runner and to what it
 * runs, and the runner passes its own on. Nobody presses it twice as fast.
 */
const ECHO_MS = 500;

/** Calls `first` at the first signal, and `again` at a later one. */
export function onStopSignals(first: () => void, again: () => void): void {
  let firstAt: number | undefined;
  const heard = (): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      first();
    } else if (now - firstAt > ECHO_MS) again();
  };
  Deno.addSignalListener("SIGINT", heard);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", heard);
}
