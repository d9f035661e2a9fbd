import { describe, expect, it } from "vitest";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { computePath } from "../../src/state/leaf.ts";
import {
  createStateProof,
  MAX_STATE_PROOF_ITEMS,
  type StateProofItem,
  type StateReadProof,
  stateReadProof,
  verifyStateProof,
} from "../../src/state/state_proof.ts";
import { bytesFrom, KEYS, snapshotOf } from "./builders.ts";

const entries = Array.from({ length: 40 }, (_, i) => [bytesFrom(i), bytesFrom(100, i)] as const);
const snapshot = snapshotOf(...entries);
const asked = [bytesFrom(3), bytesFrom(200), bytesFrom(17)];

function bend(change: Partial<StateProofItem>): StateReadProof {
  const proof = createStateProof(snapshot, asked, KEYS.pathKey);
  const [first, ...others] = proof.items as [StateProofItem];
  return { ...proof, items: [{ ...first, ...change }, ...others] };
}

function codeOf(proof: StateReadProof, root: Uint8Array = snapshot.root): string {
  const result = verifyStateProof(root, proof);
  return result.ok ? "ok" : result.error.code;
}

describe("createStateProof() and verifyStateProof()", () => {
  it("show values and absence, also through the codec", () => {
    const proof = createStateProof(snapshot, asked, KEYS.pathKey);
    const carried = stateReadProof.decode(stateReadProof.encode(proof));
    expect(unwrap(verifyStateProof(snapshot.root, carried))).toEqual([
      bytesFrom(100, 3),
      undefined,
      bytesFrom(100, 17),
    ]);
  });

  it("hide the values beside those asked for", () => {
    const proof = createStateProof(
      snapshotOf([bytesFrom(1), new Uint8Array(40).fill(0xee)], [bytesFrom(2), bytesFrom(2)]),
      [
        bytesFrom(2),
      ],
      KEYS.pathKey,
    );
    expect(toHex(stateReadProof.encode(proof))).not.toContain("eeee");
  });

  it("report LeafMismatch for another value, another salt, a denied value and an invented one", () => {
    const entry = createStateProof(snapshot, asked, KEYS.pathKey).items[0]?.entry;
    if (entry === undefined) throw new TypeError("Cannot test: want an entry");
    expect(codeOf(bend({ entry: { ...entry, value: bytesFrom(1) } }))).toBe("LeafMismatch");
    expect(codeOf(bend({ entry: { ...entry, salt: new Uint8Array(32) } }))).toBe("LeafMismatch");
    expect(codeOf(bend({ entry: undefined }))).toBe("LeafMismatch");
    const absent = createStateProof(snapshot, [bytesFrom(200)], KEYS.pathKey);
    const invented = { ...absent, items: absent.items.map((item) => ({ ...item, entry })) };
    expect(codeOf(invented)).toBe("LeafMismatch");
  });

  it("report LeafMismatch when the value of one key is passed off as that of another, path and all", () => {
    const [other] = createStateProof(snapshot, [bytesFrom(17)], KEYS.pathKey).items as [StateProofItem];
    const proof = createStateProof(snapshot, [bytesFrom(17)], KEYS.pathKey);
    const passedOff = { ...proof, items: [{ ...other, storageKey: bytesFrom(3) }] };
    expect(codeOf(proof)).toBe("ok");
    expect(codeOf(passedOff)).toBe("LeafMismatch");
  });

  it("report PathNotUnique when another key's path is passed off", () => {
    expect(codeOf(bend({ path: computePath(KEYS.pathKey, bytesFrom(17)) }))).toBe("PathNotUnique");
  });

  it("report the trie's errors: another root, a node too many, a node too few", () => {
    const proof = createStateProof(snapshot, asked, KEYS.pathKey);
    expect(codeOf(proof, new Uint8Array(32))).toBe("RootMissing");
    expect(codeOf({ ...proof, nodes: [...proof.nodes, bytesFrom(1)] })).toBe("NodeUnused");
    expect(codeOf({ ...proof, nodes: proof.nodes.slice(0, -1) })).toBe("NodeMissing");
  });

  it("refuse to prove more values than the limit", () => {
    const many = new Array<Uint8Array>(MAX_STATE_PROOF_ITEMS + 1).fill(bytesFrom(1));
    expect(() => createStateProof(snapshot, many, KEYS.pathKey)).toThrow(RangeError);
  });
});
