import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalBytes } from "../../src/primitives/bytes.ts";
import type { ChainBlock } from "../../src/sidechain/chain_block.ts";
import {
  type ConfirmationState,
  decideConfirmation,
  processFinalHead,
  selectCandidate,
} from "../../src/sidechain/confirmation.ts";
import { ALICE, BOB, CHARLIE, genesis, plainBlocks } from "./builders.ts";

const IDLE: ConfirmationState = { type: "idle" };
const author = fc.constantFrom(ALICE, BOB, CHARLIE);

describe("selectCandidate()", () => {
  it("is the newest block one rotation deep with, among several, a descendant by another author", () => {
    fc.assert(fc.property(fc.array(author, { maxLength: 15 }), fc.integer({ min: 1, max: 3 }), (authors, count) => {
      const blocks = plainBlocks(genesis(), authors);
      const want = blocks.findLast((block, i) => {
        const descendants = blocks.slice(i + 1);
        const isMixed = descendants.some(({ digest }) => !equalBytes(digest.blockAuthor, block.digest.blockAuthor));
        return descendants.length >= count && (count === 1 || isMixed);
      });
      expect(selectCandidate([...blocks].reverse(), count)).toBe(want);
    }));
  });

  it("does not exist while one of several authors builds alone", () => {
    const blocks = plainBlocks(genesis(), new Array(30).fill(ALICE));
    expect(selectCandidate([...blocks].reverse(), 2)).toBeUndefined();
    expect(selectCandidate([...blocks].reverse(), 1)?.number).toBe(29n);
  });
});

describe("decideConfirmation()", () => {
  const blocks = plainBlocks(genesis(), Array.from({ length: 120 }, (_, i) => i % 2 === 0 ? ALICE : BOB));
  const branch = (length: number): ChainBlock[] => blocks.slice(0, length).reverse();
  const at = (number: number) => {
    const { hash } = blocks[number - 1] as ChainBlock;
    return { blockNumber: BigInt(number), blockHeaderHash: hash };
  };

  it("confirms the first block that is deep enough, then every 50 blocks, by its own number and hash", () => {
    expect(decideConfirmation(IDLE, branch(2), 2, undefined)).toBeUndefined();
    expect(decideConfirmation(IDLE, branch(3), 2, undefined)).toEqual({ ancestor: undefined, candidate: at(1) });
    expect(decideConfirmation(IDLE, branch(52), 2, at(1))).toBeUndefined();
    expect(decideConfirmation(IDLE, branch(53), 2, at(1))).toEqual({ ancestor: at(1), candidate: at(51) });
    expect(decideConfirmation(IDLE, branch(120), 2, at(1))).toEqual({ ancestor: at(1), candidate: at(118) });
  });

  it("has one in flight until it is final or its era is over", () => {
    const inFlight: ConfirmationState = { type: "in_flight", candidate: at(51), eraEnd: 70 };
    expect(decideConfirmation(inFlight, branch(120), 2, at(1))).toBeUndefined();
    expect(processFinalHead(inFlight, 70, at(1))).toBe(inFlight);
    expect(processFinalHead(inFlight, 70, undefined)).toBe(inFlight);
    expect(processFinalHead(inFlight, 71, at(1))).toEqual(IDLE);
    expect(processFinalHead(inFlight, 60, at(51))).toEqual(IDLE);
    expect(processFinalHead(IDLE, 60, undefined)).toBe(IDLE);
  });
});
