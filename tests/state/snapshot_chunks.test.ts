import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { MAX_STORAGE_KEY_BYTES, MAX_STORAGE_VALUE_BYTES } from "../../src/state/kv_store.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";
import { encodeSnapshotChunks, MAX_SNAPSHOT_CHUNK_BYTES, SnapshotDecoder } from "../../src/state/snapshot_chunks.ts";
import { bytesFrom, KEYS, snapshotOf } from "./builders.ts";

/** A state of several chunks, with entries of the largest size. */
function largeSnapshot(): StateSnapshot {
  const entries = Array.from({ length: 300 }, (_, i) => {
    return [blake2_256(bytesFrom(i & 255, i >> 8)) as Uint8Array, new Uint8Array(8192).fill(i)] as const;
  });
  const largest = [new Uint8Array(MAX_STORAGE_KEY_BYTES).fill(1), new Uint8Array(MAX_STORAGE_VALUE_BYTES)] as const;
  return snapshotOf(...entries, largest, [bytesFrom(), bytesFrom()]);
}

function decode(chunks: readonly Uint8Array[]): ReturnType<SnapshotDecoder["finish"]> {
  const decoder = new SnapshotDecoder(KEYS.pathKey);
  for (const chunk of chunks) {
    const pushed = decoder.push(chunk);
    if (!pushed.ok) return pushed;
  }
  return decoder.finish();
}

function codeOf(chunks: readonly Uint8Array[]): string {
  const result = decode(chunks);
  return result.ok ? "ok" : result.error.code;
}

describe("encodeSnapshotChunks() and SnapshotDecoder", () => {
  it("carry a state over in chunks of bounded size", () => {
    const snapshot = largeSnapshot();
    const chunks = [...encodeSnapshotChunks(snapshot)];
    expect(chunks.length).toBeGreaterThan(3);
    for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(MAX_SNAPSHOT_CHUNK_BYTES);
    const loaded = unwrap(decode(chunks));
    expect(loaded.root).toEqual(snapshot.root);
    expect(loaded.encodedSize).toBe(snapshot.encodedSize);
    expect([...loaded.iterate(bytesFrom())].length).toBe(snapshot.size);
  });

  it("carry the state without entries", () => {
    expect(unwrap(decode([...encodeSnapshotChunks(StateSnapshot.empty())])).size).toBe(0);
  });

  it("report EntryCountMismatch when the end is missing and EntriesNotSorted for chunks out of place", () => {
    const chunks = [...encodeSnapshotChunks(largeSnapshot())];
    const [head, a, b, ...rest] = chunks as [Uint8Array, Uint8Array, Uint8Array];
    expect(codeOf(chunks.slice(0, -1))).toBe("EntryCountMismatch");
    expect(codeOf([head, b, a, ...rest])).toBe("EntriesNotSorted");
    expect(codeOf([head, a, a, b, ...rest])).toBe("EntriesNotSorted");
    expect(codeOf([head, b, ...rest])).toBe("EntryCountMismatch");
    expect(codeOf([])).toBe("ChunkInvalid");
  });

  it("report SnapshotRootMismatch for a changed value or another path key", () => {
    const chunks = [...encodeSnapshotChunks(snapshotOf([bytesFrom(1), bytesFrom(1)]))] as [Uint8Array, Uint8Array];
    const bent = chunks[1].slice();
    bent[bent.length - 1] = 2;
    expect(codeOf([chunks[0], bent])).toBe("SnapshotRootMismatch");
    const decoder = new SnapshotDecoder(new Uint8Array(32));
    for (const chunk of chunks) unwrap(decoder.push(chunk));
    expect(decoder.finish()).toMatchObject({ ok: false, error: { code: "SnapshotRootMismatch" } });
  });

  it("report EntryCountMismatch at once when there are more entries than promised", () => {
    const [head] = [...encodeSnapshotChunks(snapshotOf([bytesFrom(1), bytesFrom(1)]))] as [Uint8Array];
    const [, more] = [...encodeSnapshotChunks(snapshotOf([bytesFrom(1), bytesFrom(1)], [bytesFrom(2), bytesFrom(2)]))];
    const decoder = new SnapshotDecoder(KEYS.pathKey);
    unwrap(decoder.push(head));
    expect(decoder.push(more as Uint8Array)).toMatchObject({
      ok: false,
      error: { code: "EntryCountMismatch", want: 1 },
    });
  });

  it("never throw, whatever the chunk after the header", () => {
    const [head] = [...encodeSnapshotChunks(largeSnapshot())] as [Uint8Array];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (chunk) => {
        expect(["ChunkInvalid", "EntryCountMismatch", "EntriesNotSorted"]).toContain(codeOf([head, chunk]));
      }),
      { numRuns: 500 },
    );
  });

  it("report ChunkInvalid for a length that is not in its shortest form or ends early", () => {
    const [head] = [...encodeSnapshotChunks(snapshotOf([bytesFrom(), bytesFrom()]))] as [Uint8Array];
    // The entry is an empty key, its value's length, a salt and nothing.
    for (const length of [[0b01, 0], [0b10, 0, 0, 0], [0b01], [0b10, 0, 0], [0b11, 0, 0, 0, 0], [0b11]]) {
      const chunk = Uint8Array.of(0, ...length, ...(length.length === 1 ? [] : new Uint8Array(32)));
      expect([length, codeOf([head, chunk])]).toEqual([length, "ChunkInvalid"]);
    }
  });

  it("report ChunkTooLarge and ChunkInvalid", () => {
    const [head, body] = [...encodeSnapshotChunks(snapshotOf([bytesFrom(1), bytesFrom(1)]))] as [
      Uint8Array,
      Uint8Array,
    ];
    expect(codeOf([new Uint8Array(MAX_SNAPSHOT_CHUNK_BYTES + 1)])).toBe("ChunkTooLarge");
    expect(codeOf([head.slice(0, -1)])).toBe("ChunkInvalid");
    expect(codeOf([head, body.slice(0, -1)])).toBe("ChunkInvalid");
    const other = head.slice();
    other[0] = 2;
    expect(codeOf([other, body])).toBe("ChunkInvalid");
    other.set([1], 0);
    other.fill(0xff, 33);
    expect(codeOf([other])).toBe("ChunkInvalid");
  });
});
