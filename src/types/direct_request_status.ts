/**
 * How a direct request ended.
 *
 * Source: worker `core-primitives/types/src/lib.rs#DirectRequestStatus` (839eda024)
 *
 * @module
 */
import { type Codec, unit, type Variant, variant } from "../codec/codec.ts";
import { type TrustedOperationStatus, trustedOperationStatus } from "./trusted_operation_status.ts";

/** Outcome of a request: answered, state of the submitted operation, or refused. */
export type DirectRequestStatus = Variant<{
  Ok: undefined;
  TrustedOperationStatus: TrustedOperationStatus;
  Error: undefined;
}>;

/** SCALE codec of {@linkcode DirectRequestStatus}. */
export const directRequestStatus: Codec<DirectRequestStatus> = variant<{
  Ok: undefined;
  TrustedOperationStatus: TrustedOperationStatus;
  Error: undefined;
}>({
  Ok: [0, unit],
  TrustedOperationStatus: [1, trustedOperationStatus],
  Error: [2, unit],
});
