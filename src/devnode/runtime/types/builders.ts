/**
 * Builders of runtime types.
 *
 * @module
 */
import * as scale from "../../../codec/codec.ts";
import {
  type FieldInfo,
  fieldInfos,
  type FieldTypes,
  type PrimitiveName,
  type RuntimeType,
  splitPath,
  type TypeBody,
  type TypeParameter,
  type VariantInfo,
} from "./runtime_type.ts";

/** Longest sequence that is decoded: a block of an integritee-node holds 5 MiB at most, so no honest list is longer. */
export const MAX_SEQUENCE_LENGTH = 5 * 1024 * 1024;

function builtIn<T>(key: string, codec: scale.Codec<T>, body: TypeBody): RuntimeType<T> {
  return { key, codec, describe: () => ({ path: [], params: [], body }) };
}

function primitive<T>(name: PrimitiveName, codec: scale.Codec<T>): RuntimeType<T> {
  return builtIn(name, codec, { tag: "primitive", name });
}

/** A flag. */
export const bool: RuntimeType<boolean> = primitive("bool", scale.bool);
/** One byte as a number. */
export const u8: RuntimeType<number> = primitive("u8", scale.u8);
/** Two bytes as a number. */
export const u16: RuntimeType<number> = primitive("u16", scale.u16);
/** Four bytes as a number. */
export const u32: RuntimeType<number> = primitive("u32", scale.u32);
/** Eight bytes as a bigint. */
export const u64: RuntimeType<bigint> = primitive("u64", scale.u64);
/** Sixteen bytes as a bigint. */
export const u128: RuntimeType<bigint> = primitive("u128", scale.u128);
/** UTF-8 text. */
export const text: RuntimeType<string> = primitive("str", scale.str(MAX_SEQUENCE_LENGTH));
/** Nothing: `()`. */
export const unit: RuntimeType<undefined> = builtIn("()", scale.unit, { tag: "tuple", items: [] });

/** Bytes of any length up to `max`: `Vec<u8>`. */
export function byteVec(max: number = MAX_SEQUENCE_LENGTH): RuntimeType<Uint8Array> {
  return builtIn("Vec<u8>", scale.bytes(max), { tag: "sequence", item: u8 });
}

/** Exactly `size` bytes: `[u8; size]`. */
export function byteArray(size: number): RuntimeType<Uint8Array> {
  return builtIn(`[u8; ${size}]`, scale.bytesOf(size), { tag: "array", length: size, item: u8 });
}

/** `Compact<u32>`. */
export const compactU32: RuntimeType<number> = builtIn("Compact<u32>", scale.compactU32, { tag: "compact", item: u32 });
/** `Compact<u64>`. */
export const compactU64: RuntimeType<bigint> = builtIn("Compact<u64>", boundedCompact((1n << 64n) - 1n), {
  tag: "compact",
  item: u64,
});
/** `Compact<u128>`. */
export const compactU128: RuntimeType<bigint> = builtIn("Compact<u128>", scale.compact, { tag: "compact", item: u128 });

function boundedCompact(max: bigint): scale.Codec<bigint> {
  const check = (value: bigint): bigint => {
    if (value > max) throw new RangeError(`Cannot use compact ${value}: at most ${max}`);
    return value;
  };
  return scale.mapped(scale.compact, check, check);
}

/** A list: `Vec<item>`, at most `max` long. */
export function vecOf<T>(item: RuntimeType<T>, max: number = MAX_SEQUENCE_LENGTH): RuntimeType<readonly T[]> {
  return builtIn(`Vec<${item.key}>`, scale.vec(item.codec, max), { tag: "sequence", item });
}

/** Several types in a row. */
export function tupleOf<T extends readonly unknown[]>(
  ...items: { readonly [K in keyof T]: RuntimeType<T[K]> }
): RuntimeType<T> {
  const types = items as readonly RuntimeType<unknown>[];
  const codec = scale.tuple(...types.map((item) => item.codec)) as unknown as scale.Codec<T>;
  return builtIn(`(${types.map((item) => item.key).join(", ")})`, codec, { tag: "tuple", items: types });
}

/** Options of a type with a Rust path. */
export interface PathOptions {
  /** Generic parameters; those of a key are told apart by it, too. */
  readonly params?: readonly TypeParameter[];
}

function pathKey(path: string, params: readonly TypeParameter[]): string {
  const known = params.filter((param) => param.type !== undefined);
  return known.length === 0 ? path : `${path}<${known.map((param) => param.type?.key).join(", ")}>`;
}

function withPath<T>(
  path: string,
  codec: scale.Codec<T>,
  options: PathOptions,
  body: () => TypeBody,
): RuntimeType<T> {
  const params = options.params ?? [];
  return { key: pathKey(path, params), codec, describe: () => ({ path: splitPath(path), params, body: body() }) };
}

/** A struct with named fields. */
export function structOf<T extends object>(
  path: string,
  fields: FieldTypes<T>,
  options: PathOptions = {},
): RuntimeType<T> {
  return withPath(path, structCodec(fields), options, () => ({ tag: "composite", fields: fieldInfos(fields) }));
}

/** The codec of named fields alone. */
export function structCodec<T extends object>(fields: FieldTypes<T>): scale.Codec<T> {
  const codecs: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(fields) as [string, RuntimeType<unknown>][]) codecs[name] = type.codec;
  return scale.struct<T>(codecs as { readonly [K in keyof T]-?: scale.Codec<T[K]> });
}

/** A struct with one unnamed field, which has the same value. */
export function newtypeOf<T>(path: string, inner: RuntimeType<T>, options: PathOptions = {}): RuntimeType<T> {
  return withPath(path, inner.codec, options, () => ({
    tag: "composite",
    fields: [{ name: undefined, type: inner }],
  }));
}

/** A struct without fields. */
export function emptyStruct(path: string): RuntimeType<undefined> {
  return withPath(path, scale.unit, {}, () => ({ tag: "composite", fields: [] }));
}

/** `BoundedVec<item, max>`, which looks like a struct around a list in the metadata. */
export function boundedVecOf<T>(item: RuntimeType<T>, max: number): RuntimeType<readonly T[]> {
  return newtypeOf("bounded_collections::bounded_vec::BoundedVec", vecOf(item, max), {
    params: [{ name: "T", type: item }, { name: "S", type: undefined }],
  });
}

/** `BoundedVec<u8, max>`. */
export function boundedBytes(max: number): RuntimeType<Uint8Array> {
  return newtypeOf("bounded_collections::bounded_vec::BoundedVec", byteVec(max), {
    params: [{ name: "T", type: u8 }, { name: "S", type: undefined }],
  });
}

/** One variant of an enum: index, fields and the codec of its content. */
export interface VariantType<T> {
  readonly index: number;
  readonly fields: readonly FieldInfo[];
  readonly codec: scale.Codec<T>;
}

/** A variant without content. */
export function plainVariant(index: number): VariantType<undefined> {
  return { index, fields: [], codec: scale.unit };
}

/** A variant with one unnamed field. */
export function tupleVariant<T>(index: number, type: RuntimeType<T>): VariantType<T> {
  return { index, fields: [{ name: undefined, type }], codec: type.codec };
}

/** A variant with named fields. */
export function structVariant<T extends object>(index: number, fields: FieldTypes<T>): VariantType<T> {
  return { index, fields: fieldInfos(fields), codec: structCodec(fields) };
}

/** An enum. */
export function enumOf<T extends Record<string, unknown>>(
  path: string,
  variants: { readonly [K in keyof T]: VariantType<T[K]> },
  options: PathOptions = {},
): RuntimeType<scale.Variant<T>> {
  const entries = Object.entries(variants) as [string, VariantType<unknown>][];
  const codecs: Record<string, readonly [number, scale.Codec<unknown>]> = {};
  for (const [name, { index, codec }] of entries) codecs[name] = [index, codec];
  const codec = scale.variant(codecs) as unknown as scale.Codec<scale.Variant<T>>;
  return withPath(path, codec, options, () => ({ tag: "variant", variants: variantInfos(entries) }));
}

function variantInfos(entries: readonly (readonly [string, VariantType<unknown>])[]): readonly VariantInfo[] {
  return entries.map(([name, { index, fields }]) => ({ name, index, fields }));
}

/** An enum of names only; its values are the names, its indexes count from 0. */
export function namesOf<const N extends string>(path: string, names: readonly N[]): RuntimeType<N> {
  const codec = scale.mapped(scale.u8, (index) => {
    const name = names[index];
    if (name === undefined) {
      throw new RangeError(`Cannot use index ${index}: the last of "${path}" is ${names.length - 1}`);
    }
    return name;
  }, (name) => names.indexOf(name));
  return withPath(path, codec, {}, () => ({
    tag: "variant",
    variants: names.map((name, index) => ({ name, index, fields: [] })),
  }));
}

/** `Option<some>`, with `undefined` for None. */
export function optionOf<T>(some: RuntimeType<T>): RuntimeType<T | undefined> {
  const none: VariantInfo = { name: "None", index: 0, fields: [] };
  const variants = [none, { name: "Some", index: 1, fields: [{ name: undefined, type: some }] }];
  return withPath("Option", scale.option(some.codec), { params: [{ name: "T", type: some }] }, () => ({
    tag: "variant",
    variants,
  }));
}

/** `Result<good, bad>`. */
export function resultOf<T, E>(
  good: RuntimeType<T>,
  bad: RuntimeType<E>,
): RuntimeType<scale.Variant<{ Ok: T; Err: E }>> {
  return enumOf("Result", { Ok: tupleVariant(0, good), Err: tupleVariant(1, bad) }, {
    params: [{ name: "T", type: good }, { name: "E", type: bad }],
  });
}

/** A type with a description of its own and a codec of its own, where Rust's `TypeInfo` is hand-written, too. */
export function customType<T>(path: string, codec: scale.Codec<T>, body: () => TypeBody): RuntimeType<T> {
  return withPath(path, codec, {}, body);
}

/** A type that is known later, for types that contain themselves. */
export function lazyType<T>(key: string, type: () => RuntimeType<T>): RuntimeType<T> {
  return { key, codec: scale.lazy(() => type().codec), describe: () => type().describe() };
}
