/**
 * Types of the runtime: each joins its SCALE codec with its description for the metadata, so that what the metadata
 * promises and what the bytes hold cannot drift apart.
 *
 * @module
 */
import type { Codec } from "../../../codec/codec.ts";
import type { Cursor } from "../../../codec/cursor.ts";

/** Id of a type in one metadata's type table. */
export type TypeId = number;

/** A generic parameter of a described type; `undefined` where Rust's `skip_type_params` leaves it out. */
export interface TypeParameter {
  readonly name: string;
  readonly type: TypeInfo | undefined;
}

/** A field of a struct or variant; tuple fields have no name. */
export interface FieldInfo {
  readonly name: string | undefined;
  readonly type: TypeInfo;
}

/** A variant of an enum. */
export interface VariantInfo {
  readonly name: string;
  readonly index: number;
  readonly fields: readonly FieldInfo[];
}

/** Names of the primitive types that the runtime uses. */
export type PrimitiveName = "bool" | "str" | "u8" | "u16" | "u32" | "u64" | "u128";

/** The body of a type as the metadata knows it. */
export type TypeBody =
  | { readonly tag: "composite"; readonly fields: readonly FieldInfo[] }
  | { readonly tag: "variant"; readonly variants: readonly VariantInfo[] }
  | { readonly tag: "sequence"; readonly item: TypeInfo }
  | { readonly tag: "array"; readonly length: number; readonly item: TypeInfo }
  | { readonly tag: "tuple"; readonly items: readonly TypeInfo[] }
  | { readonly tag: "primitive"; readonly name: PrimitiveName }
  | { readonly tag: "compact"; readonly item: TypeInfo };

/** What the metadata tells of a type besides its body. */
export interface TypeDescription {
  /** Rust path, empty for built-in types. */
  readonly path: readonly string[];
  readonly params: readonly TypeParameter[];
  readonly body: TypeBody;
}

/** The describing half of a type. */
export interface TypeInfo {
  /** Identity: types with the same key are one entry of the metadata. */
  readonly key: string;
  /** Describes the type; called once per metadata, after its id is reserved, so that types may contain themselves. */
  readonly describe: () => TypeDescription;
}

/** A type whose values are `T`. */
export interface RuntimeType<T> extends TypeInfo {
  readonly codec: Codec<T>;
}

/** A codec of any type, for lists of mixed ones: takes nothing that is not cast, gives what must be looked at. */
export interface CodecShape {
  readonly encode: (value: never) => Uint8Array;
  readonly read: (cursor: Cursor) => unknown;
}

/** A type whose values are not known here. */
export interface AnyType extends TypeInfo {
  readonly codec: CodecShape;
}

/** Named types in wire order. */
export type FieldTypes<T extends object> = { readonly [K in keyof T]-?: RuntimeType<T[K]> };

/** The field list of named types. */
export function fieldInfos<T extends object>(fields: FieldTypes<T>): readonly FieldInfo[] {
  return (Object.entries(fields) as [string, TypeInfo][]).map(([name, type]) => ({ name, type }));
}

/** Splits a Rust path like `sp_core::crypto::AccountId32`. */
export function splitPath(path: string): readonly string[] {
  return path === "" ? [] : path.split("::");
}
