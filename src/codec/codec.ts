/**
 * SCALE, strict and bounded: one wrapper around scale-ts. Every decoder refuses trailing bytes, non-canonical compact
 * integers, flags other than 0 and 1, and lengths above a named maximum before it allocates.
 *
 * @module
 */
import * as scale from "scale-ts";
import { concatBytes, joinBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { type Cursor, need, openCursor, take } from "./cursor.ts";
import { CodecError, within } from "./error.ts";

/** Encoder and strict decoder of one type. */
export interface Codec<T> {
  /** The SCALE bytes of a value. @throws {RangeError} If a length or number is out of bounds. */
  readonly encode: (value: T) => Uint8Array;
  /** The value of exactly these bytes. @throws {CodecError} If they are not its encoding. */
  readonly decode: (bytes: Uint8Array) => T;
  /** The value at the start of `bytes`, and how many bytes it took. @throws {CodecError} */
  readonly decodePrefix: (bytes: Uint8Array) => { readonly value: T; readonly length: number };
  /** Reads the value at a cursor; for codecs made of codecs. @throws {CodecError} */
  readonly read: (cursor: Cursor) => T;
}

/** Makes a codec of an encoder and a cursor reader. */
export function makeCodec<T>(encode: (value: T) => Uint8Array, read: (cursor: Cursor) => T): Codec<T> {
  return {
    encode,
    read,
    decode: (bytes) => {
      const cursor = openCursor(bytes);
      const value = read(cursor);
      const left = cursor.length - cursor.i;
      if (left > 0) throw new CodecError("TrailingBytes", `${left} bytes left after the value`);
      return value;
    },
    decodePrefix: (bytes) => {
      const cursor = openCursor(bytes);
      return { value: read(cursor), length: cursor.i };
    },
  };
}

/** Decodes with the error as a value. */
export function tryDecode<T>(codec: Codec<T>, bytes: Uint8Array): Result<T, CodecError> {
  try {
    return ok(codec.decode(bytes));
  } catch (error) {
    if (error instanceof CodecError) return err(error);
    throw error;
  }
}

function fixedInteger<T extends number | bigint>(codec: scale.Codec<T>, size: number, max: bigint): Codec<T> {
  const isWhole = (value: T) => typeof value === "bigint" || Number.isInteger(value);
  return makeCodec<T>(
    (value) => {
      if (!isWhole(value) || value < 0 || value > max) {
        throw new RangeError(`Cannot encode integer ${value}: want 0 to ${max}`);
      }
      return codec.enc(value);
    },
    (cursor) => {
      need(cursor, size);
      return codec.dec(cursor);
    },
  );
}

/** One byte as a number. */
export const u8: Codec<number> = fixedInteger(scale.u8, 1, 0xffn);
/** Two bytes, little endian, as a number. */
export const u16: Codec<number> = fixedInteger(scale.u16, 2, 0xffffn);
/** Four bytes, little endian, as a number. */
export const u32: Codec<number> = fixedInteger(scale.u32, 4, 0xffff_ffffn);
/** Eight bytes, little endian. */
export const u64: Codec<bigint> = fixedInteger(scale.u64, 8, (1n << 64n) - 1n);
/** Sixteen bytes, little endian. */
export const u128: Codec<bigint> = fixedInteger(scale.u128, 16, (1n << 128n) - 1n);

/** One byte, 0 or 1. */
export const bool: Codec<boolean> = makeCodec(scale.bool.enc, readFlag);

function readFlag(cursor: Cursor): boolean {
  const flag = u8.read(cursor);
  if (flag > 1) throw new CodecError("InvalidFlag", `want 0 or 1, got ${flag}`);
  return flag === 1;
}

/** Largest compact integer: 2^536 − 1 by the format; u128 is the largest that the wire types use. */
const MAX_COMPACT = (1n << 128n) - 1n;

/** A compact integer up to u128, in its shortest form only. */
export const compact: Codec<bigint> = makeCodec<bigint>(
  (value) => {
    if (value < 0n || value > MAX_COMPACT) throw new RangeError(`Cannot encode compact ${value}: want 0 to u128`);
    return scale.compact.enc(value);
  },
  (cursor) => {
    need(cursor, 1);
    const first = cursor[cursor.i] as number;
    if ((first & 3) !== 3) return BigInt(readShortCompact(cursor, first));
    const size = (first >>> 2) + 5;
    if (size > 17) throw new CodecError("TooLarge", `compact integer of ${size - 1} bytes, at most 16`);
    need(cursor, size);
    const value = BigInt(scale.compact.dec(cursor));
    if (scale.compact.enc(value).length !== size) throw notShortest(value);
    return value;
  },
);

/** A compact integer of one, two or four bytes, which is below 2^30: nearly all are, so they are read without bigints. */
function readShortCompact(cursor: Cursor, first: number): number {
  const mode = first & 3;
  const size = 1 << mode;
  need(cursor, size);
  const at = cursor.i;
  const bits = mode === 0 ? first : mode === 1 ? cursor.v.getUint16(at, true) : cursor.v.getUint32(at, true);
  cursor.i = at + size;
  const value = bits >>> 2;
  if (mode > 0 && value < 1 << (mode === 1 ? 6 : 14)) throw notShortest(value);
  return value;
}

function notShortest(value: number | bigint): CodecError {
  return new CodecError("NonCanonicalCompact", `${value} is not in its shortest form`);
}

/** A compact integer up to 2^32 − 1 as a number. */
export const compactU32: Codec<number> = makeCodec<number>(
  (value) => {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new RangeError(`Cannot encode compact ${value}: want 0 to 2^32 - 1`);
    }
    if (value < 64) return Uint8Array.of(value << 2);
    return value < 1 << 14 ? Uint8Array.of((value << 2) | 1, value >> 6) : scale.compact.enc(value);
  },
  (cursor) => {
    need(cursor, 1);
    const first = cursor[cursor.i] as number;
    if ((first & 3) !== 3) return readShortCompact(cursor, first);
    const value = compact.read(cursor);
    if (value > 0xffff_ffffn) throw new CodecError("TooLarge", `${value} is above 2^32 - 1`);
    return Number(value);
  },
);

function readLength(cursor: Cursor, max: number): number {
  const length = compactU32.read(cursor);
  if (length > max) throw new CodecError("TooLarge", `length ${length}, at most ${max}`);
  return length;
}

function writeLength(length: number, max: number): Uint8Array {
  if (length > max) throw new RangeError(`Cannot encode length ${length}: at most ${max}`);
  return compactU32.encode(length);
}

/** Exactly `size` bytes. */
export function bytesOf(size: number): Codec<Uint8Array> {
  return makeCodec<Uint8Array>((value) => {
    if (value.length !== size) throw new RangeError(`Cannot encode bytes: want ${size}, got ${value.length}`);
    return value;
  }, (cursor) => take(cursor, size));
}

/** A compact length and that many bytes, at most `max`. */
export function bytes(max: number): Codec<Uint8Array> {
  return makeCodec<Uint8Array>(
    (value) => concatBytes(writeLength(value.length, max), value),
    (cursor) => take(cursor, readLength(cursor, max)),
  );
}

/** All bytes that are left, at most `max`; only at the end of a value. */
export function remaining(max: number): Codec<Uint8Array> {
  return makeCodec<Uint8Array>((value) => {
    if (value.length > max) throw new RangeError(`Cannot encode ${value.length} bytes: at most ${max}`);
    return value;
  }, (cursor) => {
    const left = cursor.length - cursor.i;
    if (left > max) throw new CodecError("TooLarge", `${left} bytes, at most ${max}`);
    return take(cursor, left);
  });
}

/** A string as UTF-8 with a compact length, at most `maxBytes`. */
export function str(maxBytes: number): Codec<string> {
  const inner = bytes(maxBytes);
  return makeCodec<string>((value) => inner.encode(new TextEncoder().encode(value)), (cursor) => {
    const utf8 = inner.read(cursor);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(utf8);
    } catch (cause) {
      throw new CodecError("InvalidUtf8", "the string is not UTF-8", [], cause);
    }
  });
}

/** A compact count and that many items, at most `max`. */
export function vec<T>(item: Codec<T>, max: number): Codec<readonly T[]> {
  return makeCodec<readonly T[]>(
    (values) => joinBytes([writeLength(values.length, max), ...values.map(item.encode)]),
    (cursor) => readItems(item, cursor, readLength(cursor, max)),
  );
}

/** Exactly `count` items. */
export function array<T>(item: Codec<T>, count: number): Codec<readonly T[]> {
  return makeCodec<readonly T[]>((values) => {
    if (values.length !== count) throw new RangeError(`Cannot encode array: want ${count} items, got ${values.length}`);
    return joinBytes(values.map(item.encode));
  }, (cursor) => readItems(item, cursor, count));
}

function readItems<T>(item: Codec<T>, cursor: Cursor, count: number): readonly T[] {
  const values: T[] = [];
  for (let i = 0; i < count; i++) values.push(within(i, () => item.read(cursor)));
  return values;
}

/** A value or `undefined`, as SCALE's Option. */
export function option<T>(some: Codec<T>): Codec<T | undefined> {
  return makeCodec<T | undefined>(
    (value) => value === undefined ? new Uint8Array([0]) : concatBytes(new Uint8Array([1]), some.encode(value)),
    (cursor) => readFlag(cursor) ? some.read(cursor) : undefined,
  );
}

/** Nothing: no bytes. */
export const unit: Codec<undefined> = makeCodec<undefined>(() => new Uint8Array(0), () => undefined);

/** Several values one after another. */
export function tuple<T extends readonly unknown[]>(...items: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T> {
  return makeCodec<T>(
    (values) => concatBytes(...items.map((item, i) => item.encode(values[i]))),
    (cursor) => items.map((item, i) => within(i, () => item.read(cursor))) as unknown as T,
  );
}

/** Named fields in the order they are written here. */
export function struct<T extends object>(fields: { readonly [K in keyof T]-?: Codec<T[K]> }): Codec<T> {
  const entries = Object.entries(fields) as [string & keyof T, Codec<T[keyof T]>][];
  return makeCodec<T>(
    (value) => concatBytes(...entries.map(([name, codec]) => codec.encode(value[name]))),
    (cursor) => {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) value[name] = within(name, () => codec.read(cursor));
      return value as T;
    },
  );
}

/** One of several alternatives, told apart by `type`. */
export type Variant<T extends Record<string, unknown>> = {
  readonly [K in keyof T]: { readonly type: K; readonly value: T[K] };
}[keyof T];

/** An enum: index byte and content. Indexes are always written, and each stands once. @throws {TypeError} */
export function variant<T extends Record<string, unknown>>(
  variants: { readonly [K in keyof T]: readonly [index: number, codec: Codec<T[K]>] },
): Codec<Variant<T>> {
  const byIndex = new Map<number, [name: keyof T & string, codec: Codec<T[keyof T]>]>();
  for (const name of Object.keys(variants) as (keyof T & string)[]) {
    const [index, codec] = variants[name];
    if (byIndex.has(index)) throw new TypeError(`Cannot make variant "${name}": index ${index} is taken`);
    byIndex.set(index, [name, codec as Codec<T[keyof T]>]);
  }
  return makeCodec<Variant<T>>(
    ({ type, value }) => concatBytes(u8.encode(variants[type][0]), variants[type][1].encode(value)),
    (cursor) => {
      const index = u8.read(cursor);
      const found = byIndex.get(index);
      if (found === undefined) throw new CodecError("UnknownVariant", `no variant has index ${index}`);
      const [type, codec] = found;
      return { type, value: within(type, () => codec.read(cursor)) } as Variant<T>;
    },
  );
}

/** Another view of the same bytes; `from` may refuse by throwing a `TypeError` or `RangeError`. */
export function mapped<Inner, Outer>(
  codec: Codec<Inner>,
  from: (inner: Inner) => Outer,
  to: (outer: Outer) => Inner,
): Codec<Outer> {
  return makeCodec<Outer>((value) => codec.encode(to(value)), (cursor) => {
    const inner = codec.read(cursor);
    try {
      return from(inner);
    } catch (cause) {
      if (cause instanceof CodecError) throw cause;
      if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
      throw new CodecError("InvalidValue", cause.message, [], cause);
    }
  });
}

/** A codec that is looked up when it is used, for types that contain themselves. */
export function lazy<T>(codec: () => Codec<T>): Codec<T> {
  return makeCodec<T>((value) => codec().encode(value), (cursor) => codec().read(cursor));
}
