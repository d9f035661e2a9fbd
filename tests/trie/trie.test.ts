import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { compareBytes } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import {
  computeOrderedRoot,
  emptyTrie,
  type Trie,
  trieEntries,
  trieFromEntries,
  trieGet,
  trieInsert,
  trieRemove,
  trieRoot,
} from "../../src/trie/trie.ts";
import roots from "./vectors/roots.json" with { type: "json" };

/** Short keys over few bytes, so that they often share prefixes and are prefixes of each other. */
const key = fc.array(fc.constantFrom(0x00, 0x01, 0x0f, 0x10, 0xab, 0xff), { maxLength: 5 }).map((b) =>
  new Uint8Array(b)
);
const value = fc.uint8Array({ maxLength: 40 });
const step = fc.oneof(
  fc.record({ type: fc.constant("insert" as const), key, value }),
  fc.record({ type: fc.constant("remove" as const), key, value: fc.constant(new Uint8Array(0)) }),
);

function entriesOf(trie: Trie): [string, string][] {
  return [...trieEntries(trie)].map(([k, v]) => [toHex(k), toHex(v)]);
}

function modelEntries(model: ReadonlyMap<string, string>): [string, string][] {
  return [...model].sort(([a], [b]) => compareBytes(fromHex(a), fromHex(b)));
}

describe("trieRoot()", () => {
  for (const { name, entries, v0, v1 } of roots.valid) {
    it(`equals sp-trie's for: ${name}`, () => {
      const decoded = entries.map(([k, v]) => [fromHex(k as string), fromHex(v as string)] as const);
      const bulk = trieFromEntries(decoded);
      const one = decoded.reduce((trie, [k, v]) => trieInsert(trie, k, v), emptyTrie());
      for (const trie of [bulk, one]) {
        expect(toHex(trieRoot(trie, 0))).toBe(v0);
        expect(toHex(trieRoot(trie, 1))).toBe(v1);
        expect(toHex(trieRoot(trie, 0))).toBe(v0);
      }
    });
  }

  it("equals the hash of the one node encoded by hand", () => {
    // Leaf of two nibbles (0x42), path 01, value of one byte (0x04) 02.
    const root = trieRoot(trieFromEntries([[new Uint8Array([1]), new Uint8Array([2])]]), 0);
    expect(root).toEqual(blake2_256(new Uint8Array([0x42, 0x01, 0x04, 0x02])));
  });
});

describe("trieInsert() and trieRemove()", () => {
  it("agree with a Map in entries, values, size and root, whatever the order", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const model = new Map<string, string>();
        let trie = emptyTrie();
        for (const { type, key, value } of steps) {
          if (type === "insert") {
            model.set(toHex(key), toHex(value));
            trie = trieInsert(trie, key, value);
          } else {
            model.delete(toHex(key));
            trie = trieRemove(trie, key);
          }
          // Fills the caches on the way, so that a stale one would show.
          trieRoot(trie, 1);
          const found = trieGet(trie, key);
          expect(found && toHex(found)).toBe(model.get(toHex(key)));
        }
        const want = modelEntries(model);
        expect(entriesOf(trie)).toEqual(want);
        expect(trie.size).toBe(model.size);
        const rebuilt = trieFromEntries(want.map(([k, v]) => [fromHex(k), fromHex(v)] as const));
        expect(entriesOf(rebuilt)).toEqual(want);
        expect(trieRoot(trie, 1)).toEqual(trieRoot(rebuilt, 1));
        expect(trieRoot(trie, 0)).toEqual(trieRoot(rebuilt, 0));
      }),
      { numRuns: 300 },
    );
  });

  it("leave the trie they start from as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { maxLength: 20 }), fc.array(step, { maxLength: 20 }), (e, steps) => {
        const before = trieFromEntries(e);
        const shown = entriesOf(before);
        const root = trieRoot(before, 1);
        let trie = before;
        for (const s of steps) trie = s.type === "insert" ? trieInsert(trie, s.key, s.value) : trieRemove(trie, s.key);
        expect(entriesOf(before)).toEqual(shown);
        expect(trieRoot(before, 1)).toEqual(root);
      }),
    );
  });

  it("give the same trie when an absent key is removed", () => {
    const trie = trieFromEntries([[new Uint8Array([1, 2]), new Uint8Array([3])]]);
    for (const absent of [[], [1], [1, 3], [1, 2, 3]]) expect(trieRemove(trie, new Uint8Array(absent))).toBe(trie);
  });

  it("hash only the touched path again", () => {
    const keys = Array.from({ length: 5000 }, (_, i) => blake2_256(new Uint8Array([i & 255, i >> 8])));
    const trie = trieFromEntries(keys.map((k) => [k, k] as const));
    trieRoot(trie, 1);
    const changed = trieInsert(trie, keys[17] as Uint8Array, new Uint8Array(40));
    let stale = 0;
    const pending = changed.root === undefined ? [] : [changed.root];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (node.ref === undefined) stale++;
      pending.push(...node.children);
    }
    expect(stale).toBeGreaterThan(0);
    expect(stale).toBeLessThan(10);
  });
});

describe("trieFromEntries()", () => {
  it("lets the last of equal keys win, in any order", () => {
    fc.assert(fc.property(fc.array(fc.tuple(key, value), { maxLength: 30 }), (entries) => {
      const model = new Map(entries.map(([k, v]) => [toHex(k), toHex(v)]));
      expect(entriesOf(trieFromEntries(entries))).toEqual(modelEntries(model));
    }));
  });
});

describe("trieEntries()", () => {
  it("gives exactly the keys with the prefix and after the start key, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { maxLength: 30 }), key, fc.option(key), (entries, prefix, after) => {
        const all = modelEntries(new Map(entries.map(([k, v]) => [toHex(k), toHex(v)])));
        const want = all.filter(([k]) => {
          return k.startsWith(toHex(prefix)) && (after === null || compareBytes(fromHex(k), after) > 0);
        });
        const got = [...trieEntries(trieFromEntries(entries), prefix, after ?? undefined)];
        expect(got.map(([k, v]) => [toHex(k), toHex(v)])).toEqual(want);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("computeOrderedRoot()", () => {
  it("is the root over compact indexes", () => {
    const items = Array.from({ length: 70 }, (_, i) => new Uint8Array([i]));
    const entries = items.map((item, i) => {
      return [i < 64 ? new Uint8Array([i << 2]) : new Uint8Array([((i << 2) & 255) | 1, i >> 6]), item] as const;
    });
    expect(computeOrderedRoot(items, 0)).toEqual(trieRoot(trieFromEntries(entries), 0));
    expect(computeOrderedRoot([], 0)).toEqual(trieRoot(emptyTrie(), 0));
  });
});
