/**
 * How pallets, extensions and whole runtimes are declared. Metadata, codecs and dispatch all follow from these values;
 * there is no second list.
 *
 * @module
 */
import type { Codec } from "../../codec/codec.ts";
import { type CallCost, type CallCosts, type DispatchResult, normalCost, type RuntimeCall } from "./dispatch/call.ts";
import type { ExecutionContext } from "./dispatch/context.ts";
import type { AnyEvent, ErrorDefinition, RuntimeEvent } from "./dispatch/event.ts";
import type { Origin } from "./dispatch/origin.ts";
import type { StorageItemInfo } from "./storage/storage_item.ts";
import { structCodec } from "./types/builders.ts";
import { type FieldInfo, fieldInfos, type FieldTypes, type RuntimeType, type TypeInfo } from "./types/runtime_type.ts";
import type { RuntimeParameters } from "./parameters.ts";
import type { TransactionExtension } from "./extensions/extension.ts";

/** A call as the runtime uses it, without its argument types. */
export interface CallDefinition {
  readonly index: number;
  readonly fields: readonly FieldInfo[];
  readonly codec: Codec<Readonly<Record<string, unknown>>>;
  readonly cost: (ctx: CallCosts, args: Readonly<Record<string, unknown>>) => CallCost;
  readonly dispatch: (
    ctx: ExecutionContext,
    origin: Origin,
    args: Readonly<Record<string, unknown>>,
  ) => DispatchResult;
}

/** Declares a call; `args` in wire order. */
export function defineCall<A extends object>(
  index: number,
  args: FieldTypes<A>,
  cost: bigint | ((ctx: CallCosts, args: A) => CallCost),
  dispatch: (ctx: ExecutionContext, origin: Origin, args: A) => DispatchResult,
): CallDefinition {
  return {
    index,
    fields: fieldInfos(args),
    codec: structCodec(args) as unknown as CallDefinition["codec"],
    cost: typeof cost === "bigint" ? () => normalCost(cost) : cost as CallDefinition["cost"],
    dispatch: dispatch as CallDefinition["dispatch"],
  };
}

/** A constant of a pallet. */
export interface ConstantDefinition {
  readonly type: TypeInfo;
  readonly encoded: Uint8Array;
}

/** Declares a constant. */
export function defineConstant<T>(type: RuntimeType<T>, value: T): ConstantDefinition {
  return { type, encoded: type.codec.encode(value) };
}

/** What genesis is made of, apart from the pallets' own defaults. */
export interface GenesisConfig {
  readonly balances: readonly (readonly [account: Uint8Array, amount: bigint])[];
  readonly sudo: Uint8Array;
  readonly auraAuthorities: readonly Uint8Array[];
  readonly grandpaAuthorities: readonly Uint8Array[];
  readonly allowSkippingAttestation: boolean;
  readonly sgxAllowDebugMode: boolean;
}

/** What pallets do of themselves. */
export interface PalletHooks {
  readonly onInitialize?: (ctx: ExecutionContext, blockNumber: number) => void;
  readonly onFinalize?: (ctx: ExecutionContext, blockNumber: number) => void;
  readonly buildGenesis?: (ctx: ExecutionContext, config: GenesisConfig) => void;
}

/** One pallet. */
export interface PalletDefinition {
  /** Name in the runtime, which its storage keys are made of. */
  readonly name: string;
  /** Name of its Rust crate, for type paths. */
  readonly crate: string;
  /** Version of its storage layout, kept in the state. */
  readonly storageVersion: number;
  readonly storage: readonly StorageItemInfo[];
  readonly calls: Readonly<Record<string, CallDefinition>>;
  readonly events: Readonly<Record<string, AnyEvent>>;
  readonly errors: Readonly<Record<string, ErrorDefinition>>;
  readonly constants: Readonly<Record<string, ConstantDefinition>>;
  readonly hooks: PalletHooks;
}

/** A pallet without anything, to be spread into one that has something. */
export const EMPTY_PALLET: Omit<PalletDefinition, "name" | "crate"> = {
  storageVersion: 0,
  storage: [],
  calls: {},
  events: {},
  errors: {},
  constants: {},
  hooks: {},
};

/** What pallets need to know of the runtime they are put into. */
export interface PalletEnvironment {
  /** The type of all calls. */
  readonly call: RuntimeType<RuntimeCall>;
  /** The type of all events. */
  readonly event: RuntimeType<RuntimeEvent>;
  readonly parameters: RuntimeParameters;
}

/** A pallet that is finished when the runtime around it is known. */
export type PalletFactory = (environment: PalletEnvironment) => PalletDefinition;

/** A whole runtime. */
export interface RuntimeDefinition {
  readonly parameters: RuntimeParameters;
  /** Pallets in the order of their hooks, with their indexes. */
  readonly pallets: readonly (readonly [index: number, pallet: PalletFactory])[];
  /** Signed extensions in wire order. */
  readonly extensions: readonly TransactionExtension[];
}
