import { describe, expect, it } from "vitest";
import { EarlierLife } from "../../src/enclave/core/earlier_life.ts";
import { accountId } from "../../src/primitives/branded.ts";
import type { ChainBlock } from "../../src/sidechain/chain_block.ts";

const [SELF, OTHER] = [1, 2].map((byte) => accountId(new Uint8Array(32).fill(byte)));
const START = 100n;

function block(author: typeof SELF, slot: bigint): ChainBlock {
  return { slot, digest: { blockAuthor: author } } as ChainBlock;
}

function lifeAfter(...blocks: readonly ChainBlock[]): EarlierLife {
  const life = new EarlierLife(SELF as NonNullable<typeof SELF>, START);
  for (const each of blocks) life.note(each);
  return life;
}

describe("EarlierLife", () => {
  it("is whole once another validateer has built a block since the start, and not before", () => {
    expect(lifeAfter().isWhole).toBe(false);
    expect(lifeAfter(block(OTHER, START)).isWhole).toBe(false);
    expect(lifeAfter(block(OTHER, START + 1n)).isWhole).toBe(true);
  });

  it("is not whole if a block of its own comes from outside, whatever comes after", () => {
    expect(lifeAfter(block(SELF, START - 5n), block(OTHER, START + 1n)).isWhole).toBe(false);
    expect(lifeAfter(block(OTHER, START + 1n), block(SELF, START - 5n), block(OTHER, START + 9n)).isWhole).toBe(false);
  });
});
