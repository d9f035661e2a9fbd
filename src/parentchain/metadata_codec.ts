/**
 * Codecs of the types that metadata describe, built on our strict and bounded SCALE: a wrong or hostile description cannot
 * make a decoder read past its input or allocate more than the input holds.
 *
 * Shapes: integers up to 32 bits are `number`, wider ones `bigint`; byte arrays, byte vectors and account ids are
 * `Uint8Array`; structs are objects with the metadata's field names, tuples and vectors are arrays; enums and results are
 * `{ type, value }`; an option is the value or `undefined`. Types of no bytes are `undefined` and left out of structs.
 *
 * @module
 */
import type { LookupEntry, StringRecord, Var } from "./metadata_lookup.ts";
import * as scale from "scale-ts";
import {
  array,
  bool,
  bytes,
  bytesOf,
  type Codec,
  compact,
  compactU32,
  makeCodec,
  option,
  str,
  tuple,
  u128,
  u16,
  u32,
  u64,
  u8,
  unit,
  vec,
} from "../codec/codec.ts";
import { type Cursor, need, take } from "../codec/cursor.ts";
import { CodecError, within } from "../codec/error.ts";
import { concatBytes } from "../primitives/bytes.ts";

/** Longest byte vector or string in a described value: the largest block body. */
export const MAX_DESCRIBED_BYTES: number = 5 * 1024 * 1024;
/** Most items of a vector in a described value; items of no bytes count too, so it is bounded apart from the input. */
export const MAX_DESCRIBED_ITEMS = 1_048_576;
/** Deepest nesting of described values: calls in calls; the runtime itself stops at 256. */
export const MAX_DESCRIBED_DEPTH = 256;

/** A codec whose value's shape only the metadata know. */
export type DescribedCodec = Codec<unknown>;

/** Builds codecs by type id, each once. */
export function createDescribedCodecs(lookup: (id: number) => LookupEntry): (id: number) => DescribedCodec {
  const byId = new Map<number, DescribedCodec>();
  let depth = 0;
  /** Refers to a type by its id, so that types may contain themselves; counts how deep the value nests. */
  const refer = (entry: LookupEntry): DescribedCodec => {
    let codec: DescribedCodec | undefined;
    const found = () => codec ??= build(entry);
    const nested = <T>(run: () => T): T => {
      if (depth >= MAX_DESCRIBED_DEPTH) throw new CodecError("TooLarge", `nested deeper than ${MAX_DESCRIBED_DEPTH}`);
      depth++;
      try {
        return run();
      } finally {
        depth--;
      }
    };
    return makeCodec(
      (value) => nested(() => found().encode(value)),
      (cursor) => nested(() => found().read(cursor)),
    );
  };
  const build = (entry: LookupEntry): DescribedCodec => {
    const known = byId.get(entry.id);
    if (known !== undefined) return known;
    const codec = buildCodec(entry, refer);
    byId.set(entry.id, codec);
    return codec;
  };
  return (id) => build(lookup(id));
}

type Refer = (entry: LookupEntry) => DescribedCodec;

/** Content of an enum's variant: like any type, but without an id of its own, or a reference. */
type VariantContent = Var | { readonly type: "lookupEntry"; readonly value: LookupEntry };

function buildCodec(entry: VariantContent, refer: Refer): DescribedCodec {
  switch (entry.type) {
    case "primitive":
      return PRIMITIVES[entry.value] as DescribedCodec;
    case "void":
      return unit as DescribedCodec;
    case "compact":
      return (entry.isBig ? compact : compactU32) as DescribedCodec;
    case "AccountId32":
      return bytesOf(32) as DescribedCodec;
    case "AccountId20":
      return bytesOf(20) as DescribedCodec;
    case "bitSequence":
      return bitSequence as DescribedCodec;
    case "lookupEntry":
      return refer(entry.value);
    case "array":
      return (isU8(entry.value) ? bytesOf(entry.len) : array(refer(entry.value), entry.len)) as DescribedCodec;
    case "sequence":
      return (isU8(entry.value)
        ? bytes(MAX_DESCRIBED_BYTES)
        : vec(refer(entry.value), MAX_DESCRIBED_ITEMS)) as DescribedCodec;
    case "option":
      return option(refer(entry.value)) as DescribedCodec;
    case "tuple":
      return tuple(...entry.value.map(refer)) as DescribedCodec;
    case "struct":
      return describedStruct(entry.value, refer);
    case "result":
      return describedEnum(
        new Map([["Ok", { index: 0, codec: refer(entry.value.ok) }], ["Err", {
          index: 1,
          codec: refer(entry.value.ko),
        }]]),
      );
    case "enum": {
      const variants = new Map(
        Object.entries(entry.value).map(([name, v]) => [name, { index: v.idx, codec: buildCodec(v, refer) }]),
      );
      const codec = describedEnum(variants);
      return entry.byteLength === undefined ? codec : padded(codec, entry.byteLength);
    }
  }
}

function isU8(entry: LookupEntry): boolean {
  return entry.type === "primitive" && entry.value === "u8";
}

function describedStruct(fields: StringRecord<LookupEntry>, refer: Refer): DescribedCodec {
  const entries = Object.entries(fields).map(([name, entry]) => [name, refer(entry)] as const);
  return makeCodec<unknown>(
    (value) => {
      const record = asRecord(value);
      return concatBytes(...entries.map(([name, codec]) => codec.encode(record[name])));
    },
    (cursor) => {
      const record: Record<string, unknown> = {};
      for (const [name, codec] of entries) record[name] = within(name, () => codec.read(cursor));
      return record;
    },
  );
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new TypeError("Cannot encode struct: the value is no object");
  return value as Record<string, unknown>;
}

interface DescribedVariant {
  readonly index: number;
  readonly codec: DescribedCodec;
}

function describedEnum(variants: ReadonlyMap<string, DescribedVariant>): DescribedCodec {
  const byIndex = new Map([...variants].map(([type, { index, codec }]) => [index, { type, codec }]));
  return makeCodec<unknown>(
    (value) => {
      const { type, value: content } = asRecord(value);
      const found = variants.get(String(type));
      if (found === undefined) throw new TypeError(`Cannot encode enum: no variant "${String(type)}"`);
      return concatBytes(new Uint8Array([found.index]), found.codec.encode(content));
    },
    (cursor) => {
      const index = u8.read(cursor);
      const found = byIndex.get(index);
      if (found === undefined) throw new CodecError("UnknownVariant", `no variant has index ${index}`);
      return { type: found.type, value: within(found.type, () => found.codec.read(cursor)) };
    },
  );
}

/** An enum in a fixed number of bytes, as a module's error is; bytes after the variant must be zero. */
function padded(codec: DescribedCodec, length: number): DescribedCodec {
  return makeCodec<unknown>(
    (value) => {
      const encoded = codec.encode(value);
      if (encoded.length > length) throw new RangeError(`Cannot encode ${encoded.length} bytes in ${length}`);
      return concatBytes(encoded, new Uint8Array(length - encoded.length));
    },
    (cursor) => {
      // A runtime may name an error that its metadata do not; that must not hide the event it stands in.
      const content = take(cursor, length);
      try {
        return codec.decodePrefix(content).value;
      } catch (error) {
        if (error instanceof CodecError) return { type: "Unknown", value: content };
        throw error;
      }
    },
  );
}

const bitSequence: Codec<{ readonly bitsLen: number; readonly bytes: Uint8Array }> = makeCodec(
  ({ bitsLen, bytes }) => concatBytes(compactU32.encode(bitsLen), bytes),
  (cursor: Cursor) => {
    const bitsLen = compactU32.read(cursor);
    return { bitsLen, bytes: take(cursor, Math.ceil(bitsLen / 8)) };
  },
);

function signed<T extends number | bigint>(codec: scale.Codec<T>, size: number): Codec<T> {
  return makeCodec<T>(codec.enc, (cursor) => {
    need(cursor, size);
    return codec.dec(cursor);
  });
}

const PRIMITIVES: Readonly<Record<string, unknown>> = {
  bool,
  char: u32,
  str: str(MAX_DESCRIBED_BYTES),
  u8,
  u16,
  u32,
  u64,
  u128,
  u256: bytesOf(32),
  i8: signed(scale.i8, 1),
  i16: signed(scale.i16, 2),
  i32: signed(scale.i32, 4),
  i64: signed(scale.i64, 8),
  i128: signed(scale.i128, 16),
  i256: bytesOf(32),
};
