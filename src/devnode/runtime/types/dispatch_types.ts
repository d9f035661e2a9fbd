/**
 * Types around the dispatch of a call: weights, fees, errors, event records.
 *
 * @module
 */
import type { Variant } from "../../../codec/codec.ts";
import {
  byteArray,
  compactU64,
  enumOf,
  namesOf,
  plainVariant,
  resultOf,
  structOf,
  tupleVariant,
  u32,
  u8,
  unit,
} from "./builders.ts";
import type { RuntimeType } from "./runtime_type.ts";

/** Computing time in picoseconds and proof size in bytes. */
export interface Weight {
  readonly ref_time: bigint;
  readonly proof_size: bigint;
}

/** `Weight`. */
export const weight: RuntimeType<Weight> = structOf("sp_weights::weight_v2::Weight", {
  ref_time: compactU64,
  proof_size: compactU64,
});

/** Weight of computing time alone; solo chains have no proofs to pay for. */
export function refTime(picoseconds: bigint): Weight {
  return { ref_time: picoseconds, proof_size: 0n };
}

/** Names of dispatch classes. */
export type DispatchClass = "Normal" | "Operational" | "Mandatory";
/** `DispatchClass`. */
export const dispatchClass: RuntimeType<DispatchClass> = namesOf("frame_support::dispatch::DispatchClass", [
  "Normal",
  "Operational",
  "Mandatory",
]);
/** `Pays`. */
export const pays: RuntimeType<"Yes" | "No"> = namesOf("frame_support::dispatch::Pays", ["Yes", "No"]);

/** What the events tell of a call's cost. */
export interface DispatchInfo {
  readonly weight: Weight;
  readonly class: DispatchClass;
  readonly pays_fee: "Yes" | "No";
}

/** `DispatchInfo`. */
export const dispatchInfo: RuntimeType<DispatchInfo> = structOf("frame_support::dispatch::DispatchInfo", {
  weight,
  class: dispatchClass,
  pays_fee: pays,
});

/** An error of a pallet: the pallet's index and the error's, which the metadata names. */
export interface ModuleError {
  readonly index: number;
  /** The error's index and up to three bytes of detail. */
  readonly error: Uint8Array;
}

/** Errors of tokens by name. */
export type TokenError =
  | "FundsUnavailable"
  | "OnlyProvider"
  | "BelowMinimum"
  | "CannotCreate"
  | "UnknownAsset"
  | "Frozen"
  | "Unsupported"
  | "CannotCreateHold"
  | "NotExpendable"
  | "Blocked";
/** Errors of arithmetic by name. */
export type ArithmeticError = "Underflow" | "Overflow" | "DivisionByZero";
/** Errors of nested storage transactions by name. */
export type TransactionalError = "LimitReached" | "NoLayer";

const moduleError: RuntimeType<ModuleError> = structOf("sp_runtime::ModuleError", { index: u8, error: byteArray(4) });
const tokenError: RuntimeType<TokenError> = namesOf("sp_runtime::TokenError", [
  "FundsUnavailable",
  "OnlyProvider",
  "BelowMinimum",
  "CannotCreate",
  "UnknownAsset",
  "Frozen",
  "Unsupported",
  "CannotCreateHold",
  "NotExpendable",
  "Blocked",
]);
const arithmeticError: RuntimeType<ArithmeticError> = namesOf("sp_arithmetic::ArithmeticError", [
  "Underflow",
  "Overflow",
  "DivisionByZero",
]);
const transactionalError: RuntimeType<TransactionalError> = namesOf("sp_runtime::TransactionalError", [
  "LimitReached",
  "NoLayer",
]);

/** Why a call failed. */
export type DispatchError = Variant<{
  Other: undefined;
  CannotLookup: undefined;
  BadOrigin: undefined;
  Module: ModuleError;
  ConsumerRemaining: undefined;
  NoProviders: undefined;
  TooManyConsumers: undefined;
  Token: TokenError;
  Arithmetic: ArithmeticError;
  Transactional: TransactionalError;
  Exhausted: undefined;
  Corruption: undefined;
  Unavailable: undefined;
  RootNotAllowed: undefined;
}>;

/** `DispatchError`. */
export const dispatchError: RuntimeType<DispatchError> = enumOf("sp_runtime::DispatchError", {
  Other: plainVariant(0),
  CannotLookup: plainVariant(1),
  BadOrigin: plainVariant(2),
  Module: tupleVariant(3, moduleError),
  ConsumerRemaining: plainVariant(4),
  NoProviders: plainVariant(5),
  TooManyConsumers: plainVariant(6),
  Token: tupleVariant(7, tokenError),
  Arithmetic: tupleVariant(8, arithmeticError),
  Transactional: tupleVariant(9, transactionalError),
  Exhausted: plainVariant(10),
  Corruption: plainVariant(11),
  Unavailable: plainVariant(12),
  RootNotAllowed: plainVariant(13),
});

/** `Result<(), DispatchError>` as a value. */
export type DispatchResultValue = Variant<{ Ok: undefined; Err: DispatchError }>;
/** `Result<(), DispatchError>`. */
export const dispatchResult: RuntimeType<DispatchResultValue> = resultOf(unit, dispatchError);

/** Makes a dispatch error without content. */
export function plainError(
  type: "Other" | "CannotLookup" | "BadOrigin" | "ConsumerRemaining" | "NoProviders" | "Unavailable",
): DispatchError {
  return { type, value: undefined };
}

/** When an event happened. */
export type Phase = Variant<{ ApplyExtrinsic: number; Finalization: undefined; Initialization: undefined }>;
/** `Phase`. */
export const phase: RuntimeType<Phase> = enumOf("frame_system::Phase", {
  ApplyExtrinsic: tupleVariant(0, u32),
  Finalization: plainVariant(1),
  Initialization: plainVariant(2),
});

/** Weights of the three classes in this block. */
export interface ConsumedWeight {
  readonly normal: Weight;
  readonly operational: Weight;
  readonly mandatory: Weight;
}

/** `PerDispatchClass<Weight>`. */
export const consumedWeight: RuntimeType<ConsumedWeight> = structOf("frame_support::dispatch::PerDispatchClass", {
  normal: weight,
  operational: weight,
  mandatory: weight,
}, { params: [{ name: "T", type: weight }] });
