import { describe, expect, it } from "vitest";
import { EquivocationMonitor, MAX_EQUIVOCATIONS, MAX_WATCHED_SLOTS } from "../../src/sidechain/equivocation.ts";
import { MAX_PARKED_BLOCKS, MAX_PARKED_MS, ParkingLot } from "../../src/sidechain/parking_lot.ts";
import type { SignedBlock } from "../../src/types/signed_block.ts";
import {
  ALICE,
  BOB,
  genesis,
  importer,
  plainBlock,
  plainBlocks,
  resigned,
  SidechainBlockBuilder,
  SLOT_MS,
} from "./builders.ts";

async function someBlocks(count: number): Promise<SignedBlock[]> {
  const { view, chain } = importer();
  const { signed } = await new SidechainBlockBuilder(view).build(chain.head);
  return Array.from({ length: count }, (_, i) => resigned(signed, {}, { blockNumber: BigInt(count - i) }));
}

describe("ParkingLot", () => {
  it("gives blocks for another try in order of numbers until they are removed", async () => {
    const lot = new ParkingLot();
    const blocks = await someBlocks(3);
    for (const block of blocks) expect(lot.park(block, 0n)).toBe(true);
    expect(lot.waiting(1n)).toEqual([...blocks].reverse());
    lot.remove(blocks[1] as SignedBlock);
    expect(lot.waiting(1n)).toEqual([blocks[2], blocks[0]]);
  });

  it("holds a bounded number of blocks", async () => {
    const lot = new ParkingLot();
    const blocks = await someBlocks(MAX_PARKED_BLOCKS + 1);
    expect(blocks.map((block) => lot.park(block, 0n)).lastIndexOf(true)).toBe(MAX_PARKED_BLOCKS - 1);
    expect(lot.size).toBe(MAX_PARKED_BLOCKS);
    expect(lot.park(blocks[MAX_PARKED_BLOCKS] as SignedBlock, MAX_PARKED_MS)).toBe(true);
    expect(lot.size).toBe(1);
  });

  it("forgets a block after its time, which parking it again does not prolong", async () => {
    const lot = new ParkingLot();
    const [block] = await someBlocks(1) as [SignedBlock];
    lot.park(block, 0n);
    expect(lot.park(block, MAX_PARKED_MS - 1n)).toBe(true);
    expect(lot.waiting(MAX_PARKED_MS - 1n)).toHaveLength(1);
    expect(lot.waiting(MAX_PARKED_MS)).toEqual([]);
    expect(lot.size).toBe(0);
  });
});

describe("EquivocationMonitor", () => {
  it("keeps two headers of one author for one slot as evidence, and only those", () => {
    const monitor = new EquivocationMonitor(SLOT_MS);
    const root = genesis();
    const [a, b] = plainBlocks(root, [ALICE, ALICE]).map(({ lightHeader }) => lightHeader);
    if (a === undefined || b === undefined) throw new TypeError("Cannot test: want two blocks");
    const other = plainBlock(plainBlock(root, BOB, 50n), ALICE, 1n).lightHeader;
    expect(monitor.observe(a)).toBeUndefined();
    expect(monitor.observe(a)).toBeUndefined();
    expect(monitor.observe(b)).toBeUndefined();
    expect(monitor.observe(plainBlock(root, BOB, 1n).lightHeader)).toBeUndefined();
    expect(monitor.observe(other)).toEqual({ slot: 1n, first: a, second: other });
    expect(monitor.evidence).toEqual([{ slot: 1n, first: a, second: other }]);
  });

  it("remembers a bounded number of slots and of evidence", () => {
    const monitor = new EquivocationMonitor(SLOT_MS);
    const [root, fork] = [genesis(), plainBlock(genesis(), BOB, 1n)];
    for (let slot = 1n; slot <= BigInt(MAX_WATCHED_SLOTS) + 1n; slot++) {
      monitor.observe(plainBlock(root, ALICE, slot).lightHeader);
    }
    expect(monitor.observe(plainBlock(fork, ALICE, 1n).lightHeader)).toBeUndefined();
    for (let slot = 5n; slot <= BigInt(MAX_EQUIVOCATIONS) + 50n; slot++) {
      monitor.observe(plainBlock(fork, ALICE, slot).lightHeader);
    }
    expect(monitor.evidence).toHaveLength(MAX_EQUIVOCATIONS);
  });
});
