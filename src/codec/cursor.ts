/**
 * The reading position in SCALE bytes. It is scale-ts's own byte array with its two extra fields, so that scale-ts's
 * decoders and ours can take turns on one input.
 *
 * @module
 */
import { createDecoder } from "scale-ts";
import { CodecError } from "./error.ts";

/** Bytes with a position `i` and a view `v`, as scale-ts's decoders advance them. */
export interface Cursor extends Uint8Array {
  /** Position of the next byte. */
  i: number;
  /** View of the whole input. */
  readonly v: DataView;
}

const open = createDecoder((bytes) => bytes as unknown as Cursor);

/** Opens a copy of the input for reading from its first byte. */
export function openCursor(bytes: Uint8Array): Cursor {
  return open(bytes.slice().buffer) as Cursor;
}

/** Checks that `count` more bytes are there, before anything is allocated for them. @throws {CodecError} */
export function need(cursor: Cursor, count: number): void {
  const left = cursor.length - cursor.i;
  if (count > left) throw new CodecError("Truncated", `want ${count} more bytes, got ${left}`);
}

/** Takes the next `count` bytes as a copy. @throws {CodecError} */
export function take(cursor: Cursor, count: number): Uint8Array {
  need(cursor, count);
  const bytes = new Uint8Array(cursor.buffer.slice(cursor.i, cursor.i + count) as ArrayBuffer);
  cursor.i += count;
  return bytes;
}
