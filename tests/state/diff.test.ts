import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { u64 } from "../../src/codec/codec.ts";
import { blake2_256, blake2_256_keyed } from "../../src/crypto/blake2.ts";
import { concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { applyDiff, commitOverlay, saltedValueOf, type StateDiff, stateDiff } from "../../src/state/diff.ts";
import { decryptDiff, DIFF_OVERHEAD, type DiffContext, encryptDiff } from "../../src/state/diff_encryption.ts";
import { Overlay } from "../../src/state/overlay.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";
import { trieFromEntries, trieRoot } from "../../src/trie/trie.ts";
import { bytesFrom, KEYS, snapshotOf } from "./builders.ts";

const key = fc.array(fc.constantFrom(0, 1, 0x10, 0xff), { maxLength: 4 }).map((b) => new Uint8Array(b));
const value = fc.uint8Array({ maxLength: 4 });
const write = fc.tuple(key, fc.option(value));

function overlayOf(base: StateSnapshot, writes: readonly (readonly [Uint8Array, Uint8Array | null])[]): Overlay {
  const overlay = new Overlay(base);
  for (const [k, v] of writes) v === null ? overlay.remove(k) : overlay.set(k, v);
  return overlay;
}

describe("commitOverlay() and applyDiff()", () => {
  it("reach the same root, entries and size, also through the codec", () => {
    const blocks = fc.array(fc.array(write, { maxLength: 10 }), { maxLength: 6 });
    fc.assert(
      fc.property(blocks, (blocks) => {
        let proposer = StateSnapshot.empty();
        let importer = StateSnapshot.empty();
        for (const [i, writes] of blocks.entries()) {
          const { snapshot, diff } = commitOverlay(proposer, overlayOf(proposer, writes), BigInt(i + 1), KEYS);
          const carried = stateDiff.decode(stateDiff.encode(diff));
          importer = unwrap(applyDiff(importer, carried, KEYS.pathKey));
          proposer = snapshot;
          expect(importer.root).toEqual(proposer.root);
          expect([...importer.iterate(bytesFrom())]).toEqual([...proposer.iterate(bytesFrom())]);
          expect(importer.encodedSize).toBe(proposer.encodedSize);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("commit to what the design says, computed here step by step", () => {
    const [storageKey, stored] = [bytesFrom(1, 2), bytesFrom(9, 9, 9)];
    const { snapshot } = commitOverlay(
      StateSnapshot.empty(),
      overlayOf(StateSnapshot.empty(), [[storageKey, stored]]),
      7n,
      KEYS,
    );
    const salted = concatBytes(u64.encode(7n), bytesFrom(2 << 2), storageKey, blake2_256(stored));
    const salt = blake2_256_keyed(KEYS.saltKey, salted);
    const leaf = blake2_256(concatBytes(utf8("leaf/1"), salt, bytesFrom(2 << 2), storageKey, stored));
    expect(saltedValueOf(snapshot, storageKey)).toEqual({ salt, value: stored });
    expect(snapshot.root).toEqual(trieRoot(trieFromEntries([[blake2_256_keyed(KEYS.pathKey, storageKey), leaf]]), 1));
  });

  it("leave the base untouched", () => {
    const base = snapshotOf([bytesFrom(1), bytesFrom(1)]);
    const root = base.root;
    commitOverlay(base, overlayOf(base, [[bytesFrom(1), null], [bytesFrom(2), bytesFrom(2)]]), 2n, KEYS);
    expect(base.root).toEqual(root);
    expect(base.get(bytesFrom(1))).toEqual(bytesFrom(1));
    expect(base.get(bytesFrom(2))).toBeUndefined();
  });

  it("take a write of the same value and the removal of an absent key for no change", () => {
    const base = snapshotOf([bytesFrom(1), bytesFrom(1)]);
    const { snapshot, diff } = commitOverlay(
      base,
      overlayOf(base, [[bytesFrom(1), bytesFrom(1)], [bytesFrom(7), null]]),
      2n,
      KEYS,
    );
    expect(diff.changes).toEqual([]);
    expect(snapshot.root).toEqual(base.root);
  });

  it("report AprioriRootMismatch on another state and ChangesNotSorted for any other order", () => {
    const base = snapshotOf([bytesFrom(1), bytesFrom(1)]);
    const { diff } = commitOverlay(
      base,
      overlayOf(base, [[bytesFrom(2), bytesFrom(2)], [bytesFrom(3), null], [bytesFrom(1), null]]),
      2n,
      KEYS,
    );
    const other = applyDiff(StateSnapshot.empty(), diff, KEYS.pathKey);
    expect(other).toMatchObject({ ok: false, error: { code: "AprioriRootMismatch" } });
    const reversed: StateDiff = { ...diff, changes: [...diff.changes].reverse() };
    expect(applyDiff(base, reversed, KEYS.pathKey)).toMatchObject({ ok: false, error: { code: "ChangesNotSorted" } });
    const twice: StateDiff = { ...diff, changes: [...diff.changes, ...diff.changes.slice(-1)] };
    expect(applyDiff(base, twice, KEYS.pathKey)).toMatchObject({ ok: false, error: { code: "ChangesNotSorted" } });
    expect(unwrap(applyDiff(base, diff, KEYS.pathKey)).size).toBe(1);
  });
});

describe("salts", () => {
  it("differ for each key, value and block, so that no two leaves are equal", () => {
    const salts = new Set<string>();
    let count = 0;
    for (const number of [1n, 2n, 256n]) {
      for (const k of [[], [0], [0, 0], [1]]) {
        for (const v of [[], [0], [0, 0], [1]]) {
          const overlay = overlayOf(StateSnapshot.empty(), [[new Uint8Array(k), new Uint8Array(v)]]);
          const { diff } = commitOverlay(StateSnapshot.empty(), overlay, number, KEYS);
          salts.add(toHex(diff.changes[0]?.entry?.salt as Uint8Array));
          count++;
        }
      }
    }
    expect(salts.size).toBe(count);
  });

  it("stay as they are while the value stays, and change when it comes back", () => {
    const first = snapshotOf([bytesFrom(1), bytesFrom(1)]);
    const salt = saltedValueOf(first, bytesFrom(1))?.salt;
    const second = commitOverlay(first, overlayOf(first, [[bytesFrom(1), bytesFrom(2)]]), 2n, KEYS).snapshot;
    const third = commitOverlay(second, overlayOf(second, [[bytesFrom(1), bytesFrom(1)]]), 3n, KEYS).snapshot;
    expect(saltedValueOf(third, bytesFrom(1))?.salt).not.toEqual(salt);
    expect(third.root).not.toEqual(first.root);
  });
});

describe("encryptDiff() and decryptDiff()", () => {
  const context: DiffContext = {
    shard: new Uint8Array(32).fill(7),
    blockNumber: 5n,
    parentHash: new Uint8Array(32).fill(8),
    author: new Uint8Array(32).fill(6),
  };
  const salt = new Uint8Array(32).fill(9);
  const plain = bytesFrom(1, 2, 3, 4);

  it("give the plaintext back to who has the key, also of an older epoch", async () => {
    const encrypted = await encryptDiff(KEYS, context, salt, plain);
    expect(encrypted.length).toBe(plain.length + DIFF_OVERHEAD);
    expect(unwrap(await decryptDiff(KEYS, context, encrypted))).toEqual(plain);
    const old = { ...KEYS, epoch: 2, stateKey: KEYS.olderStateKeys.get(2) as Uint8Array };
    expect(unwrap(await decryptDiff(KEYS, context, await encryptDiff(old, context, salt, plain)))).toEqual(plain);
  });

  it("report DiffNotAuthentic for another shard, number, parent, author, salt, epoch's key or any changed bit", async () => {
    const encrypted = await encryptDiff(KEYS, context, salt, plain);
    const others: DiffContext[] = [
      { ...context, shard: new Uint8Array(32) },
      { ...context, blockNumber: 6n },
      { ...context, parentHash: new Uint8Array(32) },
      { ...context, author: new Uint8Array(32) },
      { ...context, parentHash: context.author, author: context.parentHash },
    ];
    const refused = { ok: false, error: { code: "DiffNotAuthentic" } };
    for (const other of others) expect(await decryptDiff(KEYS, other, encrypted)).toMatchObject(refused);
    const wrongKey = { ...KEYS, stateKey: new Uint8Array(32) };
    expect(await decryptDiff(wrongKey, context, encrypted)).toMatchObject(refused);
    for (let i = 0; i < encrypted.length; i++) {
      const bent = encrypted.slice();
      bent[i] = (bent[i] as number) ^ 1;
      expect((await decryptDiff(KEYS, context, bent)).ok).toBe(false);
    }
  });

  it("report UnknownEpoch and DiffTooShort", async () => {
    const future = await encryptDiff({ ...KEYS, epoch: 9 }, context, salt, plain);
    expect(await decryptDiff(KEYS, context, future)).toMatchObject({
      ok: false,
      error: { code: "UnknownEpoch", epoch: 9 },
    });
    const short = future.subarray(0, DIFF_OVERHEAD - 1);
    expect(await decryptDiff(KEYS, context, short)).toMatchObject({ ok: false, error: { code: "DiffTooShort" } });
  });

  it("never repeat a ciphertext under fresh salts, and refuse a salt of another length", async () => {
    const other = await encryptDiff(KEYS, context, new Uint8Array(32).fill(10), plain);
    expect(other.subarray(36)).not.toEqual((await encryptDiff(KEYS, context, salt, plain)).subarray(36));
    await expect(encryptDiff(KEYS, context, new Uint8Array(12), plain)).rejects.toThrow(RangeError);
  });
});
