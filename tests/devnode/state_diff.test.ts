import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { toHex } from "../../src/primitives/hex.ts";
import { diffStates } from "../../src/devnode/state_diff.ts";
import { applyChanges } from "../../src/devnode/state_history.ts";
import { toByteString } from "../../src/trie/byte_string.ts";
import { createLeaf, createNode, type RadixNode } from "../../src/trie/radix_node.ts";
import { emptyTrie, type Trie, trieEntries, trieRoot } from "../../src/trie/trie.ts";

const key = fc.uint8Array({ minLength: 0, maxLength: 4 }).map((bytes) => bytes.map((byte) => byte & 0x31));
const change = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined }) });

function entriesOf(trie: Trie): Map<string, string> {
  return new Map([...trieEntries(trie)].map(([name, value]) => [toHex(name), toHex(value)]));
}

describe("diffStates()", () => {
  it("gives exactly the keys that differ, in order, and leads from one state to the other", () => {
    fc.assert(
      fc.property(fc.array(change), fc.array(change), (first, second) => {
        const from = applyChanges(emptyTrie(), first);
        const to = applyChanges(from, second);
        const changes = diffStates(from, to);
        expect(toHex(trieRoot(applyChanges(from, changes), 1))).toBe(toHex(trieRoot(to, 1)));
        const [before, after] = [entriesOf(from), entriesOf(to)];
        const keys = [...new Set([...before.keys(), ...after.keys()])];
        const expected = keys.filter((name) => before.get(name) !== after.get(name)).sort();
        expect(changes.map(({ key: name }) => toHex(name))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("is right also between states that share nothing", () => {
    fc.assert(fc.property(fc.array(change), fc.array(change), (first, second) => {
      const from = applyChanges(emptyTrie(), first);
      const to = applyChanges(emptyTrie(), second);
      const rebuilt = applyChanges(from, diffStates(from, to));
      expect(entriesOf(rebuilt)).toEqual(entriesOf(to));
    }));
  });

  it("does not look into a subtree that both states share", () => {
    const shared = new Proxy({}, {
      get: () => {
        throw new Error("looked into a shared subtree");
      },
    }) as RadixNode<Uint8Array>;
    const stateWith = (value: number): Trie => {
      const key = toByteString(new Uint8Array([0x20]));
      const leaf = createLeaf(key, 1, new Uint8Array([value]));
      return { root: createNode<Uint8Array>(key, 0, 0, undefined, 0b110, [shared, leaf]), size: 2 };
    };
    expect(diffStates(stateWith(1), stateWith(2))).toEqual([
      { key: new Uint8Array([0x20]), value: new Uint8Array([2]) },
    ]);
  });
});
