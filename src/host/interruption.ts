/**
 * Waiting that a signal ends.
 *
 * @module
 */

/**
 * What the work gives, unless the signal comes first: then this rejects at once with the signal's reason, and what the work
 * gives later is dropped. The work itself goes on; what it holds is for its owner to release.
 */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
