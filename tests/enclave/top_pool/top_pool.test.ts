import { describe, expect, it } from "vitest";
import { BAN_DURATION_MS, BanList, BANNED_AFTER_CLEANING, MAX_BANNED } from "../../../src/enclave/top_pool/ban_list.ts";
import { IncludedOperations } from "../../../src/enclave/top_pool/included_operations.ts";
import {
  FUTURE_LIMITS,
  LONGEVITY_BLOCKS,
  MAX_INCLUDED_OPERATIONS,
  READY_LIMITS,
} from "../../../src/enclave/top_pool/pooled_operation.ts";
import { TopPool } from "../../../src/enclave/top_pool/top_pool.ts";
import { topHash } from "../../../src/primitives/branded.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import {
  account,
  ALICE,
  block,
  BOB,
  fill,
  hashOf,
  newsOf,
  noncesOf,
  operation,
  refusalOf,
  States,
  submitted,
} from "./fixtures.ts";

describe("submit()", () => {
  it("takes consecutive nonces from the state's as ready, in the order of their arrival", () => {
    const pool = new TopPool();
    const state = new States().setNonce(ALICE, 5);
    submitted(pool, operation(ALICE, 5), state);
    submitted(pool, operation(BOB, 0), state);
    submitted(pool, operation(ALICE, 6), state);
    expect(pool.ready().map(({ sender, nonce }) => [toHex(sender), nonce])).toEqual([
      [toHex(ALICE), 5],
      [toHex(BOB), 0],
      [toHex(ALICE), 6],
    ]);
    expect(pool.future()).toEqual([]);
  });

  it("reports Ready or Future, and Ready of those for which the gap has closed", () => {
    const pool = new TopPool();
    const state = new States();
    const first = pool.submit(operation(ALICE, 2), state, 0);
    expect(newsOf(first.events)).toEqual([[toHex(hashOf(ALICE, 2)), "Future"]]);
    expect(newsOf(pool.submit(operation(ALICE, 1), state, 0).events)).toEqual([[toHex(hashOf(ALICE, 1)), "Future"]]);
    expect(pool.ready()).toEqual([]);
    expect(newsOf(pool.submit(operation(ALICE, 0), state, 0).events)).toEqual([
      [toHex(hashOf(ALICE, 0)), "Ready"],
      [toHex(hashOf(ALICE, 1)), "Ready"],
      [toHex(hashOf(ALICE, 2)), "Ready"],
    ]);
    expect(noncesOf(pool.ready(), ALICE)).toEqual([0, 1, 2]);
    expect(pool.sizes).toMatchObject({ ready: 3, future: 0, included: 0 });
  });

  it("reports AlreadyImported for the same operation, waiting or in an unconfirmed block", () => {
    const pool = new TopPool();
    const state = new States();
    const hash = submitted(pool, operation(ALICE, 0), state);
    expect(refusalOf(pool.submit(operation(ALICE, 0), state, 0))).toBe("AlreadyImported");
    const enacted = [{ hash: block(1), number: 1n, executed: [hash], failed: [] }];
    pool.onChainChanged({ retracted: [], enacted }, state.setNonce(ALICE, 1), 0);
    expect(refusalOf(pool.submit(operation(ALICE, 0), state, 0))).toBe("AlreadyImported");
    pool.onBlockConfirmed(1n);
    expect(refusalOf(pool.submit(operation(ALICE, 0), state, 0))).toBe("StaleNonce");
  });

  it("reports TooLowPriority for another operation with the same sender and nonce, in either queue and form", () => {
    const pool = new TopPool();
    const state = new States();
    submitted(pool, operation(ALICE, 0), state);
    submitted(pool, operation(ALICE, 5), state);
    expect(refusalOf(pool.submit(operation(ALICE, 0, { variation: 1 }), state, 0))).toBe("TooLowPriority");
    expect(refusalOf(pool.submit(operation(ALICE, 5, { variation: 1 }), state, 0))).toBe("TooLowPriority");
    expect(refusalOf(pool.submit(operation(ALICE, 0, { type: "indirect_call" }), state, 0))).toBe("TooLowPriority");
    expect(refusalOf(pool.submit(operation(BOB, 0), state, 0))).toBe("taken");
  });

  it("reports StaleNonce for a nonce that is used up", () => {
    const state = new States().setNonce(ALICE, 3);
    expect(refusalOf(new TopPool().submit(operation(ALICE, 2), state, 0))).toBe("StaleNonce");
  });

  it("reports UnknownTrustedOperation for a getter", () => {
    const pool = new TopPool();
    const asked = {
      type: "get" as const,
      value: { type: "public" as const, value: { type: "some_value" as const, value: undefined } },
    };
    expect(refusalOf(pool.submit(asked, new States(), 0))).toBe("UnknownTrustedOperation");
    expect(pool.sizes).toMatchObject({ ready: 0, future: 0 });
  });

  it("reports TemporarilyBanned for half an hour after an operation was found invalid", () => {
    const pool = new TopPool();
    const state = new States();
    const hash = submitted(pool, operation(ALICE, 0), state);
    expect(newsOf(pool.removeInvalid([hash], state, 1000))).toEqual([[toHex(hash), "Invalid"]]);
    expect(pool.find(hash)).toBeUndefined();
    expect(refusalOf(pool.submit(operation(ALICE, 0), state, 1000 + BAN_DURATION_MS - 1))).toBe("TemporarilyBanned");
    expect(refusalOf(pool.submit(operation(ALICE, 0), state, 1000 + BAN_DURATION_MS))).toBe("taken");
  });
});

describe("limits", () => {
  it("of the ready queue push out the last operation of the sender with the most", () => {
    const pool = new TopPool();
    const state = new States();
    for (let nonce = 0; nonce < READY_LIMITS.count; nonce++) submitted(pool, operation(ALICE, nonce), state);
    const last = hashOf(ALICE, READY_LIMITS.count - 1);
    const { events } = pool.submit(operation(BOB, 0), state, 0);
    expect(newsOf(events)).toEqual([[toHex(hashOf(BOB, 0)), "Ready"], [toHex(last), "Dropped"]]);
    expect(pool.sizes.ready).toBe(READY_LIMITS.count);
    expect(pool.find(last)).toBeUndefined();
    const again = pool.submit(operation(ALICE, READY_LIMITS.count - 1), state, 0);
    expect(refusalOf(again)).toBe("ImmediatelyDropped");
    expect(again.events).toEqual([]);
    expect(noncesOf(pool.ready(), ALICE)).toEqual(Array.from({ length: READY_LIMITS.count - 1 }, (_, i) => i));
  });

  it("of the future queue do not let one sender take the places of others", () => {
    const pool = new TopPool();
    const state = new States();
    for (let i = 0; i < FUTURE_LIMITS.count; i++) submitted(pool, operation(ALICE, 1 + i), state);
    expect(refusalOf(pool.submit(operation(ALICE, 5000), state, 0))).toBe("ImmediatelyDropped");
    for (let i = 0; i < 20; i++) submitted(pool, operation(account(100 + i), 1), state);
    expect(noncesOf(pool.future(), ALICE).length).toBe(FUTURE_LIMITS.count - 20);
    expect(pool.sizes.future).toBe(FUTURE_LIMITS.count);
  });

  it("hold while thousands of senders come", () => {
    const pool = new TopPool();
    const state = new States();
    let taken = 0;
    for (let i = 0; i < READY_LIMITS.count + 50; i++) {
      if (refusalOf(pool.submit(operation(account(10 + i), 0), state, 0)) === "taken") taken++;
    }
    expect(taken).toBe(READY_LIMITS.count);
    expect(pool.sizes.ready).toBe(READY_LIMITS.count);
  });

  it("keep a pool fast in which one long line loses its first operation", () => {
    const pool = new TopPool();
    const state = new States();
    for (let nonce = 0; nonce < READY_LIMITS.count; nonce++) submitted(pool, operation(ALICE, nonce), state);
    const news = newsOf(pool.removeInvalid([hashOf(ALICE, 0)], state, 0));
    expect(pool.sizes).toMatchObject({ ready: 0, future: FUTURE_LIMITS.count });
    expect(noncesOf(pool.future(), ALICE)).toEqual(Array.from({ length: FUTURE_LIMITS.count }, (_, i) => i + 1));
    expect(news.filter(([, status]) => status === "Dropped").length).toBe(READY_LIMITS.count - 1 - FUTURE_LIMITS.count);
    submitted(pool, operation(ALICE, 0, { variation: 1 }), state);
    expect(pool.sizes).toMatchObject({ ready: FUTURE_LIMITS.count + 1, future: 0 });
  });
});

describe("onChainChanged()", () => {
  it("reports InSidechainBlock for what was executed and Invalid for what failed", () => {
    const pool = new TopPool();
    const state = new States();
    const [first, second, third] = [0, 1, 2].map((nonce) => submitted(pool, operation(ALICE, nonce), state));
    if (first === undefined || second === undefined || third === undefined) throw new TypeError("want three");
    const enacted = [{ hash: block(1), number: 1n, executed: [first], failed: [second] }];
    const events = pool.onChainChanged({ retracted: [], enacted }, state.setNonce(ALICE, 2), 0);
    expect(events[0]).toEqual({ hash: first, status: { type: "InSidechainBlock", value: block(1) } });
    expect(newsOf(events)).toEqual([[toHex(first), "InSidechainBlock"], [toHex(second), "Invalid"]]);
    expect(noncesOf(pool.ready(), ALICE)).toEqual([2]);
    expect(pool.sizes.included).toBe(1);
    expect(newsOf(pool.onBlockConfirmed(1n))).toEqual([[toHex(first), "Finalized"]]);
    expect(pool.sizes.included).toBe(0);
  });

  it("moves to the future queue what follows a failed call that used no nonce", () => {
    const pool = new TopPool();
    const state = new States();
    const first = submitted(pool, operation(ALICE, 0), state);
    const second = submitted(pool, operation(ALICE, 1), state);
    const enacted = [{ hash: block(1), number: 1n, executed: [], failed: [first] }];
    expect(newsOf(pool.onChainChanged({ retracted: [], enacted }, state, 0))).toEqual([
      [toHex(first), "Invalid"],
      [toHex(second), "Future"],
    ]);
  });

  it("reports Usurped for an operation whose nonce another one has used elsewhere", () => {
    const pool = new TopPool();
    const state = new States();
    const mine = submitted(pool, operation(ALICE, 0), state);
    const next = submitted(pool, operation(ALICE, 1), state);
    const enacted = [{ hash: block(1), number: 1n, executed: [hashOf(ALICE, 0, 9)], failed: [] }];
    expect(newsOf(pool.onChainChanged({ retracted: [], enacted }, state.setNonce(ALICE, 1), 0))).toEqual([
      [toHex(mine), "Usurped"],
    ]);
    expect(pool.ready().map(({ hash }) => hash)).toEqual([next]);
    expect(pool.find(mine)).toBeUndefined();
  });

  it("sees a gap and a used-up nonce even if they cancel out in number", () => {
    const pool = new TopPool();
    const state = new States().setNonce(ALICE, 4);
    const hashes = [4, 5, 6].map((nonce) => submitted(pool, operation(ALICE, nonce), state));
    // Somebody else's block used nonce 4 for another call, and the call with nonce 5 failed without using its nonce.
    const failed = hashes.slice(1, 2);
    const enacted = [{ hash: block(1), number: 1n, executed: [hashOf(ALICE, 4, 9)], failed }];
    const news = newsOf(pool.onChainChanged({ retracted: [], enacted }, state.setNonce(ALICE, 5), 0));
    expect(news.map(([, status]) => status)).toEqual(["Invalid", "Usurped", "Future"]);
    expect([noncesOf(pool.ready(), ALICE), noncesOf(pool.future(), ALICE)]).toEqual([[], [6]]);
  });

  it("brings back the operations of a retracted block, before those that follow them", () => {
    const pool = new TopPool();
    const state = new States();
    const hashes = [0, 1, 2].map((nonce) => submitted(pool, operation(ALICE, nonce), state));
    submitted(pool, operation(BOB, 0), state);
    const enacted = [{ hash: block(1), number: 1n, executed: hashes.slice(0, 2), failed: [] }];
    pool.onChainChanged({ retracted: [], enacted }, state.setNonce(ALICE, 2), 0);
    expect(noncesOf(pool.ready(), ALICE)).toEqual([2]);
    const events = pool.onChainChanged({ retracted: [block(1)], enacted: [] }, state.setNonce(ALICE, 0), 0);
    const texts = hashes.map((hash) => toHex(hash));
    expect(newsOf(events)).toEqual([
      [texts[0], "Retracted"],
      [texts[1], "Retracted"],
      [texts[0], "Ready"],
      [texts[1], "Ready"],
    ]);
    expect(noncesOf(pool.ready(), ALICE)).toEqual([0, 1, 2]);
    expect(pool.sizes).toMatchObject({ ready: 4, included: 0 });
  });

  it("takes an operation that the new chain has too for executed, not for usurped", () => {
    const pool = new TopPool();
    const state = new States();
    const [first, second] = [submitted(pool, operation(ALICE, 0), state), submitted(pool, operation(ALICE, 1), state)];
    const old = [{ hash: block(1), number: 1n, executed: [first, second], failed: [] }];
    pool.onChainChanged({ retracted: [], enacted: old }, state.setNonce(ALICE, 2), 0);
    const enacted = [
      { hash: block(2), number: 1n, executed: [first], failed: [] },
      { hash: block(3), number: 2n, executed: [], failed: [] },
    ];
    const events = pool.onChainChanged({ retracted: [block(1)], enacted }, state.setNonce(ALICE, 1), 0);
    expect(newsOf(events)).toEqual([
      [toHex(first), "Retracted"],
      [toHex(second), "Retracted"],
      [toHex(first), "InSidechainBlock"],
      [toHex(second), "Ready"],
    ]);
    expect(pool.sizes).toMatchObject({ ready: 1, included: 1 });
  });

  it("reports Usurped for a retracted operation that the new chain has overtaken, or whose place is taken", () => {
    const pool = new TopPool();
    const state = new States();
    const first = submitted(pool, operation(ALICE, 0), state);
    const old = [{ hash: block(1), number: 1n, executed: [first], failed: [] }];
    pool.onChainChanged({ retracted: [], enacted: old }, state.setNonce(ALICE, 1), 0);
    const events = pool.onChainChanged({ retracted: [block(1)], enacted: [] }, state, 0);
    expect(newsOf(events)).toEqual([[toHex(first), "Retracted"], [toHex(first), "Usurped"]]);
    expect(pool.sizes).toMatchObject({ ready: 0, future: 0, included: 0 });

    const other = submitted(pool, operation(BOB, 0), state);
    const second = [{ hash: block(2), number: 2n, executed: [other], failed: [] }];
    pool.onChainChanged({ retracted: [], enacted: second }, state.setNonce(BOB, 1), 0);
    submitted(pool, operation(BOB, 0, { variation: 1 }), state.setNonce(BOB, 0));
    const again = pool.onChainChanged({ retracted: [block(2)], enacted: [] }, state, 0);
    expect(newsOf(again)).toEqual([[toHex(other), "Retracted"], [toHex(other), "Usurped"]]);
    expect(pool.sizes).toMatchObject({ ready: 1, future: 0, included: 0 });
  });

  it("puts a retracted operation whose predecessor is missing into the future queue", () => {
    const pool = new TopPool();
    const state = new States();
    const first = submitted(pool, operation(ALICE, 0), state);
    const second = submitted(pool, operation(ALICE, 1), state);
    const enacted = [
      { hash: block(1), number: 1n, executed: [first], failed: [] },
      { hash: block(2), number: 2n, executed: [second], failed: [] },
    ];
    pool.onChainChanged({ retracted: [], enacted }, state.setNonce(ALICE, 2), 0);
    pool.onChainChanged({ retracted: [block(2)], enacted: [] }, state.setNonce(ALICE, 0), 0);
    expect(noncesOf(pool.future(), ALICE)).toEqual([1]);
    expect(pool.ready()).toEqual([]);
  });

  it("reports Dropped for what has waited too many blocks", () => {
    const pool = new TopPool();
    const state = new States();
    const old = submitted(pool, operation(ALICE, 1), state);
    state.blockNumber = LONGEVITY_BLOCKS;
    expect(pool.onChainChanged({ retracted: [], enacted: [] }, state, 0)).toEqual([]);
    const young = submitted(pool, operation(BOB, 0), state);
    state.blockNumber++;
    expect(newsOf(pool.onChainChanged({ retracted: [], enacted: [] }, state, 0))).toEqual([[toHex(old), "Dropped"]]);
    expect(pool.find(young)).toBeDefined();
  });
});

describe("BanList", () => {
  it("stays bounded and forgets the oldest first", () => {
    const bans = new BanList();
    const hash = (i: number) => topHash(account(i));
    for (let i = 0; i < MAX_BANNED; i++) bans.ban(hash(i), i);
    expect(bans.size).toBe(MAX_BANNED);
    bans.ban(hash(MAX_BANNED), MAX_BANNED);
    expect(bans.size).toBe(BANNED_AFTER_CLEANING);
    expect(bans.isBanned(hash(0), MAX_BANNED)).toBe(false);
    expect(bans.isBanned(hash(MAX_BANNED), MAX_BANNED)).toBe(true);
  });

  it("removes what is over before what is not", () => {
    const bans = new BanList();
    const hash = (i: number) => topHash(account(i));
    for (let i = 0; i < MAX_BANNED - 1; i++) bans.ban(hash(i), 0);
    bans.ban(hash(MAX_BANNED), BAN_DURATION_MS);
    bans.ban(hash(MAX_BANNED + 1), BAN_DURATION_MS);
    expect(bans.size).toBe(2);
  });

  it("counts the time from the last finding", () => {
    const bans = new BanList();
    const hash = topHash(fill(1));
    bans.ban(hash, 0);
    bans.ban(hash, 1000);
    expect(bans.isBanned(hash, BAN_DURATION_MS + 999)).toBe(true);
    expect(bans.isBanned(hash, BAN_DURATION_MS + 1000)).toBe(false);
  });
});

describe("IncludedOperations", () => {
  const operations = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => {
      const top = operation(account(first + i), 0);
      const hash = topHash(account(first + i));
      if (top.type === "get") throw new TypeError("want a call");
      const sender = account(first + i);
      const shared = { operation: top, signed: top.value, sender, senderId: toHex(sender), nonce: 0, validTill: 0n };
      return { ...shared, hash, id: toHex(hash), bytes: fill(0, 100) };
    });

  it("forgets the oldest blocks above its bound", () => {
    const included = new IncludedOperations();
    const half = MAX_INCLUDED_OPERATIONS / 2;
    included.add({ hash: block(1), number: 1n }, operations(0, half));
    included.add({ hash: block(2), number: 2n }, operations(half, half));
    expect(included.size).toBe(MAX_INCLUDED_OPERATIONS);
    included.add({ hash: block(3), number: 3n }, operations(2 * half, 1));
    expect(included.size).toBe(half + 1);
    expect(included.takeBlock(block(1))).toEqual([]);
    expect(included.has(topHash(account(half)))).toBe(true);
  });

  it("takes out a block, or all blocks up to a number, once", () => {
    const included = new IncludedOperations();
    for (let i = 1; i <= 4; i++) included.add({ hash: block(i), number: BigInt(i) }, operations(10 * i, 2));
    expect(included.takeBlock(block(2)).length).toBe(2);
    expect(included.takeBlock(block(2))).toEqual([]);
    expect(included.takeUpTo(3n).length).toBe(4);
    expect(included.size).toBe(2);
  });
});
