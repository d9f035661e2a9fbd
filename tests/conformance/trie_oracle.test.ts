/** Our trie against sp-trie itself, compiled to wasm in `@acala-network/chopsticks-executor`. Deno only: it is large. */
import { calculate_state_root, decode_proof } from "@acala-network/chopsticks-executor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import { trieReadProof } from "../../src/trie/read_proof.ts";
import { emptyTrie, trieFromEntries, trieGet, trieInsert, trieRemove, trieRoot } from "../../src/trie/trie.ts";
import type { TrieVersion } from "../../src/trie/trie_version.ts";

const key = fc.oneof(
  fc.array(fc.constantFrom(0x00, 0x01, 0x0f, 0x10, 0xab), { maxLength: 5 }).map((b) => new Uint8Array(b)),
  fc.uint8Array({ maxLength: 40 }),
);
const value = fc.oneof(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ minLength: 30, maxLength: 80 }));
const version = fc.constantFrom<TrieVersion>(0, 1);
const entries = fc.uniqueArray(fc.tuple(key, value), { maxLength: 60, selector: ([k]) => toHex(k) });

describe("trieRoot()", () => {
  it("equals sp-trie's root for any entries, in both versions", async () => {
    await fc.assert(
      fc.asyncProperty(entries, version, async (all, v) => {
        const want = await calculate_state_root(all.map(([k, x]) => [toHex(k), toHex(x)] as [Hex, Hex]), v);
        expect(toHex(trieRoot(trieFromEntries(all), v))).toBe(want);
        const grown = all.reduce((trie, [k, x]) => trieInsert(trie, k, x), emptyTrie());
        expect(toHex(trieRoot(grown, v))).toBe(want);
        const fewer = all.slice(0, all.length >> 1);
        const shrunk = all.slice(fewer.length).reduce((trie, [k]) => trieRemove(trie, k), grown);
        const wantFewer = await calculate_state_root(fewer.map(([k, x]) => [toHex(k), toHex(x)] as [Hex, Hex]), v);
        expect(toHex(trieRoot(shrunk, v))).toBe(wantFewer);
      }),
      { numRuns: 200 },
    );
  });
});

describe("trieReadProof()", () => {
  it("makes proofs in which sp-trie reads the same values and finds no node too many", async () => {
    await fc.assert(
      fc.asyncProperty(entries, version, async (all, v) => {
        fc.pre(all.length > 0);
        const trie = trieFromEntries(all);
        const asked = all.slice(0, 4).map(([k]) => k);
        const proof = trieReadProof(trie, asked, v).map(toHex);
        const pairs = new Map<string, string>(await decode_proof(toHex(trieRoot(trie, v)), proof));
        for (const k of asked) expect(pairs.get(toHex(k))).toBe(toHex(trieGet(trie, k) as Uint8Array));
      }),
      { numRuns: 200 },
    );
  });
});
