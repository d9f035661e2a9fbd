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

/** Up to here bytes are copied one by one, which is faster than a call. */
const SHORT_BYTES = 64;

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
  const start = cursor.i;
  cursor.i = start + count;
  if (count > SHORT_BYTES) return new Uint8Array(cursor.buffer.slice(start, start + count) as ArrayBuffer);
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = cursor[start + i] as number;
  return bytes;
}
