import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { equalBytes } from "../../../src/primitives/bytes.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { readNonce } from "../../../src/stf/pallets/system.ts";
import { type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";
import { accountOf, submitDirect } from "../clients.ts";
import type { NetworkHost } from "./network.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 60_000;
const ALICE = pairFromSuri("//Alice");
const EVE = accountOf(pairFromSuri("//Eve"));
/** Slots that are looked at while pushes get lost: as many of each of the two. */
const SLOTS = 60;
const CALLS = 5;

/** Blocks of the chain above a number that a host has made. */
function blocksBy(host: NetworkHost, above: bigint): number {
  const made = [...first.enclave.shard()?.chain.ancestors() ?? []].filter(({ number }) => number > above);
  return made.filter((block) => equalBytes(block.digest.blockAuthor, host.self.signer)).length;
}

/**
 * Slots in which two must have come to build on each other: once the silent one is asked, equal heights are decided by the hash, so
 * each rotation ends it with a chance of one half.
 */
const MAX_SLOTS_APART = 200;

/** The greater height of the two. */
const highest = () => first.head.number > second.head.number ? first.head.number : second.head.number;

/** Lets slots pass until each adds a block to the chain. */
async function untilTogether(): Promise<void> {
  for (let filled = 0, slots = 0; filled < 8; slots++) {
    if (slots > MAX_SLOTS_APART) throw new Error("they do not come together");
    const before = highest();
    await network.slot();
    // Apart, a rival block of the same height fills every other slot.
    filled = highest() === before + 1n ? filled + 1 : 0;
  }
}

/** The questions that a host has asked another one. */
const questionsTo = (to: NetworkHost, by: NetworkHost) => by.wishes.filter(({ only }) => only?.url === to.url);

eachWithTwoValidateers({ slots: 8 });

describe("A validateer whose pushes get lost", () => {
  it.each([
    ["the first one", () => [first, second]],
    ["the second one", () => [second, first]],
  ])("%s is asked for its blocks: the other builds on them, and its calls are executed", async (_name, both) => {
    const [muted, other] = both() as [NetworkHost, NetworkHost];
    expect([...first.wishes, ...second.wishes].filter(({ only }) => only !== undefined)).toEqual([]);
    network.muted.add(muted);
    await untilTogether();
    const start = first.head.number;
    const before = questionsTo(muted, other).length;
    for (let slot = 0; slot < SLOTS; slot++) {
      if (slot % (SLOTS / CALLS) === 0) {
        const value = { from: accountOf(ALICE), to: EVE, amount: 1_000_000_000_000n };
        await submitDirect(muted, ALICE, { type: "balance_transfer", value }, slot / (SLOTS / CALLS));
      }
      await network.slot();
    }
    expect(first.head.number - start).toBe(BigInt(SLOTS));
    for (const host of network.hosts) expect(blocksBy(host, start)).toBe(SLOTS / 2);
    expect(readNonce(other.head.snapshot, accountOf(ALICE))).toBe(CALLS);
    const asked = questionsTo(muted, other);
    expect(asked.length - before).toBe(SLOTS / 2);
    expect(new Set(asked.map(({ only }) => only?.afterMs))).toEqual(new Set([150]));
    expect(questionsTo(other, muted)).toEqual([]);
    // They come again: nobody asks any more.
    network.muted.clear();
    await network.slots(4);
    const wished = other.wishes.length;
    await network.slots(20);
    expect(other.wishes).toHaveLength(wished);
    expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    for (const host of network.hosts) expect([host.fatal, host.lines("Equivocation")]).toEqual([undefined, []]);
  }, TIMEOUT_MS);

  it("is asked although somebody sends others' blocks back, and spoilt ones in its name", async () => {
    network.muted.add(first);
    await untilTogether();
    const start = first.head.number;
    const asked = questionsTo(first, second).length;
    for (let slot = 0; slot < 20; slot++) {
      await network.slot();
      const stored = second.disk.blocks.map(({ bytes }) => signedBlock.decode(bytes));
      const isOfFirst = ({ block }: SignedBlock) => equalBytes(block.blockData.blockAuthor, first.self.signer);
      const newest = stored.findLast(isOfFirst) as SignedBlock;
      const { header } = newest.block;
      const spoilt = { ...newest.block, header: { ...header, blockNumber: header.blockNumber + 1n } };
      await second.take([newest, { ...newest, block: spoilt }]);
    }
    expect(first.head.number - start).toBe(20n);
    expect(questionsTo(first, second).length - asked).toBe(10);
  }, TIMEOUT_MS);

  it("is asked by nobody while it is away and there is nothing to be had, but once in a rotation", async () => {
    network.parted.add(first);
    await network.slots(60);
    expect(questionsTo(first, second).length).toBeLessThanOrEqual(30);
    expect(second.head.number).toBeGreaterThan(30n);
    expect(second.logs.filter(({ level }) => level < 2).map(({ code }) => code)).toEqual([]);
  }, TIMEOUT_MS);
});
