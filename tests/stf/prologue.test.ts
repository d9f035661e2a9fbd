import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../src/primitives/result.ts";
import { computeShieldingFee } from "../../src/stf/fees.ts";
import { readParentchainsInfo } from "../../src/stf/pallets/parentchain.ts";
import { applyPrologue, isAfterCursor, readPrologueCursor } from "../../src/stf/prologue.ts";
import type { ParentchainId } from "../../src/types/parentchain_id.ts";
import { MAX_PROLOGUE_ITEMS, type PrologueItem } from "../../src/types/prologue_item.ts";
import { ALICE, BOB, CONTEXT, dump, ENCLAVE, free, fund, issuance, newShard, sumOfBalances } from "./fixtures.ts";

const time = (blockNumber: number, parentchain: ParentchainId = "Integritee", nowMs = 5n): PrologueItem => ({
  type: "timestamp",
  parentchain,
  blockNumber,
  nowMs,
});

const deposit = (
  blockNumber: number,
  itemIndex: number,
  amount = 57_100n,
  parentchain: ParentchainId = "Integritee",
): PrologueItem => ({ type: "deposit", parentchain, blockNumber, itemIndex, from: ALICE, amount });

describe("applyPrologue()", () => {
  it("credits a deposit to its sender and the fee to the enclave's account", () => {
    const store = newShard();
    const before = issuance(store);
    unwrap(applyPrologue(store, CONTEXT, [time(10), deposit(10, 3)]));
    expect(free(store, ALICE)).toBe(57_000n);
    expect(free(store, ENCLAVE)).toBe(1_100n);
    expect(issuance(store)).toBe(before + 57_100n);
    expect(readPrologueCursor(store, "Integritee")).toEqual({ blockNumber: 10, itemIndex: 4 });
  });

  it("reports PrologueItemBehindCursor for an item that was applied, and applies nothing of the list", () => {
    const store = newShard();
    unwrap(applyPrologue(store, CONTEXT, [time(10), deposit(10, 3), deposit(10, 5)]));
    const before = dump(store);
    const behind: PrologueItem[][] = [
      [deposit(10, 5)],
      [deposit(10, 3)],
      [deposit(10, 4)],
      [time(10)],
      [time(11), deposit(11, 0), deposit(11, 0)],
      [time(11), deposit(11, 2), deposit(11, 1)],
      [time(11), time(11)],
      [time(12), deposit(11, 0)],
    ];
    for (const items of behind) {
      expect(applyPrologue(store, CONTEXT, items)).toMatchObject({
        ok: false,
        error: { code: "PrologueItemBehindCursor" },
      });
      expect(dump(store)).toEqual(before);
    }
  });

  it("goes on within a block where the prologue before it ended", () => {
    const store = newShard();
    unwrap(applyPrologue(store, CONTEXT, [time(10), deposit(10, 3)]));
    unwrap(applyPrologue(store, CONTEXT, [deposit(10, 4), time(11), deposit(11, 0)]));
    expect(free(store, ALICE)).toBe(3n * 57_000n);
  });

  it("reports PrologueItemBeforeCreation for a block from before the shard", () => {
    const store = newShard();
    expect(applyPrologue(store, CONTEXT, [time(9)])).toEqual({
      ok: false,
      error: { code: "PrologueItemBeforeCreation", parentchain: "Integritee", blockNumber: 9 },
    });
  });

  it("reports ParentchainNotFollowed for a chain that the shard does not know", () => {
    const store = newShard();
    expect(applyPrologue(store, CONTEXT, [time(10), time(10, "TargetB")])).toEqual({
      ok: false,
      error: { code: "ParentchainNotFollowed", parentchain: "TargetB" },
    });
    expect(readPrologueCursor(store, "Integritee")).toBeUndefined();
  });

  it("reports TooManyPrologueItems above the bound", () => {
    const store = newShard();
    const items = Array.from({ length: MAX_PROLOGUE_ITEMS + 1 }, (_, i) => time(10 + i));
    expect(applyPrologue(store, CONTEXT, items)).toMatchObject({ ok: false, error: { code: "TooManyPrologueItems" } });
    unwrap(applyPrologue(store, CONTEXT, items.slice(1)));
  });

  it("counts deposits on the vault's chain only, but moves the cursor of each chain", () => {
    const store = newShard();
    unwrap(applyPrologue(store, CONTEXT, [time(10), time(1, "TargetA"), deposit(1, 7, 57_100n, "TargetA")]));
    expect(free(store, ALICE)).toBe(0n);
    expect(readPrologueCursor(store, "TargetA")).toEqual({ blockNumber: 1, itemIndex: 8 });
    expect(applyPrologue(store, CONTEXT, [deposit(1, 7, 57_100n, "TargetA")]).ok).toBe(false);
  });

  it("credits nothing without a vault", () => {
    const store = newShard({ withoutVault: true });
    unwrap(applyPrologue(store, CONTEXT, [time(10), deposit(10, 3)]));
    expect(free(store, ALICE)).toBe(0n);
  });

  it("gives the enclave's account what is too small for its sender to exist", () => {
    const store = newShard();
    unwrap(applyPrologue(store, CONTEXT, [deposit(10, 0, 499n)]));
    expect([free(store, ALICE), free(store, ENCLAVE)]).toEqual([0n, 1_499n]);
    unwrap(applyPrologue(store, CONTEXT, [deposit(10, 1, 500n), deposit(10, 2, 1n)]));
    expect([free(store, ALICE), free(store, ENCLAVE)]).toEqual([501n, 1_499n]);
  });

  it("gives its sender the fee that the enclave's account cannot take", () => {
    const store = newShard({ development: true });
    fund(store, ENCLAVE, 0n);
    unwrap(applyPrologue(store, CONTEXT, [deposit(10, 0, 57_100n)]));
    expect([free(store, ALICE), free(store, ENCLAVE)]).toEqual([57_100n, 0n]);
  });

  it("does not stop the shard with a deposit that nobody can take", () => {
    const store = newShard({ development: true });
    fund(store, BOB, (1n << 128n) - 1n - issuance(store));
    unwrap(applyPrologue(store, CONTEXT, [deposit(10, 0), deposit(10, 1, 0n), time(11)]));
    expect(free(store, ALICE)).toBe(0n);
    expect(readPrologueCursor(store, "Integritee")).toEqual({ blockNumber: 11, itemIndex: 0 });
  });

  it("keeps what clients ask about the parentchains", () => {
    const store = newShard();
    unwrap(applyPrologue(store, CONTEXT, [time(10, "Integritee", 100n), time(12, "Integritee", 200n)]));
    unwrap(applyPrologue(store, CONTEXT, [time(3, "TargetA", 300n)]));
    const { integritee, targetA, targetB, shieldingTarget } = readParentchainsInfo(store);
    expect(integritee).toMatchObject({ blockNumber: 12, now: 200n, creationBlockNumber: 10, creationTimestamp: 100n });
    expect(targetA).toMatchObject({ blockNumber: 3, now: 300n, creationTimestamp: undefined });
    expect(targetB).toMatchObject({ genesisHash: undefined, blockNumber: undefined });
    expect(shieldingTarget).toBe("Integritee");
  });
});

describe("the cursor", () => {
  const anyBlock = fc.record({
    gap: fc.integer({ min: 1, max: 3 }),
    deposits: fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.bigInt({ min: 0n, max: 10_000_000n })), {
      maxLength: 5,
    }),
  });

  /** Items of rising blocks in canonical order. */
  const anyItems = fc.array(anyBlock, { maxLength: 6 }).map((blocks) => {
    const items: PrologueItem[] = [];
    let blockNumber = 9;
    for (const { gap, deposits } of blocks) {
      blockNumber += gap;
      items.push(time(blockNumber));
      let itemIndex = -1;
      for (const [step, amount] of deposits) {
        itemIndex += step;
        items.push(deposit(blockNumber, itemIndex, amount));
      }
    }
    return items;
  });

  it("lets each deposit count once, however the items are cut into prologues and offered again", () => {
    fc.assert(fc.property(anyItems, fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 12 }), (items, cuts) => {
      const store = newShard();
      const before = issuance(store);
      for (const count of [...cuts, items.length]) {
        // As the author does it: all known items, less those behind the cursor, as many as fit.
        const cursor = readPrologueCursor(store, "Integritee");
        const next = items.filter((item) => isAfterCursor(item, cursor)).slice(0, count);
        unwrap(applyPrologue(store, CONTEXT, next));
      }
      const shielded = items.reduce((sum, item) => sum + (item.type === "deposit" ? item.amount : 0n), 0n);
      expect(issuance(store)).toBe(before + shielded);
      expect(sumOfBalances(store)).toBe(issuance(store));
      const last = items.at(-1);
      if (last !== undefined) expect(isAfterCursor(last, readPrologueCursor(store, "Integritee"))).toBe(false);
    }));
  });

  it("refuses any item a second time, wherever it is offered", () => {
    fc.assert(fc.property(anyItems.filter((items) => items.length > 0), fc.nat(), (items, pick) => {
      const store = newShard();
      unwrap(applyPrologue(store, CONTEXT, items));
      const again = items[pick % items.length] as PrologueItem;
      expect(applyPrologue(store, CONTEXT, [again]).ok).toBe(false);
    }));
  });
});

describe("computeShieldingFee()", () => {
  it("is amount / 571, rounded down", () => {
    expect([0n, 570n, 571n, 1141n, 1142n].map(computeShieldingFee)).toEqual([0n, 0n, 1n, 1n, 2n]);
  });
});
