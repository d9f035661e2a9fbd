import { describe, expect, it } from "vitest";
import type { BlockFacts } from "../e2e/light_blocks.ts";
import { missedInARow } from "./indirect_calls.ts";

/** Blocks in these slots, of "a" in the even ones and of "b" in the odd ones. */
function blocksIn(...slots: readonly number[]): BlockFacts[] {
  return slots.map((slot, number) => ({ number, hash: "", root: "", slot, author: slot % 2 === 0 ? "a" : "b" }));
}

describe("missedInARow()", () => {
  it.each([
    ["none when every slot has its block", [10, 11, 12, 13], 0, 0],
    ["one", [10, 11, 13, 14, 15], 1, 0],
    ["the longest run, also beside a shorter later one", [10, 11, 13, 15, 17, 18, 19, 21, 22], 3, 0],
    ["slots that both missed, for each", [10, 11, 20, 21], 4, 4],
    ["an author that stopped, up to the last block", [10, 11, 12, 14, 16, 18, 20], 0, 4],
  ])("counts %s", (_, slots, a, b) => {
    expect(missedInARow(blocksIn(...slots), 2)).toEqual(new Map([["a", a], ["b", b]]));
  });

  it("knows only authors that made a block", () => {
    expect(missedInARow(blocksIn(10, 12), 2)).toEqual(new Map([["a", 0]]));
  });
});
