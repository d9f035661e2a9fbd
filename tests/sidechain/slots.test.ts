import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computeSlotAuthor, isOwnSlot, type SlotClaim } from "../../src/sidechain/aura.ts";
import { computeNextFinalization } from "../../src/sidechain/next_finalization.ts";
import {
  computeNextSlotStartMs,
  computeProposingDeadlineMs,
  computeSlot,
  computeSlotStartMs,
} from "../../src/sidechain/slots.ts";
import { ALICE, BOB, CHARLIE } from "./builders.ts";

describe("slots", () => {
  it("cut time without gap or overlap, and the deadline lies inside", () => {
    const time = fc.bigInt({ min: 0n, max: 1n << 60n });
    fc.assert(fc.property(time, fc.bigInt({ min: 1n, max: 60_000n }), (now, duration) => {
      const slot = computeSlot(now, duration);
      expect(computeSlotStartMs(slot, duration) <= now).toBe(true);
      const next = computeNextSlotStartMs(now, duration);
      expect(now < next && next - now <= duration).toBe(true);
      expect(computeSlot(next, duration)).toBe(slot + 1n);
      const deadline = computeProposingDeadlineMs(now, duration);
      expect(now <= deadline && deadline < next).toBe(true);
    }));
  });

  it("leave 70 % of the rest to the calls", () => {
    expect(computeProposingDeadlineMs(3000n, 300n)).toBe(3210n);
    expect(computeProposingDeadlineMs(3200n, 300n)).toBe(3270n);
  });

  it("need a positive duration", () => {
    expect(() => computeSlot(1n, 0n)).toThrow(RangeError);
  });
});

describe("computeSlotAuthor()", () => {
  it("goes round in storage order", () => {
    const authorities = [BOB, ALICE, CHARLIE];
    expect([0n, 1n, 2n, 3n].map((slot) => computeSlotAuthor(authorities, slot))).toEqual([BOB, ALICE, CHARLIE, BOB]);
    expect(computeSlotAuthor([], 5n)).toBeUndefined();
  });
});

describe("isOwnSlot()", () => {
  const claim: SlotClaim = {
    ...{ authorities: [ALICE, BOB], self: ALICE, slot: 100n, parentSlot: 99n, startSlot: 50n },
    lastAuthoredSlot: 98n,
  };

  it("accepts a slot of one's own after the parent, the start and the last own block", () => {
    expect(isOwnSlot(claim)).toBe(true);
    expect(isOwnSlot({ ...claim, lastAuthoredSlot: undefined })).toBe(true);
  });

  it("refuses a slot of another one, of the past, right after the start, or used before", () => {
    expect(isOwnSlot({ ...claim, self: BOB })).toBe(false);
    expect(isOwnSlot({ ...claim, authorities: [] })).toBe(false);
    expect(isOwnSlot({ ...claim, parentSlot: 100n })).toBe(false);
    expect(isOwnSlot({ ...claim, startSlot: 99n })).toBe(false);
    expect(isOwnSlot({ ...claim, startSlot: 98n })).toBe(true);
    expect(isOwnSlot({ ...claim, lastAuthoredSlot: 100n })).toBe(false);
  });
});

describe("computeNextFinalization()", () => {
  it("is 1, then 51, 101, 151, and so on", () => {
    let previous: bigint | undefined;
    const due: bigint[] = [];
    for (let number = 1n; number <= 160n; number++) {
      previous = computeNextFinalization(number, previous);
      if (previous === number) due.push(number);
    }
    expect(due).toEqual([1n, 51n, 101n, 151n]);
  });
});
