/**
 * A runtime definition made usable: pallets by name and index, and the types of all calls, events and errors.
 *
 * @module
 */
import { type Codec, makeCodec, u8 } from "../../codec/codec.ts";
import type { Cursor } from "../../codec/cursor.ts";
import { CodecError, within } from "../../codec/error.ts";
import { concatBytes } from "../../primitives/bytes.ts";
import type { AnyEvent, RuntimeEvent } from "./dispatch/event.ts";
import type { CallCost, RuntimeCall } from "./dispatch/call.ts";
import type { CallDefinition, PalletDefinition, RuntimeDefinition } from "./definition.ts";
import { lazyType } from "./types/builders.ts";
import type { FieldInfo, RuntimeType, TypeInfo, VariantInfo } from "./types/runtime_type.ts";

/** Deepest nesting of calls in calls that is decoded, as Substrate's `MAX_EXTRINSIC_DEPTH`. */
export const MAX_CALL_DEPTH = 256;

/** Weights saturate at u64, as in the original: callers may claim any weight and put such calls into batches. */
export const MAX_REF_TIME: bigint = (1n << 64n) - 1n;

/** Rust crate of the runtime, for type paths. */
export const RUNTIME_CRATE = "integritee_node_runtime";

/** A pallet with its index. */
export interface IndexedPallet extends PalletDefinition {
  readonly index: number;
}

/** A definition with everything that follows from it. */
export interface RuntimeModel {
  readonly definition: RuntimeDefinition;
  /** In the order of their hooks. */
  readonly pallets: readonly IndexedPallet[];
  readonly callType: RuntimeType<RuntimeCall>;
  readonly eventType: RuntimeType<RuntimeEvent>;
  readonly errorType: TypeInfo;
  /** The index of a pallet. @throws {TypeError} If it is not part of the runtime. */
  readonly palletIndex: (pallet: string) => number;
  /** The call that a value names. @throws {TypeError} If there is none. */
  readonly callDefinition: (call: RuntimeCall) => CallDefinition;
  /** Cost of a call, calls inside it included. */
  readonly costOf: (call: RuntimeCall) => CallCost;
  /** `Pallet.Error` for an encoded module error, for people. */
  readonly errorName: (palletIndex: number, errorIndex: number) => string;
}

/** Builds the model. @throws {TypeError} If two pallets share an index or name. */
export function createModel(definition: RuntimeDefinition): RuntimeModel {
  const callType: RuntimeType<RuntimeCall> = lazyType(`${RUNTIME_CRATE}::RuntimeCall`, () => fullCallType);
  const eventType: RuntimeType<RuntimeEvent> = lazyType(`${RUNTIME_CRATE}::RuntimeEvent`, () => fullEventType);
  const { parameters } = definition;
  const pallets = definition.pallets.map(([index, factory]): IndexedPallet => ({
    index,
    ...factory({ call: callType, event: eventType, parameters }),
  }));
  const byName = new Map(pallets.map((pallet) => [pallet.name, pallet]));
  const byIndex = new Map(pallets.map((pallet) => [pallet.index, pallet]));
  if (byName.size !== pallets.length || byIndex.size !== pallets.length) {
    throw new TypeError("Cannot build runtime: two pallets share an index or a name");
  }
  const find = (name: string): IndexedPallet => {
    const pallet = byName.get(name);
    if (pallet === undefined) throw new TypeError(`Cannot find pallet "${name}" in the runtime`);
    return pallet;
  };
  const callDefinition = (call: RuntimeCall): CallDefinition => {
    const found = find(call.pallet).calls[call.call];
    if (found === undefined) throw new TypeError(`Cannot find call "${call.pallet}.${call.call}" in the runtime`);
    return found;
  };
  const costOf = (call: RuntimeCall): CallCost => {
    const cost = callDefinition(call).cost({ costOf }, call.args);
    return cost.refTime > MAX_REF_TIME ? { ...cost, refTime: MAX_REF_TIME } : cost;
  };
  const fullCallType = outerType("RuntimeCall", pallets, callTypeOf, callCodec(find, callDefinition, byIndex));
  const fullEventType = outerType("RuntimeEvent", pallets, eventTypeOf, eventCodec(find, byIndex));
  return {
    definition,
    pallets,
    callType,
    eventType,
    errorType: outerType("RuntimeError", pallets, errorTypeOf, undefined),
    palletIndex: (name) => find(name).index,
    callDefinition,
    costOf,
    errorName: (palletIndex, errorIndex) => {
      const pallet = byIndex.get(palletIndex);
      const error = Object.values(pallet?.errors ?? {}).find(({ index }) => index === errorIndex);
      return `${pallet?.name ?? palletIndex}.${error?.name ?? errorIndex}`;
    },
  };
}

function callCodec(
  find: (name: string) => IndexedPallet,
  callDefinition: (call: RuntimeCall) => CallDefinition,
  byIndex: ReadonlyMap<number, IndexedPallet>,
): Codec<RuntimeCall> {
  const calls = indexTables(byIndex, (pallet) => Object.entries(pallet.calls));
  let depth = 0;
  const read = (cursor: Cursor): RuntimeCall => {
    const [pallet, [name, definition]] = readIndexes(cursor, byIndex, calls);
    const args = within(`${pallet.name}.${name}`, () => definition.codec.read(cursor));
    return { pallet: pallet.name, call: name, args };
  };
  return makeCodec<RuntimeCall>(
    (call) => {
      const definition = callDefinition(call);
      const prefix = new Uint8Array([find(call.pallet).index, definition.index]);
      return concatBytes(prefix, definition.codec.encode(call.args));
    },
    (cursor) => {
      if (depth >= MAX_CALL_DEPTH) throw new CodecError("TooLarge", `more than ${MAX_CALL_DEPTH} calls in each other`);
      depth++;
      try {
        return read(cursor);
      } finally {
        depth--;
      }
    },
  );
}

function eventCodec(
  find: (name: string) => IndexedPallet,
  byIndex: ReadonlyMap<number, IndexedPallet>,
): Codec<RuntimeEvent> {
  const events = indexTables(byIndex, (pallet) => Object.entries(pallet.events));
  return makeCodec<RuntimeEvent>(({ pallet, name, value }) => {
    const event: AnyEvent | undefined = find(pallet).events[name];
    if (event === undefined) throw new TypeError(`Cannot find event "${pallet}.${name}" in the runtime`);
    return concatBytes(new Uint8Array([find(pallet).index, event.index]), event.codec.encode(value as never));
  }, (cursor) => {
    const [pallet, [name, event]] = readIndexes(cursor, byIndex, events);
    return { pallet: pallet.name, name, value: within(`${pallet.name}.${name}`, () => event.codec.read(cursor)) };
  });
}

type IndexTables<T> = ReadonlyMap<number, ReadonlyMap<number, readonly [string, T]>>;

function indexTables<T extends { readonly index: number }>(
  byIndex: ReadonlyMap<number, IndexedPallet>,
  entriesOf: (pallet: IndexedPallet) => readonly (readonly [string, T])[],
): IndexTables<T> {
  return new Map([...byIndex].map(([index, pallet]) => [
    index,
    new Map(entriesOf(pallet).map((entry) => [entry[1].index, entry])),
  ]));
}

function readIndexes<T>(
  cursor: Cursor,
  byIndex: ReadonlyMap<number, IndexedPallet>,
  tables: IndexTables<T>,
): readonly [IndexedPallet, readonly [string, T]] {
  const palletIndex = u8.read(cursor);
  const pallet = byIndex.get(palletIndex);
  if (pallet === undefined) throw new CodecError("UnknownVariant", `no pallet has index ${palletIndex}`);
  const index = u8.read(cursor);
  const entry = tables.get(palletIndex)?.get(index);
  if (entry === undefined) throw new CodecError("UnknownVariant", `nothing in "${pallet.name}" has index ${index}`);
  return [pallet, entry];
}

function noCodec<T>(name: string): Codec<T> {
  const refuse = () => {
    throw new TypeError(`Cannot encode or decode "${name}": it stands in the metadata only`);
  };
  return makeCodec<T>(refuse, refuse);
}

function outerType<T>(
  name: string,
  pallets: readonly IndexedPallet[],
  innerOf: (pallet: IndexedPallet) => TypeInfo | undefined,
  codec: Codec<T> | undefined,
): RuntimeType<T> {
  return {
    key: `${RUNTIME_CRATE}::${name}`,
    codec: codec ?? noCodec(name),
    describe: () => ({
      path: [RUNTIME_CRATE, name],
      params: [],
      body: {
        tag: "variant",
        variants: pallets.flatMap((pallet): VariantInfo[] => {
          const type = innerOf(pallet);
          return type === undefined ? [] : [{
            name: pallet.name,
            index: pallet.index,
            fields: [{ name: undefined, type }],
          }];
        }),
      },
    }),
  };
}

function palletEnum(
  pallet: PalletDefinition,
  name: string,
  entries: readonly (readonly [string, { readonly index: number; readonly fields?: readonly FieldInfo[] }])[],
): TypeInfo | undefined {
  if (entries.length === 0) return undefined;
  return {
    key: `${pallet.crate}::pallet::${name}`,
    describe: () => ({
      path: [pallet.crate, "pallet", name],
      params: [{ name: "T", type: undefined }],
      body: {
        tag: "variant",
        variants: entries.map(([variant, { index, fields }]) => ({ name: variant, index, fields: fields ?? [] })),
      },
    }),
  };
}

/** The enum of a pallet's calls, if it has any. */
export function callTypeOf(pallet: PalletDefinition): TypeInfo | undefined {
  return palletEnum(pallet, "Call", Object.entries(pallet.calls));
}

/** The enum of a pallet's events, if it has any. */
export function eventTypeOf(pallet: PalletDefinition): TypeInfo | undefined {
  return palletEnum(pallet, "Event", Object.entries(pallet.events));
}

/** The enum of a pallet's errors, if it has any. */
export function errorTypeOf(pallet: PalletDefinition): TypeInfo | undefined {
  return palletEnum(pallet, "Error", Object.entries(pallet.errors));
}
