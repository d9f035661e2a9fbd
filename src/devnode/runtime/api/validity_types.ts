/**
 * Validity of transactions as runtime APIs encode it.
 *
 * @module
 */
import * as scale from "../../../codec/codec.ts";
import {
  bool,
  byteVec,
  enumOf,
  namesOf,
  newtypeOf,
  plainVariant,
  structOf,
  tupleVariant,
  u64,
  u8,
  vecOf,
} from "../types/builders.ts";
import type { RuntimeType } from "../types/runtime_type.ts";
import { UNCHECKED_EXTRINSIC_PATH } from "../executive/extrinsic.ts";
import type {
  InvalidTransaction,
  TransactionSource,
  TransactionValidityError,
  UnknownTransaction,
  ValidTransaction,
} from "../validity.ts";

/**
 * An extrinsic without its length, as APIs take it: on the wire the length comes first either way. In the metadata it is
 * the runtime's own extrinsic, which has this key and is described there, because its parameters are the runtime's.
 */
export const opaqueExtrinsic: RuntimeType<Uint8Array> = newtypeOf(UNCHECKED_EXTRINSIC_PATH, byteVec());

/** `TransactionSource`. */
export const transactionSource: RuntimeType<TransactionSource> = namesOf(
  "sp_runtime::transaction_validity::TransactionSource",
  ["InBlock", "Local", "External"],
);

/** `ValidTransaction`. */
export const validTransaction: RuntimeType<ValidTransaction> = structOf(
  "sp_runtime::transaction_validity::ValidTransaction",
  { priority: u64, requires: vecOf(byteVec()), provides: vecOf(byteVec()), longevity: u64, propagate: bool },
);

/** Names in wire order; index 7 carries a number. */
const INVALID_NAMES = [
  "Call",
  "Payment",
  "Future",
  "Stale",
  "BadProof",
  "AncientBirthBlock",
  "ExhaustsResources",
  "Custom",
  "BadMandatory",
  "MandatoryValidation",
  "BadSigner",
] as const;

type InvalidWire = scale.Variant<Record<string, unknown>>;

const invalidWire = enumOf<Record<string, unknown>>(
  "sp_runtime::transaction_validity::InvalidTransaction",
  Object.fromEntries(INVALID_NAMES.map((name, index) => [
    name,
    name === "Custom" ? tupleVariant<unknown>(index, u8 as RuntimeType<unknown>) : plainVariant(index),
  ])) as Parameters<typeof enumOf<Record<string, unknown>>>[1],
);

const unknownWire = enumOf("sp_runtime::transaction_validity::UnknownTransaction", {
  CannotLookup: plainVariant(0),
  NoUnsignedValidator: plainVariant(1),
  Custom: tupleVariant(2, u8),
});

type UnknownWire = scale.Variant<{ CannotLookup: undefined; NoUnsignedValidator: undefined; Custom: number }>;

type ErrorWire = scale.Variant<{ Invalid: InvalidWire; Unknown: UnknownWire }>;

const errorWire = enumOf<{ Invalid: InvalidWire; Unknown: UnknownWire }>(
  "sp_runtime::transaction_validity::TransactionValidityError",
  { Invalid: tupleVariant(0, invalidWire), Unknown: tupleVariant(1, unknownWire) },
);

function invalidToWire(error: InvalidTransaction): InvalidWire {
  return { type: error.code, value: error.code === "Custom" ? error.number : undefined };
}

function unknownToWire(error: UnknownTransaction): UnknownWire {
  return error.code === "CustomUnknown"
    ? { type: "Custom", value: error.number }
    : { type: error.code, value: undefined };
}

function invalidFromWire({ type, value }: InvalidWire): TransactionValidityError {
  return type === "Custom"
    ? { kind: "Invalid", code: "Custom", number: Number(value) }
    : { kind: "Invalid", code: type as Exclude<InvalidTransaction["code"], "Custom"> };
}

function unknownFromWire(error: UnknownWire): TransactionValidityError {
  return error.type === "Custom"
    ? { kind: "Unknown", code: "CustomUnknown", number: error.value }
    : { kind: "Unknown", code: error.type };
}

/** `TransactionValidityError`; bytes that are no extrinsic have no place in it. */
export const transactionValidityError: RuntimeType<TransactionValidityError> = {
  ...errorWire,
  codec: scale.mapped(
    errorWire.codec,
    (wire): TransactionValidityError =>
      wire.type === "Invalid" ? invalidFromWire(wire.value) : unknownFromWire(wire.value),
    (error): ErrorWire => {
      if (error.kind === "Invalid") return { type: "Invalid", value: invalidToWire(error) };
      if (error.kind === "Unknown") return { type: "Unknown", value: unknownToWire(error) };
      throw new TypeError(`Cannot encode error: ${error.detail}`);
    },
  ),
};
