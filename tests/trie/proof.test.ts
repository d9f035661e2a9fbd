import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { emptyRoot } from "../../src/trie/merkle.ts";
import { trieReadProof } from "../../src/trie/read_proof.ts";
import { emptyTrie, type Trie, trieEntries, trieFromEntries, trieGet, trieRoot } from "../../src/trie/trie.ts";
import type { TrieVersion } from "../../src/trie/trie_version.ts";
import { MAX_TRIE_PROOF_BYTES, MAX_TRIE_PROOF_NODES, verifyTrieProof } from "../../src/trie/verify_proof.ts";

const key = fc.array(fc.constantFrom(0x00, 0x01, 0x10, 0xab), { maxLength: 4 }).map((b) => new Uint8Array(b));
const value = fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ minLength: 30, maxLength: 50 }));
const version = fc.constantFrom<TrieVersion>(0, 1);
const entries = fc.array(fc.tuple(key, value), { maxLength: 25 });

/** 200 entries with hashed keys: a trie of three levels. */
function largeTrie(): { trie: Trie; keys: Uint8Array[] } {
  const keys = Array.from({ length: 200 }, (_, i) => blake2_256(new Uint8Array([i])) as Uint8Array);
  return { trie: trieFromEntries(keys.map((k, i) => [k, new Uint8Array(40).fill(i)] as const)), keys };
}

function codeOf(result: ReturnType<typeof verifyTrieProof>): string {
  return result.ok ? "ok" : result.error.code;
}

describe("verifyTrieProof()", () => {
  it("gives what the trie has, presence and absence, for the proofs we make", () => {
    fc.assert(
      fc.property(entries, fc.array(key, { maxLength: 8 }), version, (all, asked, v) => {
        const trie = trieFromEntries(all);
        const keys = [...asked, ...all.slice(0, 3).map(([k]) => k)];
        const proof = trieReadProof(trie, keys, v);
        const values = unwrap(verifyTrieProof(trieRoot(trie, v), proof, keys));
        expect(values.map((x) => x && toHex(x))).toEqual(keys.map((k) => {
          const want = trieGet(trie, k);
          return want && toHex(want);
        }));
      }),
      { numRuns: 500 },
    );
  });

  it("refuses a proof from which any node is left out", () => {
    fc.assert(fc.property(entries, fc.array(key, { minLength: 1, maxLength: 6 }), version, (all, keys, v) => {
      const trie = trieFromEntries(all);
      const proof = trieReadProof(trie, keys, v);
      for (let i = 0; i < proof.length; i++) {
        const result = verifyTrieProof(trieRoot(trie, v), proof.filter((_, j) => j !== i), keys);
        expect(["RootMissing", "NodeMissing", "ValueMissing"]).toContain(codeOf(result));
      }
    }));
  });

  it("refuses a proof in which any byte is changed", () => {
    const bend = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(entries, fc.array(key, { minLength: 1, maxLength: 6 }), version, bend, (all, keys, v, bend) => {
        const trie = trieFromEntries(all);
        const proof = trieReadProof(trie, keys, v);
        const node = proof[bend[0] % Math.max(1, proof.length)];
        fc.pre(node !== undefined);
        const at = bend[1] % node.length;
        node[at] = (node[at] as number) ^ bend[2];
        expect(verifyTrieProof(trieRoot(trie, v), proof, keys).ok).toBe(false);
        node[at] = (node[at] as number) ^ bend[2];
      }),
    );
  });

  it("reports NodeUnused for a node that no key needs and for one that stands twice", () => {
    const { trie, keys } = largeTrie();
    const root = trieRoot(trie, 1);
    const [a, b] = keys as [Uint8Array, Uint8Array];
    const both = trieReadProof(trie, [a, b], 1);
    expect(codeOf(verifyTrieProof(root, both, [a, b]))).toBe("ok");
    expect(codeOf(verifyTrieProof(root, both, [a]))).toBe("NodeUnused");
    const one = trieReadProof(trie, [a], 1);
    expect(codeOf(verifyTrieProof(root, [...one, one[1] as Uint8Array], [a]))).toBe("NodeUnused");
    expect(codeOf(verifyTrieProof(root, [...one, new Uint8Array([1, 2, 3])], [a]))).toBe("NodeUnused");
    expect(codeOf(verifyTrieProof(root, one, []))).toBe("NodeUnused");
  });

  it("reports RootMissing for another root", () => {
    const { trie, keys } = largeTrie();
    const proof = trieReadProof(trie, keys.slice(0, 1), 0);
    expect(codeOf(verifyTrieProof(trieRoot(trie, 1), proof, keys.slice(0, 1)))).toBe("RootMissing");
    expect(codeOf(verifyTrieProof(trieRoot(trie, 0), [], keys.slice(0, 1)))).toBe("RootMissing");
  });

  it("reports ValueMissing when a hashed value is left out", () => {
    const { trie, keys } = largeTrie();
    const asked = keys.slice(0, 1);
    const proof = trieReadProof(trie, asked, 1);
    expect(codeOf(verifyTrieProof(trieRoot(trie, 1), proof.slice(0, -1), asked))).toBe("ValueMissing");
  });

  it("reports NodeInvalid for bytes under the root that are no node", () => {
    for (
      const bytes of [[0x43, 0x01, 0x04, 0x02], [0x42, 0x01], [0x80, 0, 0], [0x42, 1, 4, 2, 0], [0x41, 0x11, 4, 2]]
    ) {
      const node = new Uint8Array(bytes);
      expect(codeOf(verifyTrieProof(blake2_256(node), [node], [new Uint8Array([1])]))).toBe("NodeInvalid");
    }
  });

  it("never throws, whatever bytes hang under the root", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.array(key, { maxLength: 3 }), (node, keys) => {
        const result = verifyTrieProof(blake2_256(node), [node], keys);
        if (keys.length === 0) expect(codeOf(result)).toBe("NodeUnused");
      }),
      { numRuns: 2000 },
    );
  });

  it("reports ProofTooLarge before it hashes anything", () => {
    const many = new Array<Uint8Array>(MAX_TRIE_PROOF_NODES + 1).fill(new Uint8Array(1));
    expect(codeOf(verifyTrieProof(emptyRoot(), many, []))).toBe("ProofTooLarge");
    expect(codeOf(verifyTrieProof(emptyRoot(), [new Uint8Array(MAX_TRIE_PROOF_BYTES + 1)], []))).toBe("ProofTooLarge");
  });

  it("shows absence in the trie without entries, with and without its node", () => {
    const asked = [new Uint8Array([1])];
    expect(trieReadProof(emptyTrie(), asked, 0)).toEqual([]);
    expect(unwrap(verifyTrieProof(emptyRoot(), [], asked))).toEqual([undefined]);
    expect(unwrap(verifyTrieProof(emptyRoot(), [new Uint8Array([0])], asked))).toEqual([undefined]);
  });

  it("accepts a value whose bytes are those of a node", () => {
    const inner = trieFromEntries([[new Uint8Array([0xaa, 0x11]), new Uint8Array(40).fill(7)]]);
    const node = trieReadProof(inner, [new Uint8Array([0xaa])], 0)[0] as Uint8Array;
    const trie = trieFromEntries([...trieEntries(inner), [new Uint8Array([0xbb]), node]]);
    const asked = [new Uint8Array([0xbb]), new Uint8Array([0xaa, 0x11])];
    for (const v of [0, 1] as const) {
      const values = unwrap(verifyTrieProof(trieRoot(trie, v), trieReadProof(trie, asked, v), asked));
      expect(values).toEqual([node, new Uint8Array(40).fill(7)]);
    }
  });
});
