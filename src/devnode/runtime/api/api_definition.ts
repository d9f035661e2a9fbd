/**
 * Runtime API functions: declared once, they answer calls and describe themselves for the metadata.
 *
 * @module
 */
import type { Trie } from "../../../trie/trie.ts";
import type { RuntimeModel } from "../model.ts";
import { structCodec } from "../types/builders.ts";
import { type FieldInfo, fieldInfos, type FieldTypes, type RuntimeType, type TypeInfo } from "../types/runtime_type.ts";
import type { CodecShape } from "../types/runtime_type.ts";

/** What a function may look at. */
export interface ApiContext {
  readonly model: RuntimeModel;
  readonly state: Trie;
  /** Hash of the block with this state. */
  readonly blockHash: Uint8Array;
  /** Metadata by version. */
  readonly metadata: ReadonlyMap<number, Uint8Array>;
}

/** One function. */
export interface RuntimeApiMethod {
  readonly name: string;
  readonly inputs: readonly { readonly name: string; readonly type: TypeInfo }[];
  readonly output: TypeInfo & { readonly codec: CodecShape };
  readonly argsCodec: CodecShape;
  readonly run: (ctx: ApiContext, args: never) => unknown;
}

/** Functions with a common prefix. */
export interface RuntimeApi {
  readonly name: string;
  readonly methods: readonly RuntimeApiMethod[];
}

/** Declares a function; its value is encoded as `output`. */
export function defineMethod<A extends object, T>(
  name: string,
  inputs: FieldTypes<A>,
  output: RuntimeType<T>,
  run: (ctx: ApiContext, args: A) => T,
): RuntimeApiMethod {
  return { name, inputs: namedInputs(fieldInfos(inputs)), output, argsCodec: structCodec(inputs), run };
}

function namedInputs(fields: readonly FieldInfo[]): RuntimeApiMethod["inputs"] {
  return fields.map(({ name, type }) => ({ name: name ?? "", type }));
}
