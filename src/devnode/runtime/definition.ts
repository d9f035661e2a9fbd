/**
 * How pallets, extensions and whole runtimes are declared. Metadata, codecs and dispatch all follow from these values;
 * there is no second list.
 *
 * @module
 */
import type { Codec } from "../../codec/codec.ts";
import type { Result } from "../../primitives/result.ts";
import type { ExecutionContext } from "./dispatch/context.ts";
import type { Origin } from "./dispatch/origin.ts";
import type { StorageItemInfo } from "./storage/storage_item.ts";
import { structCodec } from "./types/builders.ts";
import type { DispatchClass, DispatchError } from "./types/dispatch_types.ts";
import {
  type CodecShape,
  type FieldInfo,
  fieldInfos,
  type FieldTypes,
  type RuntimeType,
  type TypeInfo,
} from "./types/runtime_type.ts";
import type { TransactionExtension } from "./extensions/extension.ts";

/** A call by names; pallet and call indexes are the runtime's business. */
export interface RuntimeCall {
  readonly pallet: string;
  readonly call: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What a call that went well tells of its cost. */
export interface PostInfo {
  /** `false` gives the fee back, but not the tip. */
  readonly paysFee: boolean;
}

/** A call that went well and costs what was announced. */
export const PAYS: PostInfo = { paysFee: true };
/** A call that went well and is free of charge. */
export const FREE: PostInfo = { paysFee: false };

/** How a call ends; on an error everything it wrote is undone. */
export type DispatchResult = Result<PostInfo, DispatchError>;

/** Cost and class of a call before it is executed. */
export interface CallCost {
  /** Picoseconds. */
  readonly refTime: bigint;
  readonly class: DispatchClass;
  readonly paysFee: boolean;
}

/** Cost of a normal call that pays. */
export function normalCost(refTime: bigint): CallCost {
  return { refTime, class: "Normal", paysFee: true };
}

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

/** What the cost of a call that contains calls is made of. */
export interface CallCosts {
  readonly costOf: (call: RuntimeCall) => CallCost;
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

/** An event with its content type, ready to be deposited. */
export interface EventDefinition<T = unknown> {
  readonly pallet: string;
  readonly name: string;
  readonly index: number;
  readonly fields: readonly FieldInfo[];
  readonly codec: Codec<T>;
}

/** An event whose content is not known here. */
export interface AnyEvent extends Omit<EventDefinition, "codec"> {
  readonly codec: CodecShape;
}

/** Content of an event before it has got its name. */
export interface EventContent<T> {
  readonly index: number;
  readonly fields: readonly FieldInfo[];
  readonly codec: Codec<T>;
}

/** Gives a pallet's events their names. */
export function defineEvents<T extends Record<string, unknown>>(
  pallet: string,
  events: { readonly [K in keyof T]: EventContent<T[K]> },
): { readonly [K in keyof T]: EventDefinition<T[K]> } {
  const named: Record<string, unknown> = {};
  for (const name of Object.keys(events)) named[name] = { pallet, name, ...events[name as keyof T] };
  return named as { readonly [K in keyof T]: EventDefinition<T[K]> };
}

/** An error of a pallet. */
export interface ErrorDefinition {
  readonly pallet: string;
  readonly name: string;
  readonly index: number;
}

/** Gives a pallet's errors their names. */
export function defineErrors<K extends string>(
  pallet: string,
  errors: Readonly<Record<K, number>>,
): Readonly<Record<K, ErrorDefinition>> {
  const named: Record<string, ErrorDefinition> = {};
  for (const name of Object.keys(errors) as K[]) named[name] = { pallet, name, index: errors[name] };
  return named as Record<K, ErrorDefinition>;
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

/** An event by names. */
export interface RuntimeEvent {
  readonly pallet: string;
  readonly name: string;
  readonly value: unknown;
}

/** A pallet that is finished when the runtime around it is known. */
export type PalletFactory = (environment: PalletEnvironment) => PalletDefinition;

/** State of the platform that made a quote. */
export type QuoteStatus = "Invalid" | "Ok" | "GroupOutOfDate" | "GroupRevoked" | "ConfigurationNeeded";

/** What a verified quote says. */
export interface VerifiedQuote {
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timestamp: bigint;
  readonly buildMode: "Debug" | "Production";
  readonly status: QuoteStatus;
}

/** Verifies quotes for `register_sgx_enclave`; `undefined` for one that does not hold. */
export type QuoteVerifier = (proof: Uint8Array, method: "Ias" | "Dcap", nowMs: bigint) => VerifiedQuote | undefined;

/** Numbers and names of a runtime. */
export interface RuntimeParameters {
  readonly specName: string;
  readonly implName: string;
  readonly specVersion: number;
  readonly transactionVersion: number;
  readonly ss58Prefix: number;
  readonly tokenSymbol: string;
  readonly tokenDecimals: number;
  /** Length of an Aura slot in milliseconds; the shortest time between two blocks is half of it. */
  readonly slotDurationMs: number;
  /** Smallest balance an account may have. */
  readonly existentialDeposit: bigint;
  /** Fee per byte of an extrinsic. */
  readonly lengthFee: bigint;
  /** Verifies quotes; left out, quotes are refused. */
  readonly verifyQuote?: QuoteVerifier;
}

/** A whole runtime. */
export interface RuntimeDefinition {
  readonly parameters: RuntimeParameters;
  /** Pallets in the order of their hooks, with their indexes. */
  readonly pallets: readonly (readonly [index: number, pallet: PalletFactory])[];
  /** Signed extensions in wire order. */
  readonly extensions: readonly TransactionExtension[];
}
