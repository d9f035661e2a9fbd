import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AccountId } from "../../src/primitives/branded.ts";
import { compareBytes } from "../../src/primitives/bytes.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import {
  MAX_CONFIRMED_HEADERS,
  MAX_FORK_BLOCKS,
  MAX_FORK_BRANCHES,
  MAX_UNCONFIRMED_BLOCKS,
  SidechainChain,
} from "../../src/sidechain/chain.ts";
import type { ChainBlock, ChainPoint } from "../../src/sidechain/chain_block.ts";
import { ALICE, BOB, CHARLIE, genesis, plainBlock, plainBlocks } from "./builders.ts";

function confirmationOf({ number, hash }: ChainPoint) {
  return { blockNumber: number, blockHeaderHash: hash };
}

/** Random trees: each number names the block, by place modulo what is there, that the next block is built on. */
const tree = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 25 });

function blocksOf(root: ChainPoint, shape: readonly (readonly [number, number])[]): ChainBlock[] {
  const points: ChainPoint[] = [root];
  const blocks = new Map<string, ChainBlock>();
  for (const [place, gap] of shape) {
    const parent = points[place % points.length] as ChainPoint;
    const block = plainBlock(parent, gap % 2 === 0 ? ALICE : BOB, parent.slot + BigInt(gap));
    if (blocks.has(toHex(block.hash))) continue;
    blocks.set(toHex(block.hash), block);
    points.push(block);
  }
  return [...blocks.values()];
}

/** The head by the rule alone: most slots filled, then the lower hash. */
function wantHead(base: ChainPoint, blocks: readonly ChainBlock[]): ChainPoint {
  return blocks.reduce<ChainPoint>((best, block) => {
    if (block.number !== best.number) return block.number > best.number ? block : best;
    return compareBytes(block.hash, best.hash) < 0 ? block : best;
  }, base);
}

describe("SidechainChain", () => {
  it("drop() takes out what is lost and all that descends from it, and tells what left the best branch", () => {
    fc.assert(
      fc.property(tree, fc.array(fc.nat(), { maxLength: 3 }), (shape, places) => {
        const root = genesis();
        const chain = new SidechainChain(root);
        const blocks = blocksOf(root, shape);
        for (const block of blocks) chain.insert(block);
        const before = [...chain.ancestors()];
        const lost = new Set(places.map((place) => blocks[place % blocks.length] as ChainBlock));
        const kept = new Set<string>([toHex(root.hash)]);
        for (const block of blocks) {
          if (!lost.has(block) && kept.has(toHex(block.header.parentHash))) kept.add(toHex(block.hash));
        }
        const { retracted, enacted } = chain.drop((block) => lost.has(block));
        for (const block of blocks) expect(chain.get(block.hash) !== undefined).toBe(kept.has(toHex(block.hash)));
        expect(chain.head).toBe(wantHead(root, blocks.filter(({ hash }) => kept.has(toHex(hash)))));
        const after = [...chain.ancestors()];
        expect(retracted).toEqual(before.filter((block) => !after.includes(block)));
        expect(enacted).toEqual(after.filter((block) => !before.includes(block)).reverse());
      }),
    );
  });

  it("has the head with most slots filled, ties by lower hash, whatever the order of arrival", () => {
    fc.assert(
      fc.property(tree, fc.infiniteStream(fc.nat()), (shape, random) => {
        const root = genesis();
        const chain = new SidechainChain(root);
        const left = blocksOf(root, shape);
        const arrived: ChainBlock[] = [];
        let branch: ChainBlock[] = [];
        while (left.length > 0) {
          // Any block whose parent is here may arrive next.
          const ready = left.filter(({ header }) => chain.get(header.parentHash) !== undefined);
          const block = ready[(random.next().value as number) % ready.length] as ChainBlock;
          left.splice(left.indexOf(block), 1);
          arrived.push(block);
          const { retracted, enacted } = chain.insert(block);
          expect(chain.head).toBe(wantHead(root, arrived));
          // What is said to change is what changes.
          expect(branch.slice(branch.length - retracted.length)).toEqual([...retracted].reverse());
          branch = [...branch.slice(0, branch.length - retracted.length), ...enacted];
          expect([...chain.ancestors()].reverse()).toEqual(branch);
          for (const [i, at] of branch.entries()) expect(chain.at(BigInt(i + 1))).toBe(at);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("keeps after a confirmation exactly the descendants of the confirmed block, and never goes behind it", () => {
    fc.assert(
      fc.property(tree, fc.nat(), (shape, pick) => {
        const root = genesis();
        const chain = new SidechainChain(root);
        const blocks = blocksOf(root, shape);
        for (const block of blocks) chain.insert(block);
        const before = [...chain.ancestors()].reverse();
        const confirmed = blocks[pick % blocks.length] as ChainBlock;
        const { retracted, enacted } = unwrap(chain.confirm(confirmationOf(confirmed)));
        const descends = (block: ChainBlock): boolean => {
          const parent = blocks.find(({ hash }) => toHex(hash) === toHex(block.header.parentHash));
          return parent === confirmed || (parent !== undefined && descends(parent));
        };
        const kept = blocks.filter(descends);
        expect(chain.base).toBe(confirmed);
        expect(chain.head).toBe(wantHead(confirmed, kept));
        for (const block of blocks) {
          expect(chain.get(block.hash) !== undefined).toBe(block === confirmed || kept.includes(block));
        }
        const after = [...before.slice(0, before.length - retracted.length), ...enacted];
        const above = after.filter(({ number }) => number > confirmed.number);
        expect([...chain.ancestors()].reverse()).toEqual(above);
      }),
      { numRuns: 200 },
    );
  });

  it("reports ConfirmedBlockUnavailable for a block that is not here or whose number is another", () => {
    const chain = new SidechainChain(genesis());
    const [first, second] = plainBlocks(chain.base, [ALICE, BOB]) as [ChainBlock, ChainBlock];
    chain.insert(first);
    const want = { ok: false, error: { code: "ConfirmedBlockUnavailable" } };
    expect(chain.confirm(confirmationOf(second))).toMatchObject(want);
    expect(chain.confirm({ ...confirmationOf(first), blockNumber: 51n })).toMatchObject(want);
    expect(chain.head).toBe(first);
    chain.insert(second);
    unwrap(chain.confirm(confirmationOf(second)));
    expect(unwrap(chain.confirm(confirmationOf(first)))).toEqual({ retracted: [], enacted: [] });
    const rival = plainBlock(first, ALICE, 99n);
    expect(chain.confirm(confirmationOf(rival))).toMatchObject(want);
    expect(chain.base).toBe(second);
  });

  it("refuses to insert a block twice, without parent, or with a number that does not follow", () => {
    const chain = new SidechainChain(genesis());
    const [first, second] = plainBlocks(chain.base, [ALICE, BOB]) as [ChainBlock, ChainBlock];
    expect(() => chain.insert(second)).toThrow(RangeError);
    chain.insert(first);
    expect(() => chain.insert(first)).toThrow(RangeError);
    expect(() => chain.insert({ ...second, number: 7n })).toThrow(RangeError);
  });

  it("forgets the forks furthest behind when there are too many, and keeps the best branch", () => {
    const chain = new SidechainChain(genesis());
    const best = plainBlocks(chain.base, [ALICE, BOB, ALICE, BOB]);
    for (const block of best) chain.insert(block);
    const late = plainBlock(best[2] as ChainPoint, ALICE, 5000n);
    chain.insert(late);
    const limit = MAX_FORK_BLOCKS + MAX_FORK_BRANCHES * best.length;
    for (let i = 0; i < limit + 10; i++) chain.insert(plainBlock(chain.base, BOB, BigInt(100 + i)));
    expect(chain.forkBlocks).toBe(limit);
    expect([...chain.ancestors()].length).toBe(4);
    expect(chain.get(late.hash)).toBe(late);
  });

  it("lets a branch win however long the one is that it competes with, and a third one then", () => {
    const chain = new SidechainChain(genesis());
    const length = MAX_FORK_BLOCKS + 500;
    const branch = (author: AccountId, blocks: number) => plainBlocks(chain.base, new Array(blocks).fill(author));
    for (const [i, author] of [ALICE, BOB, CHARLIE].entries()) {
      const blocks = branch(author, length + i);
      for (const block of blocks) chain.insert(block);
      expect(chain.head).toBe(blocks.at(-1));
    }
    expect(chain.forkBlocks).toBe(2 * length + 1);
  });

  it("serves light headers of confirmed and unconfirmed blocks in one row, and keeps a bounded number", () => {
    const chain = new SidechainChain(genesis());
    const authors = new Array<AccountId>(MAX_CONFIRMED_HEADERS + 20).fill(ALICE);
    const blocks = plainBlocks(chain.base, authors);
    for (const block of blocks) chain.insert(block);
    const numbers = (from: bigint, max: number) =>
      chain.lightHeaders(from, max).map(({ header }) => header.blockNumber);
    expect(numbers(0n, 3)).toEqual([1n, 2n, 3n]);
    unwrap(chain.confirm(confirmationOf(blocks[1] as ChainBlock)));
    expect(numbers(1n, 4)).toEqual([1n, 2n, 3n, 4n]);
    const end = BigInt(authors.length);
    expect(numbers(end - 1n, 10)).toEqual([end - 1n, end]);
    expect(numbers(end + 1n, 10)).toEqual([]);
    unwrap(chain.confirm(confirmationOf(blocks[MAX_CONFIRMED_HEADERS + 9] as ChainBlock)));
    expect(numbers(0n, 2)).toEqual([11n, 12n]);
  });

  it("lets authors take calls until too many blocks are unconfirmed, and again after a confirmation", () => {
    const chain = new SidechainChain(genesis());
    const blocks = plainBlocks(chain.base, new Array<AccountId>(Number(MAX_UNCONFIRMED_BLOCKS)).fill(ALICE));
    for (const block of blocks) {
      expect(chain.mayTakeCalls).toBe(true);
      chain.insert(block);
    }
    expect(chain.mayTakeCalls).toBe(false);
    unwrap(chain.confirm(confirmationOf(blocks[0] as ChainBlock)));
    expect(chain.mayTakeCalls).toBe(true);
  });
});
