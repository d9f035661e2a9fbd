import { describe, expect, it } from "vitest";
import { SNAPSHOT_INTERVAL_BLOCKS } from "../../../src/enclave/core/snapshots.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import type { NetworkHost } from "./network.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 120_000;

/** Slots until all have one head; fails after `most`. */
async function slotsUntilOneHead(most: number): Promise<number> {
  for (let count = 1; count <= most; count++) {
    await network.slot();
    if (new Set(network.hosts.map(({ head }) => toHex(head.hash))).size === 1) return count;
  }
  throw new RangeError(`no common head after ${most} slots: ${network.hosts.map(({ head }) => head.number)}`);
}

/** Parts the hosts and lets both author, the winner in more slots. */
async function fork(loser: NetworkHost, winnerSlots: number, loserSlots: number): Promise<void> {
  network.parted.add(loser);
  await network.slots(loserSlots);
  await network.slots(winnerSlots - loserSlots, [loser]);
}

eachWithTwoValidateers({ slots: 0 });

describe("Two validateers", () => {
  it("author in turn, and have the same head and root", async () => {
    await network.slots(4);
    const outcomes = [];
    for (let i = 0; i < 8; i++) outcomes.push(await network.slot());
    const authored = outcomes.map((both) => both.map((outcome) => outcome?.code).join());
    expect(new Set(authored)).toEqual(new Set(["Authored,NotMyTurn", "NotMyTurn,Authored"]));
    expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    expect(second.head.snapshot.root).toEqual(first.head.snapshot.root);
    expect(first.wishes).toEqual([]);
  }, TIMEOUT_MS);

  it("have one head within two rotations after a partition, and it is the longer branch", async () => {
    await network.slots(4);
    for (const [loser, winner] of [[second, first], [first, second]] as const) {
      await fork(loser, 40, 20);
      expect(loser.head.number).toBeLessThan(winner.head.number);
      const won = winner.head;
      network.parted.clear();
      expect(await slotsUntilOneHead(4)).toBeLessThanOrEqual(4);
      expect(loser.enclave.shard()?.chain.get(won.hash)).toBeDefined();
      expect(loser.lines("ForkSwitched").length).toBeGreaterThan(0);
      expect(loser.head.snapshot.root).toEqual(winner.head.snapshot.root);
    }
  }, TIMEOUT_MS);

  it("fetch what was lost on the way, also if more is missing than one answer holds", async () => {
    network.parted.add(second);
    await network.slots(700, [second]);
    network.parted.clear();
    expect(await slotsUntilOneHead(4)).toBeLessThanOrEqual(4);
    expect(second.head.number).toBeGreaterThan(350n);
  }, TIMEOUT_MS);
});

describe("A validateer that restarts on the losing side of a partition", () => {
  it(
    "heals to the winner's head, although it forked long before its newest snapshot could have been taken",
    async () => {
      await network.slots(4);
      const forked = first.head.number;
      await fork(second, Number(4n * SNAPSHOT_INTERVAL_BLOCKS) + 60, Number(4n * SNAPSHOT_INTERVAL_BLOCKS) + 20);
      const lost = second.head;
      expect(lost.number - forked).toBeGreaterThan(2n * SNAPSHOT_INTERVAL_BLOCKS);
      const again = await network.restart(second);
      expect(toHex(again.head.hash)).toBe(toHex(lost.hash));
      network.parted.clear();
      await slotsUntilOneHead(8);
      expect(again.enclave.shard()?.chain.get(lost.hash)).toBeDefined();
      expect(again.lines("ForkSwitched")).toHaveLength(1);
      expect(again.fatal).toBeUndefined();
    },
    TIMEOUT_MS,
  );

  it("heals after a restart from a disk that ends before the fork", async () => {
    await network.slots(4);
    await network.confirm(second.head);
    await network.slots(4);
    const old = second.disk.copy();
    await fork(second, 30, 10);
    second.disk.blocks = old.blocks;
    second.disk.files = old.files;
    const again = await network.restart(second);
    network.parted.clear();
    await slotsUntilOneHead(8);
    expect(again.fatal).toBeUndefined();
  }, TIMEOUT_MS);
});
