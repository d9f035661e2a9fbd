import { describe, expect, it } from "vitest";
import { startSlotClock } from "../../src/host/slot_clock.ts";

/** A clock that moves only by `advance`. */
function manualTimer(start: number) {
  let now = start;
  let due: { at: number; run: () => void } | undefined;
  return {
    now: () => now,
    after: (ms: number, run: () => void) => {
      const entry = { at: now + ms, run };
      due = entry;
      return () => {
        if (due === entry) due = undefined;
      };
    },
    advance: (to: number) => {
      while (due !== undefined && due.at <= to) {
        const { at, run } = due;
        due = undefined;
        now = at;
        run();
      }
      now = to;
    },
  };
}

describe("startSlotClock()", () => {
  it("calls at multiples of the slot duration", async () => {
    const timer = manualTimer(1_050);
    const slots: number[] = [];
    const stop = startSlotClock(300, timer, { onSlot: async (now) => void slots.push(now), onMissed: () => {} });
    for (let to = 1_100; to <= 2_100; to += 100) {
      timer.advance(to);
      await Promise.resolve();
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
    await stop();
    timer.advance(9_000);
    expect(slots).toEqual([1_200, 1_500, 1_800, 2_100]);
  });

  it("counts slots that begin while the work of an earlier one goes on, and stops after that work", async () => {
    const timer = manualTimer(0);
    const work = Promise.withResolvers<void>();
    let missed = 0;
    let calls = 0;
    const stop = startSlotClock(300, timer, {
      onSlot: () => {
        calls++;
        return work.promise;
      },
      onMissed: () => missed++,
    });
    timer.advance(1_000);
    expect([calls, missed]).toEqual([1, 2]);
    let stopped = false;
    const stopping = stop().then(() => stopped = true);
    await Promise.resolve();
    expect(stopped).toBe(false);
    work.resolve();
    await stopping;
  });
});
