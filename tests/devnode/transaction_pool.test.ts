import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import { BAN_TIME_MS, BanList, MAX_BANNED } from "../../src/devnode/pool/ban_list.ts";
import { orderReady } from "../../src/devnode/pool/ready_order.ts";
import type { PoolTransaction } from "../../src/devnode/pool/transaction.ts";
import { TransactionPool } from "../../src/devnode/pool/transaction_pool.ts";

let made = 0;

/** A transaction of an account with a nonce, on a chain whose account nonce is `chainNonce`. */
function transaction(account: string, nonce: number, overrides: Partial<PoolTransaction> = {}): PoolTransaction {
  made += 1;
  return {
    hash: toHex(new Uint8Array([made >> 24, made >> 16, made >> 8, made])),
    bytes: new Uint8Array(100),
    priority: 10n,
    requires: nonce === 0 ? [] : [tag(account, nonce - 1)],
    provides: [tag(account, nonce)],
    validTill: 1000,
    ...overrides,
  };
}

function tag(account: string, nonce: number): Hex {
  return toHex(new TextEncoder().encode(`${account}${nonce}`));
}

function add(pool: TransactionPool, ...transactions: PoolTransaction[]): string[] {
  return transactions.flatMap((one) => {
    const added = pool.add(one);
    return added.ok ? added.value.map(({ hash, status }) => `${hash} ${status.type}`) : [added.error.code];
  });
}

describe("TransactionPool", () => {
  it("keeps a transaction with a gap before it in future and promotes it when the gap is filled", () => {
    const pool = new TransactionPool();
    const [first, second] = [transaction("a", 0), transaction("a", 1)];
    expect(add(pool, second)).toEqual([`${second.hash} future`]);
    expect(pool.place(second.hash)).toBe("future");
    expect(add(pool, first)).toEqual([`${first.hash} ready`, `${second.hash} ready`]);
    expect(pool.readyInOrder().map(({ hash }) => hash)).toEqual([first.hash, second.hash]);
  });

  it("refuses the same transaction twice, one without tags, and one that requires what it provides", () => {
    const pool = new TransactionPool();
    const one = transaction("a", 0);
    expect(add(pool, one)).toEqual([`${one.hash} ready`]);
    expect(add(pool, one)).toEqual(["AlreadyImported"]);
    expect(add(pool, transaction("b", 0, { provides: [] }))).toEqual(["NoTagsProvided"]);
    expect(add(pool, transaction("b", 0, { requires: [tag("b", 0)] }))).toEqual(["CycleDetected"]);
  });

  it("replaces a transaction of the same nonce only for a higher priority, and keeps those that follow it", () => {
    const pool = new TransactionPool();
    const [first, follower] = [transaction("a", 0), transaction("a", 1)];
    add(pool, first, follower);
    const equal = pool.add(transaction("a", 0));
    expect(equal).toEqual({ ok: false, error: { code: "TooLowPriority", old: 10n, new: 10n } });
    const better = transaction("a", 0, { priority: 11n });
    expect(add(pool, better)).toEqual([`${first.hash} usurped`, `${better.hash} ready`]);
    expect(pool.readyInOrder().map(({ hash }) => hash)).toEqual([better.hash, follower.hash]);
  });

  it("removes those that depended on a replaced transaction whose tag is gone", () => {
    const pool = new TransactionPool();
    const first = transaction("a", 0, { provides: [tag("a", 0), tag("x", 0)] });
    const follower = transaction("x", 1);
    add(pool, first, follower);
    const better = transaction("a", 0, { priority: 11n });
    expect(add(pool, better)).toEqual([
      `${first.hash} usurped`,
      `${better.hash} ready`,
      `${follower.hash} invalid`,
    ]);
  });

  it("drops the least wanted transactions above its limits, and says so to the one that is it", () => {
    const pool = new TransactionPool({ count: 2, bytes: 1000 }, { count: 1, bytes: 1000 });
    const [cheap, normal] = [transaction("a", 0, { priority: 1n }), transaction("b", 0)];
    add(pool, cheap, normal);
    expect(add(pool, transaction("c", 0, { priority: 0n }))).toEqual(["ImmediatelyDropped"]);
    const dear = transaction("d", 0, { priority: 20n });
    expect(add(pool, dear)).toEqual([`${dear.hash} ready`, `${cheap.hash} dropped`]);
    expect(pool.ready).toEqual({ count: 2, bytes: 200 });
    const waiting = transaction("e", 5);
    add(pool, waiting);
    expect(add(pool, transaction("f", 5))).toEqual(["ImmediatelyDropped"]);
    expect(pool.future.count).toBe(1);
    expect(add(new TransactionPool({ count: 9, bytes: 99 }), transaction("g", 0))).toEqual(["ImmediatelyDropped"]);
  });

  it("drops with a transaction also those that follow it", () => {
    const pool = new TransactionPool({ count: 2, bytes: 1000 });
    const [first, second] = [transaction("a", 0, { priority: 1n }), transaction("a", 1, { priority: 2n })];
    add(pool, first, second);
    const other = transaction("b", 0, { priority: 3n });
    expect(add(pool, other)).toEqual([`${other.hash} ready`, `${first.hash} dropped`, `${second.hash} dropped`]);
  });

  it("prunes included transactions and their rivals, and promotes what waited for them", () => {
    const pool = new TransactionPool();
    const [included, rival] = [transaction("a", 0), transaction("a", 0, { requires: [tag("z", 9)] })];
    const waiting = transaction("a", 2, { requires: [tag("a", 1)] });
    add(pool, rival, included, waiting);
    const { removed, events } = pool.prune([tag("a", 0), tag("a", 1)]);
    expect(removed.map(({ hash }) => hash).sort()).toEqual([included.hash, rival.hash].sort());
    expect(events).toEqual([{ hash: waiting.hash, status: { type: "ready" } }]);
    expect(pool.readyInOrder()).toEqual([waiting]);
  });

  it("removes an invalid transaction with everything that depends on it, and what has expired", () => {
    const pool = new TransactionPool();
    const [a0, a1, a2, b0] = [
      transaction("a", 0),
      transaction("a", 1),
      transaction("a", 2),
      transaction("b", 0, { validTill: 7 }),
    ];
    add(pool, a0, a1, a2, b0);
    expect(pool.removeInvalid([a1.hash]).map(({ hash }) => hash)).toEqual([a1.hash, a2.hash]);
    expect(pool.expire(6)).toEqual([]);
    expect(pool.expire(7)).toEqual([{ hash: b0.hash, status: { type: "invalid" } }]);
    expect(pool.all()).toEqual([a0]);
  });
});

describe("orderReady()", () => {
  it("puts no transaction before one that it requires, and the better ones first, in any order of arrival", () => {
    const arbitrary = fc.array(
      fc.record({ account: fc.integer({ min: 0, max: 5 }), priority: fc.bigInt({ min: 0n, max: 9n }) }),
      { maxLength: 60 },
    );
    fc.assert(fc.property(arbitrary, fc.infiniteStream(fc.nat()), (specs, shuffle) => {
      const nonces = new Map<number, number>();
      const transactions = specs.map(({ account, priority }) => {
        const nonce = nonces.get(account) ?? 0;
        nonces.set(account, nonce + 1);
        return transaction(String(account), nonce, { priority });
      });
      const queued = transactions.map((one, position) => ({ transaction: one, position }));
      queued.sort(() => (shuffle.next().value as number) % 2 === 0 ? -1 : 1);
      const ordered = orderReady(queued);
      expect(ordered.length).toBe(transactions.length);
      const provided = new Set<Hex>();
      for (const [i, one] of ordered.entries()) {
        expect(one.requires.every((wanted) => provided.has(wanted))).toBe(true);
        const possible = ordered.slice(i).filter(({ requires }) => requires.every((wanted) => provided.has(wanted)));
        expect(possible.every(({ priority }) => priority <= one.priority)).toBe(true);
        for (const tagged of one.provides) provided.add(tagged);
      }
    }));
  });
});

describe("BanList", () => {
  it("forgets a ban after its time and the oldest one above its size", () => {
    const bans = new BanList();
    bans.ban("0x01", 0);
    expect(bans.isBanned("0x01", BAN_TIME_MS - 1)).toBe(true);
    expect(bans.isBanned("0x01", BAN_TIME_MS)).toBe(false);
    for (let i = 0; i <= MAX_BANNED; i++) bans.ban(`0x${i.toString(16)}`, 0);
    expect(bans.isBanned("0x0", 1)).toBe(false);
    expect(bans.isBanned("0x1", 1)).toBe(true);
  });
});
