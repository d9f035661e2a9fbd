import { describe, expect, it } from "vitest";
import { ed25519Sign } from "../../src/crypto/ed25519.ts";
import type { AccountId } from "../../src/primitives/branded.ts";
import {
  EquivocationMonitor,
  isEquivocation,
  MAX_EQUIVOCATIONS_PER_AUTHOR,
  MAX_WATCHED_SLOTS,
} from "../../src/sidechain/equivocation.ts";
import { MAX_PARKED_BLOCKS, MAX_PARKED_BYTES, MAX_PARKED_MS, ParkingLot } from "../../src/sidechain/parking_lot.ts";
import type { ChainPoint } from "../../src/sidechain/chain_block.ts";
import type { BlockData } from "../../src/types/block_data.ts";
import { type EquivocationProof, equivocationProofs, MAX_EQUIVOCATIONS } from "../../src/types/equivocation.ts";
import { blockSigningMessage, type SignedBlock } from "../../src/types/signed_block.ts";
import { computeHeaderHash } from "../../src/types/sidechain_header.ts";
import {
  ALICE,
  BOB,
  CHARLIE,
  genesis,
  importer,
  pairOf,
  plainBlock,
  plainBlocks,
  resigned,
  SidechainBlockBuilder,
  SLOT_MS,
} from "./builders.ts";

/** Blocks by one author, by falling numbers. */
async function someBlocks(count: number, author: AccountId = ALICE): Promise<SignedBlock[]> {
  const { view, chain } = importer();
  const { signed } = await new SidechainBlockBuilder(view).build(chain.head);
  return Array.from(
    { length: count },
    (_, i) => resigned(signed, { blockAuthor: author }, { blockNumber: BigInt(count - i) }),
  );
}

describe("ParkingLot", () => {
  it("gives blocks for another try in order of numbers until they are removed", async () => {
    const lot = new ParkingLot();
    const blocks = await someBlocks(3);
    for (const block of blocks) expect(lot.park(block, 0n, [ALICE])).toBe(true);
    expect(lot.waiting(1n)).toEqual([...blocks].reverse());
    const [, second] = blocks as [SignedBlock, SignedBlock];
    expect(lot.has(computeHeaderHash(second.block.header))).toBe(true);
    lot.remove(second);
    expect(lot.has(computeHeaderHash(second.block.header))).toBe(false);
    expect(lot.waiting(1n)).toEqual([blocks[2], blocks[0]]);
  });

  it("tells whether a block that waits stands on another", async () => {
    const lot = new ParkingLot();
    const [block] = await someBlocks(1) as [SignedBlock];
    const { parentHash } = block.block.header;
    expect(lot.hasChildOf(parentHash)).toBe(false);
    lot.park(block, 0n, [ALICE]);
    expect([lot.hasChildOf(parentHash), lot.hasChildOf(computeHeaderHash(block.block.header))]).toEqual([true, false]);
  });

  it("holds a bounded number of blocks", async () => {
    const lot = new ParkingLot();
    const blocks = await someBlocks(MAX_PARKED_BLOCKS + 1);
    expect(blocks.map((block) => lot.park(block, 0n, [ALICE])).lastIndexOf(true)).toBe(MAX_PARKED_BLOCKS - 1);
    expect(lot.size).toBe(MAX_PARKED_BLOCKS);
    expect(lot.park(blocks[MAX_PARKED_BLOCKS] as SignedBlock, MAX_PARKED_MS, [ALICE])).toBe(true);
    expect(lot.size).toBe(1);
  });

  it("gives each author an equal share, so that one who fills it leaves room for the others", async () => {
    const lot = new ParkingLot();
    const authors = [ALICE, BOB, CHARLIE];
    const share = Math.floor(MAX_PARKED_BLOCKS / authors.length);
    const parked = (await someBlocks(MAX_PARKED_BLOCKS)).filter((block) => lot.park(block, 0n, authors));
    expect(parked).toHaveLength(share);
    const others = [...await someBlocks(share, BOB), ...await someBlocks(share, CHARLIE)];
    expect(others.every((block) => lot.park(block, 0n, authors))).toBe(true);
    expect(lot.park((await someBlocks(share + 1, BOB))[0] as SignedBlock, 0n, authors)).toBe(false);
  });

  it("parks nothing of somebody who is no validateer of the shard, nor anything while there is none", async () => {
    const lot = new ParkingLot();
    const [block] = await someBlocks(1, CHARLIE) as [SignedBlock];
    expect(lot.park(block, 0n, [ALICE, BOB])).toBe(false);
    expect(lot.park(block, 0n, [])).toBe(false);
    expect(lot.size).toBe(0);
  });

  it("bounds the bytes of an author, but takes one block of any size", async () => {
    const lot = new ParkingLot();
    const encryptedStateDiff = new Uint8Array(MAX_PARKED_BYTES / 2 + 1);
    // Signature and hash of the data are checked before blocks are parked.
    const large = (await someBlocks(2)).map(({ block, signature }) => ({
      block: { ...block, blockData: { ...block.blockData, encryptedStateDiff } },
      signature,
    }));
    expect(large.map((block) => lot.park(block, 0n, [ALICE, BOB]))).toEqual([true, false]);
    const [small] = await someBlocks(1, BOB) as [SignedBlock];
    expect(lot.park(small, 0n, [ALICE, BOB])).toBe(true);
  });

  it("forgets a block after its time, which parking it again does not prolong", async () => {
    const lot = new ParkingLot();
    const [block] = await someBlocks(1) as [SignedBlock];
    lot.park(block, 0n, [ALICE]);
    expect(lot.park(block, MAX_PARKED_MS - 1n, [ALICE])).toBe(true);
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

  it("remembers a bounded number of slots and of evidence, of all and of each author", () => {
    const monitor = new EquivocationMonitor(SLOT_MS);
    const [root, fork] = [genesis(), plainBlock(genesis(), BOB, 1n)];
    for (let slot = 1n; slot <= BigInt(MAX_WATCHED_SLOTS) + 1n; slot++) {
      monitor.observe(plainBlock(root, ALICE, slot).lightHeader);
    }
    expect(monitor.observe(plainBlock(fork, ALICE, 1n).lightHeader)).toBeUndefined();
    for (let slot = 5n; slot < 105n; slot++) {
      expect(monitor.observe(plainBlock(fork, ALICE, slot).lightHeader)?.slot).toBe(slot);
    }
    expect(monitor.evidence).toHaveLength(MAX_EQUIVOCATIONS_PER_AUTHOR);
    expect(monitor.found).toBe(100);
    for (const author of [BOB, CHARLIE]) {
      monitor.observe(plainBlock(root, author, 5n).lightHeader);
      expect(monitor.observe(plainBlock(fork, author, 5n).lightHeader)).toBeDefined();
    }
    expect(monitor.evidence).toHaveLength(MAX_EQUIVOCATIONS_PER_AUTHOR + 2);
    expect(monitor.evidence.length).toBeLessThan(MAX_EQUIVOCATIONS);
  });

  it("takes a third block of the same slot for nothing new", () => {
    const monitor = new EquivocationMonitor(SLOT_MS);
    const roots = [genesis(), plainBlock(genesis(), BOB, 1n), plainBlock(plainBlock(genesis(), BOB, 1n), BOB, 2n)];
    const found = roots.map((root) => monitor.observe(plainBlock(root, ALICE, 9n).lightHeader));
    expect(found.map((one) => one?.slot)).toEqual([undefined, 9n, undefined]);
    expect(monitor.found).toBe(1);
    const isSurplus = (root: ChainPoint, slot: bigint) => {
      const { header, digest } = plainBlock(root, ALICE, slot);
      return monitor.isSurplus({ header, blockData: digest as unknown as BlockData });
    };
    expect(roots.map((root) => isSurplus(root, 9n))).toEqual([false, false, true]);
    expect(isSurplus(genesis(), 10n)).toBe(false);
  });
});

describe("isEquivocation()", () => {
  const signed = (root: Parameters<typeof plainBlock>[0], author: AccountId, slot: bigint, signer = author) => {
    const { lightHeader } = plainBlock(root, author, slot);
    const value = ed25519Sign(pairOf(signer), blockSigningMessage(computeHeaderHash(lightHeader.header)));
    return { ...lightHeader, signature: { type: "Ed25519" as const, value } };
  };
  const root = genesis();
  const fork = plainBlock(root, BOB, 1n);
  const proof: EquivocationProof = { first: signed(root, ALICE, 4n), second: signed(fork, ALICE, 4n) };

  it("takes evidence that went over the wire", () => {
    expect(equivocationProofs.decode(equivocationProofs.encode([proof]))).toEqual([proof]);
    expect(isEquivocation(proof, SLOT_MS)).toBe(true);
  });

  it("refuses what proves nothing", () => {
    const { first, second } = proof;
    const bad: Record<string, EquivocationProof> = {
      same: { first, second: first },
      "other slot": { first, second: signed(fork, ALICE, 5n) },
      "other author": { first, second: signed(fork, BOB, 4n) },
      "not signed by the author": { first, second: signed(fork, ALICE, 4n, BOB) },
      "first not signed by the author": { first: signed(root, ALICE, 4n, BOB), second },
      "digest of another block": { first, second: { ...second, digest: { ...second.digest, layerOneNumber: 9 } } },
      "other shard": {
        first,
        second: { ...second, header: { ...second.header, shardId: new Uint8Array(32) as never } },
      },
    };
    for (const [name, wrong] of Object.entries(bad)) {
      expect([name, isEquivocation(wrong, SLOT_MS)]).toEqual([name, false]);
    }
  });
});
