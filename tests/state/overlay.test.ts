import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareBytes } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { err, ok } from "../../src/primitives/result.ts";
import { type KvStore, MAX_STORAGE_KEY_BYTES, MAX_STORAGE_VALUE_BYTES } from "../../src/state/kv_store.ts";
import { Overlay } from "../../src/state/overlay.ts";
import { bytesFrom, snapshotOf } from "./builders.ts";

const key = fc.array(fc.constantFrom(0, 1, 0x10, 0xff), { maxLength: 3 }).map((b) => new Uint8Array(b));
const value = fc.uint8Array({ maxLength: 3 });

type Step =
  | { type: "set"; key: Uint8Array; value: Uint8Array }
  | { type: "remove"; key: Uint8Array }
  | { type: "transaction"; steps: Step[]; end: "ok" | "err" | "throw" };

const { step } = fc.letrec<{ step: Step; transaction: Step }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ type: fc.constant("set" as const), key, value }),
    fc.record({ type: fc.constant("remove" as const), key }),
    tie("transaction"),
  ),
  transaction: fc.record({
    type: fc.constant("transaction" as const),
    steps: fc.array(tie("step"), { maxLength: 5 }),
    end: fc.constantFrom("ok" as const, "err" as const, "throw" as const),
  }),
}));

type Model = Map<string, string>;

function entriesOf(model: Model, prefix: Uint8Array): [string, string][] {
  const found = [...model].filter(([k]) => k.startsWith(toHex(prefix)));
  return found.sort(([a], [b]) => compareBytes(fromHex(a), fromHex(b)));
}

function shown(store: KvStore, prefix: Uint8Array): [string, string][] {
  return [...store.iterate(prefix)].map(([k, v]) => [toHex(k), toHex(v)]);
}

/** Runs steps on both; after each, both must show the same. */
function run(overlay: Overlay, model: Model, steps: readonly Step[]): Model {
  let current = model;
  for (const step of steps) {
    if (step.type === "set") {
      overlay.set(step.key, step.value);
      current.set(toHex(step.key), toHex(step.value));
    } else if (step.type === "remove") {
      overlay.remove(step.key);
      current.delete(toHex(step.key));
    } else {
      const inner = new Map(current);
      const work = () => {
        run(overlay, inner, step.steps);
        if (step.end === "throw") throw new Error("thrown inside");
        return step.end === "ok" ? ok("kept") : err("taken back");
      };
      if (step.end === "throw") expect(() => overlay.transaction(work)).toThrow("thrown inside");
      else expect(overlay.transaction(work).ok).toBe(step.end === "ok");
      if (step.end === "ok") {
        current.clear();
        for (const [k, v] of inner) current.set(k, v);
      }
    }
    const seen = step.type === "transaction" ? bytesFrom(1) : step.key;
    const got = overlay.get(seen);
    expect(got && toHex(got)).toBe(current.get(toHex(seen)));
  }
  current = model;
  expect(shown(overlay, bytesFrom())).toEqual(entriesOf(current, bytesFrom()));
  return current;
}

describe("Overlay", () => {
  it("behaves as a Map with nested transactions, in reading and in ordered iteration", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, value), { maxLength: 8 }),
        fc.array(step, { maxLength: 12 }),
        key,
        (base, steps, prefix) => {
          const snapshot = snapshotOf(...base);
          const before = [...snapshot.iterate(bytesFrom())];
          const model: Model = new Map(base.map(([k, v]) => [toHex(k), toHex(v)]));
          const overlay = new Overlay(snapshot);
          run(overlay, model, steps);
          expect(shown(overlay, prefix)).toEqual(entriesOf(model, prefix));
          expect([...snapshot.iterate(bytesFrom())]).toEqual(before);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("iterates over the state as of the beginning while it is written", () => {
    const overlay = new Overlay(snapshotOf([bytesFrom(1), bytesFrom(1)], [bytesFrom(2), bytesFrom(2)]));
    const seen: number[] = [];
    for (const [k] of overlay.iterate(bytesFrom())) {
      seen.push(k[0] as number);
      overlay.remove(bytesFrom(2));
      overlay.set(bytesFrom(3), bytesFrom(3));
    }
    expect(seen).toEqual([1, 2]);
    expect(shown(overlay, bytesFrom()).map(([k]) => k)).toEqual(["0x01", "0x03"]);
  });

  it("counts the keys and bytes written, without what was taken back", () => {
    const overlay = new Overlay(snapshotOf());
    overlay.set(bytesFrom(1), bytesFrom(1, 2, 3));
    overlay.set(bytesFrom(1), bytesFrom(1));
    overlay.transaction(() => {
      overlay.set(bytesFrom(2), new Uint8Array(100));
      return err("taken back");
    });
    expect([overlay.changedKeys, overlay.changedBytes]).toEqual([1, 2]);
    overlay.transaction(() => {
      overlay.set(bytesFrom(1), bytesFrom(1, 2));
      overlay.remove(bytesFrom(5));
      return ok(undefined);
    });
    expect([overlay.changedKeys, overlay.changedBytes]).toEqual([2, 4]);
  });

  it("refuses keys and values above their limits and knows no such key", () => {
    const overlay = new Overlay(snapshotOf());
    const longKey = new Uint8Array(MAX_STORAGE_KEY_BYTES + 1);
    expect(() => overlay.set(longKey, bytesFrom())).toThrow(RangeError);
    expect(() => overlay.set(bytesFrom(), new Uint8Array(MAX_STORAGE_VALUE_BYTES + 1))).toThrow(RangeError);
    overlay.set(bytesFrom(), bytesFrom(1));
    overlay.remove(longKey);
    expect(overlay.get(longKey)).toBeUndefined();
    expect(overlay.get(bytesFrom())).toEqual(bytesFrom(1));
  });

  it("refuses to give its changes while a transaction is open", () => {
    const overlay = new Overlay(snapshotOf());
    expect(() => overlay.transaction(() => ok(overlay.changes()))).toThrow(TypeError);
    expect(overlay.changes()).toEqual([]);
  });
});
