import { describe, expect, it } from "vitest";
import { EarlierLife } from "../../src/enclave/core/earlier_life.ts";
import { type AccountId, accountId } from "../../src/primitives/branded.ts";
import type { ChainBlock } from "../../src/sidechain/chain_block.ts";

const [SELF, OTHER] = [1, 2].map((byte) => accountId(new Uint8Array(32).fill(byte))) as [AccountId, AccountId];

const blockOf = (blockAuthor: AccountId): ChainBlock => ({ digest: { blockAuthor } }) as ChainBlock;

const START_MS = 1_000;

function lifeThatSaw(...blocks: readonly (readonly [number: number, timestampMs: bigint | undefined])[]): EarlierLife {
  const life = new EarlierLife(SELF, START_MS);
  for (const block of blocks) life.noteParentchain(...block);
  return life;
}

describe("EarlierLife", () => {
  it("is over with the first parentchain block that is younger than the start, however many older ones come again", () => {
    expect(lifeThatSaw().firstAfter).toBeUndefined();
    expect(lifeThatSaw([70, 900n], [71, 1_000n]).firstAfter).toBeUndefined();
    expect(lifeThatSaw([70, 900n], [71, 1_000n], [72, 1_001n], [73, 1_002n]).firstAfter).toBe(72);
  });

  it("was still going on when a block of its own came from outside", () => {
    const life = lifeThatSaw([70, 1_001n]);
    life.note(blockOf(OTHER), 2_000);
    expect(life.firstAfter).toBe(70);
    life.note(blockOf(SELF), 2_000);
    expect(life.firstAfter).toBeUndefined();
    life.noteParentchain(71, 2_000n);
    expect(life.firstAfter).toBeUndefined();
    life.noteParentchain(72, 2_001n);
    expect(life.firstAfter).toBe(72);
  });

  it("is over with the first block that is seen on a parentchain without time", () => {
    expect(lifeThatSaw([70, undefined], [71, undefined]).firstAfter).toBe(70);
  });
});
