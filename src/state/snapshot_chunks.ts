/**
 * The plain form of a whole state in chunks of bounded size, for sealing to disk and for provisioning. The first chunk
 * is the header, each further one holds whole entries in ascending order of keys.
 *
 * Differs: the original writes the state as one postcard map.
 *
 * @module
 */
import { bytesOf, type Codec, compactU32, struct, u32, u8 } from "../codec/codec.ts";
import { CodecError } from "../codec/error.ts";
import type { H256 } from "../primitives/branded.ts";
import { equalBytes, joinBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { toByteString, writeByteString } from "../trie/byte_string.ts";
import { treeEntries } from "../trie/radix_tree.ts";
import { MAX_STORAGE_KEY_BYTES, MAX_STORAGE_VALUE_BYTES } from "./kv_store.ts";
import { type PackedEntry, SALT_LENGTH } from "./leaf.ts";
import { type Commitment, commitmentOf, StateSnapshot } from "./snapshot.ts";

/** Most bytes of one chunk: one entry always fits, and sealing one takes a few milliseconds only. */
export const MAX_SNAPSHOT_CHUNK_BYTES = 1024 * 1024;
/** Most entries of a snapshot that is loaded: a hundred times the size the budgets are for. */
export const MAX_SNAPSHOT_ENTRIES = 100_000_000;

const FORMAT = 1;

/** First byte of a length that is none of the two short kinds. */
const LONG = 3;

interface Header {
  readonly format: number;
  readonly root: Uint8Array;
  readonly entries: number;
}

const header: Codec<Header> = struct({ format: u8, root: bytesOf(32), entries: u32 });

/** Why chunks are refused. */
export type SnapshotChunkError =
  /** A chunk is larger than {@linkcode MAX_SNAPSHOT_CHUNK_BYTES}. */
  | { readonly code: "ChunkTooLarge"; readonly length: number }
  /** A chunk is malformed or has an unknown format. */
  | { readonly code: "ChunkInvalid"; readonly detail: string }
  /** Keys are not in strictly ascending order: a chunk is missing, stands twice or is out of place. */
  | { readonly code: "EntriesNotSorted" }
  /** More or fewer entries than the header says. */
  | { readonly code: "EntryCountMismatch"; readonly want: number; readonly got: number }
  /** The entries do not have the root that the header says. */
  | { readonly code: "SnapshotRootMismatch"; readonly want: Uint8Array; readonly got: Uint8Array };

/** An entry is `key Vec<u8> ‖ compact(length of the value) ‖ salt ‖ value`, written by hand, because a state has millions of them. */
function encodeEntry(key: string, packed: PackedEntry): Uint8Array {
  const valueLength = packed.length - SALT_LENGTH;
  const [keyHead, valueHead] = [compactU32.encode(key.length), compactU32.encode(valueLength)];
  const bytes = new Uint8Array(keyHead.length + key.length + valueHead.length + packed.length);
  bytes.set(keyHead);
  let at = keyHead.length;
  writeByteString(key, bytes, at, 0, key.length);
  at += key.length;
  bytes.set(valueHead, at);
  writeByteString(packed, bytes, at + valueHead.length, 0, packed.length);
  return bytes;
}

/** Reads entries out of a chunk as views of it. */
class EntryReader {
  readonly #chunk: Uint8Array;
  #at = 0;

  constructor(chunk: Uint8Array) {
    this.#chunk = chunk;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#chunk.length;
  }

  /** A length and as many bytes, and `more` behind them. @throws {CodecError} */
  readBytes(max: number, more = 0): Uint8Array {
    const { value: length, length: headLength } = this.#readLength();
    const start = this.#at + headLength;
    const end = start + length + more;
    if (length > max) throw new CodecError("TooLarge", `length ${length}, at most ${max}`);
    if (end > this.#chunk.length) throw new CodecError("Truncated", "the chunk ends inside an entry");
    this.#at = end;
    return this.#chunk.subarray(start, end);
  }

  /** A salt and a value. @throws {CodecError} */
  readPacked(): Uint8Array {
    return this.readBytes(MAX_STORAGE_VALUE_BYTES, SALT_LENGTH);
  }

  #readLength(): { readonly value: number; readonly length: number } {
    const [first, second] = [this.#chunk[this.#at] ?? LONG, this.#chunk[this.#at + 1] ?? 0];
    if ((first & 3) === 0) return { value: first >> 2, length: 1 };
    // Nearly all are this short. What is left over here is long, or refused there.
    if ((first & 3) === 1 && second > 0) return { value: (second << 6) | (first >> 2), length: 2 };
    return compactU32.decodePrefix(this.#chunk.subarray(this.#at, this.#at + 5));
  }
}

/** Yields the chunks of a snapshot one by one, so that the caller can do other work between them. */
export function* encodeSnapshotChunks(snapshot: StateSnapshot): Generator<Uint8Array, void, undefined> {
  yield header.encode({ format: FORMAT, root: snapshot.root, entries: snapshot.size });
  let parts: Uint8Array[] = [];
  let length = 0;
  for (const [key, packed] of treeEntries(snapshot.entries)) {
    const part = encodeEntry(key, packed);
    if (length + part.length > MAX_SNAPSHOT_CHUNK_BYTES) {
      yield joinBytes(parts);
      parts = [];
      length = 0;
    }
    parts.push(part);
    length += part.length;
  }
  if (length > 0) yield joinBytes(parts);
}

/** Takes chunks in order and gives the snapshot at the end, its root checked. */
export class SnapshotDecoder {
  readonly #pathKey: Uint8Array;
  #header: Header | undefined;
  #entries: (readonly [key: string, entry: PackedEntry])[] = [];
  #commitments: Commitment[] = [];

  /** @param pathKey The shard's path key, without which the root cannot be computed. */
  constructor(pathKey: Uint8Array) {
    this.#pathKey = pathKey;
  }

  /** The root that the header promises, once it is there. */
  get promisedRoot(): Uint8Array | undefined {
    return this.#header?.root;
  }

  /** Takes the next chunk. After a failure the decoder is of no more use. */
  push(chunk: Uint8Array): Result<undefined, SnapshotChunkError> {
    if (chunk.length > MAX_SNAPSHOT_CHUNK_BYTES) return err({ code: "ChunkTooLarge", length: chunk.length });
    try {
      return this.#header === undefined ? this.#takeHeader(chunk) : this.#takeEntries(chunk, this.#header.entries);
    } catch (error) {
      if (error instanceof CodecError) return err({ code: "ChunkInvalid", detail: error.detail });
      throw error;
    }
  }

  /** The snapshot of all chunks. */
  finish(): Result<StateSnapshot, SnapshotChunkError> {
    if (this.#header === undefined) return err({ code: "ChunkInvalid", detail: "no header" });
    const { entries: want, root } = this.#header;
    const got = this.#entries.length;
    if (got !== want) return err({ code: "EntryCountMismatch", want, got });
    const snapshot = StateSnapshot.fromEntries(this.#entries, this.#commitments);
    this.#entries = [];
    this.#commitments = [];
    const computed: H256 = snapshot.root;
    return equalBytes(computed, root) ? ok(snapshot) : err({ code: "SnapshotRootMismatch", want: root, got: computed });
  }

  #takeHeader(chunk: Uint8Array): Result<undefined, SnapshotChunkError> {
    const decoded = header.decode(chunk);
    if (decoded.format !== FORMAT) return err({ code: "ChunkInvalid", detail: `unknown format ${decoded.format}` });
    if (decoded.entries > MAX_SNAPSHOT_ENTRIES) return err({ code: "ChunkInvalid", detail: "too many entries" });
    this.#header = decoded;
    return ok(undefined);
  }

  #takeEntries(chunk: Uint8Array, want: number): Result<undefined, SnapshotChunkError> {
    const reader = new EntryReader(chunk);
    let previous = this.#entries[this.#entries.length - 1]?.[0];
    while (!reader.isAtEnd) {
      const keyBytes = reader.readBytes(MAX_STORAGE_KEY_BYTES);
      const packed = reader.readPacked();
      const key = toByteString(keyBytes);
      if (previous !== undefined && previous >= key) return err({ code: "EntriesNotSorted" });
      this.#entries.push([key, toByteString(packed)]);
      const [salt, value] = [packed.subarray(0, SALT_LENGTH), packed.subarray(SALT_LENGTH)];
      this.#commitments.push(commitmentOf(this.#pathKey, keyBytes, salt, value));
      if (this.#entries.length > want) return err({ code: "EntryCountMismatch", want, got: this.#entries.length });
      previous = key;
    }
    return ok(undefined);
  }
}
