import { afterEach, describe, expect, it } from "vitest";
import { DatabaseSync } from "node:sqlite";
import { toHex } from "../../src/primitives/hex.ts";
import type { BlockCommit, ChainStore } from "../../src/devnode/chain_store.ts";
import { createMemoryStore } from "../../src/devnode/chain_store.ts";
import { openSqliteStore } from "../../src/devnode/deno/sqlite_store.ts";
import { replayStates } from "../../src/devnode/state_history.ts";
import { trieEntries } from "../../src/trie/trie.ts";

const folders: string[] = [];

function newPath(): string {
  const folder = Deno.makeTempDirSync({ prefix: "devnode-store-" });
  folders.push(folder);
  return `${folder}/chain.db`;
}

afterEach(() => {
  for (const folder of folders.splice(0)) Deno.removeSync(folder, { recursive: true });
});

function commitOf(number: number, overrides: Partial<BlockCommit> = {}): BlockCommit {
  return {
    block: {
      number,
      hash: new Uint8Array(32).fill(number + 1),
      header: new Uint8Array([number]),
      extrinsics: [new Uint8Array([4, number]), new Uint8Array(0)],
    },
    changes: [{ key: new Uint8Array([number]), value: new Uint8Array([number, number]) }],
    meta: { newest: new Uint8Array([number]) },
    foldUpTo: -1,
    ...overrides,
  };
}

const stores: readonly [name: string, open: () => ChainStore][] = [
  ["createMemoryStore()", createMemoryStore],
  ["openSqliteStore()", () => openSqliteStore(newPath())],
];

describe.each(stores)("ChainStore of %s", (_name, open) => {
  it("gives back what was committed", () => {
    const store = open();
    expect(store.headNumber()).toBe(undefined);
    for (let number = 0; number < 4; number++) {
      store.commit(commitOf(number));
      const justifications = [{ number, bytes: new Uint8Array([9, number]) }];
      store.finalize({ justifications, meta: { finalized: new Uint8Array([number]) } });
    }
    expect(store.headNumber()).toBe(3);
    expect(store.meta("newest")).toEqual(new Uint8Array([3]));
    expect(store.block(2)).toEqual(commitOf(2).block);
    expect(store.block(4)).toBe(undefined);
    expect(store.hashOf(1)).toEqual(commitOf(1).block.hash);
    expect(store.numberOf(commitOf(3).block.hash)).toBe(3);
    expect(store.numberOf(new Uint8Array(32))).toBe(undefined);
    expect(store.justification(1)).toEqual(new Uint8Array([9, 1]));
    expect(store.justification(8)).toBe(undefined);
    expect(store.newestJustification(0, 2)).toEqual({ number: 2, bytes: new Uint8Array([9, 2]) });
    expect(store.newestJustification(7, 9)).toBe(undefined);
    expect(store.meta("finalized")).toEqual(new Uint8Array([3]));
    expect(store.meta("other")).toBe(undefined);
    store.close();
  });

  it("makes another fork the chain and keeps the blocks that were left, until finality drops them", () => {
    const store = open();
    for (let number = 0; number < 4; number++) store.commit(commitOf(number));
    const other = (number: number) => ({
      block: { ...commitOf(number).block, hash: new Uint8Array(32).fill(100 + number) },
      changes: [{ key: new Uint8Array([9, number]), value: new Uint8Array([1]) }],
    });
    store.keepSide(other(2).block);
    expect(store.side(other(2).block.hash)).toEqual(other(2).block);
    store.switchFork({ above: 1, blocks: [other(2), other(3), other(4)], meta: { newest: new Uint8Array([4]) } });
    expect([2, 3, 4].map((number) => store.hashOf(number))).toEqual(
      [102, 103, 104].map((n) => new Uint8Array(32).fill(n)),
    );
    expect(store.sides().map(({ number, hash }) => [number, hash[0]])).toEqual([[2, 3], [3, 4]]);
    expect(store.numberOf(commitOf(3).block.hash)).toBe(undefined);
    expect(store.meta("newest")).toEqual(new Uint8Array([4]));
    store.switchFork({ above: 1, blocks: [commitOf(2)], meta: {} });
    expect([store.headNumber(), store.sides().length]).toEqual([2, 4]);
    store.finalize({ justifications: [], meta: {}, droppedSides: store.sides().slice(1).map(({ hash }) => hash) });
    expect(store.sides()).toHaveLength(1);
    store.save({ own: new Uint8Array([7]) });
    expect(store.meta("own")).toEqual(new Uint8Array([7]));
    expect(() => store.switchFork({ above: 0, blocks: [commitOf(2)], meta: {} })).toThrow(RangeError);
    expect(store.headNumber()).toBe(2);
    store.close();
  });

  it("refuses a block that does not follow the newest, and keeps nothing of it", () => {
    const store = open();
    store.commit(commitOf(0));
    expect(() => store.commit(commitOf(2))).toThrow(RangeError);
    expect(store.headNumber()).toBe(0);
    expect(store.meta("newest")).toEqual(new Uint8Array([0]));
    store.commit(commitOf(1));
    store.close();
  });
});

describe("openSqliteStore()", () => {
  it("rebuilds every state above the folded base after it is opened again", () => {
    const path = newPath();
    const store = openSqliteStore(path);
    for (let number = 0; number <= 10; number++) store.commit(commitOf(number, { foldUpTo: number - 4 }));
    store.commit(commitOf(11, { changes: [{ key: new Uint8Array([0]), value: undefined }], foldUpTo: 7 }));
    store.close();
    const reopened = openSqliteStore(path);
    const stored = reopened.loadStates();
    if (stored === undefined) throw new Error("no states");
    expect(stored.baseNumber).toBe(7);
    const states = [...replayStates(stored)];
    expect(states.map(([number]) => number)).toEqual([7, 8, 9, 10, 11]);
    const keysOf = (index: number) => [...trieEntries(states[index]?.[1] as never)].map(([name]) => toHex(name));
    expect(keysOf(0)).toEqual(["0x00", "0x01", "0x02", "0x03", "0x04", "0x05", "0x06", "0x07"]);
    expect(keysOf(4).includes("0x00")).toBe(false);
    expect(keysOf(4).includes("0x0a")).toBe(true);
    reopened.commit(commitOf(12, { foldUpTo: 8 }));
    expect(reopened.loadStates()?.baseNumber).toBe(8);
    reopened.close();
  });

  it("replays the states of the fork that is the chain, and is as before if a change of fork fails", () => {
    const path = newPath();
    const store = openSqliteStore(path);
    for (let number = 0; number < 4; number++) store.commit(commitOf(number));
    const block = { ...commitOf(2).block, hash: new Uint8Array(32).fill(99) };
    const changes = [{ key: new Uint8Array([42]), value: new Uint8Array([1]) }];
    expect(() => store.switchFork({ above: 1, blocks: [{ block, changes }, commitOf(2)], meta: {} })).toThrow(
      RangeError,
    );
    expect([store.headNumber(), store.sides().length]).toEqual([3, 0]);
    store.switchFork({ above: 1, blocks: [{ block, changes }], meta: {} });
    store.close();
    const reopened = openSqliteStore(path);
    const states = [...replayStates(reopened.loadStates() as never)];
    expect(states.map(([number]) => number)).toEqual([0, 1, 2]);
    const keys = [...trieEntries(states[2]?.[1] as never)].map(([name]) => toHex(name));
    expect(keys).toEqual(["0x00", "0x01", "0x2a"]);
    reopened.close();
  });

  it("reports StoreInUse while another connection has the database", () => {
    const path = newPath();
    const store = openSqliteStore(path);
    store.commit(commitOf(0));
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: "StoreInUse" }));
    store.close();
  });

  it("reports StoreVersion for a database of another layout", () => {
    const path = newPath();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: "StoreVersion" }));
  });

  it("reports StoreUnreadable for a file that is no database", () => {
    const path = newPath();
    Deno.writeTextFileSync(path, "this is not a database, it only looks like a file of one\n".repeat(100));
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: "StoreUnreadable" }));
  });
});
