/**
 * Calls a function at the start of each slot, never twice at once.
 *
 * Source: worker `sidechain/consensus/slots/src/slot_stream.rs` (839eda024)
 *
 * @module
 */

/** Time as the clock needs it. */
export interface SlotTimer {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Calls back once; the returned function cancels. */
  readonly after: (ms: number, run: () => void) => () => void;
}

/** What happens at a slot. */
export interface SlotTask {
  /** Work of one slot. Never rejects. */
  readonly onSlot: (nowMs: number) => Promise<void>;
  /** A slot began while the work of an earlier one was not done. */
  readonly onMissed: () => void;
}

/** Starts the clock; the returned function ends it and resolves when the work at hand is done. */
export function startSlotClock(slotDurationMs: number, timer: SlotTimer, task: SlotTask): () => Promise<void> {
  let work: Promise<void> | undefined;
  let cancel = () => {};
  let stopped = false;
  const schedule = (): void => {
    const now = timer.now();
    cancel = timer.after(slotDurationMs - (now % slotDurationMs), tick);
  };
  const tick = (): void => {
    if (stopped) return;
    if (work !== undefined) task.onMissed();
    else work = task.onSlot(timer.now()).finally(() => work = undefined);
    schedule();
  };
  schedule();
  return async () => {
    stopped = true;
    cancel();
    await work;
  };
}
