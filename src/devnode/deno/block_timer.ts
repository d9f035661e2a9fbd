/**
 * Wakes the node at the beginning of every slot, and a little later for finality.
 *
 * @module
 */

/**
 * When the votes follow a block, in parts of the slot: late enough that a client which looks the block up when it hears
 * of it, as `@polkadot/api` does, sees "in block" before "finalized", and early enough for the next block.
 */
export const FINALITY_DELAY_SHARE = 0.4;
/** Longest such delay: two network turns of a slow client. */
export const MAX_FINALITY_DELAY_MS = 400;

/** What is due in a slot. */
export interface SlotDuties {
  /** At its beginning. */
  readonly author: () => void;
  /** Later in it. */
  readonly finalize: () => void;
}

/** Calls the duties in every slot, which begins at each multiple of `slotDurationMs`; the answer stops it. */
export function startBlockTimer(slotDurationMs: number, duties: SlotDuties): () => void {
  const delayMs = Math.min(MAX_FINALITY_DELAY_MS, slotDurationMs * FINALITY_DELAY_SHARE);
  let slotTimer: ReturnType<typeof setTimeout> | undefined;
  let finalityTimer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    slotTimer = setTimeout(() => {
      // The next slot is planned first: an error in a duty must not stop the chain.
      wait();
      clearTimeout(finalityTimer);
      finalityTimer = setTimeout(duties.finalize, delayMs);
      duties.author();
    }, slotDurationMs - (Date.now() % slotDurationMs));
  };
  wait();
  return () => {
    clearTimeout(slotTimer);
    clearTimeout(finalityTimer);
  };
}
