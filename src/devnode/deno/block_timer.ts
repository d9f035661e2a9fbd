/**
 * Wakes the node at the beginning of every slot.
 *
 * @module
 */

/** Calls `tick` at each multiple of `slotDurationMs`; the answer stops it. */
export function startBlockTimer(slotDurationMs: number, tick: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    timer = setTimeout(() => {
      // The next slot is planned first: an error in `tick` must not stop the chain.
      wait();
      tick();
    }, slotDurationMs - (Date.now() % slotDurationMs));
  };
  wait();
  return () => clearTimeout(timer);
}
