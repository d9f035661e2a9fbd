/**
 * What pallets see while they execute: the storage, the runtime around them, events and nested calls.
 *
 * @module
 */
import type { Result } from "../../../primitives/result.ts";
import { err } from "../../../primitives/result.ts";
import type { CallCosts, DispatchResult, RuntimeCall } from "./call.ts";
import type { ErrorDefinition, EventDefinition } from "./event.ts";
import type { RuntimeParameters } from "../parameters.ts";
import type { StorageOverlay } from "../storage/overlay.ts";
import type { DispatchError } from "../types/dispatch_types.ts";
import type { DigestItem } from "../types/common.ts";
import type { Origin } from "./origin.ts";

/** A running block as pallets see it. */
export interface ExecutionContext extends CallCosts {
  readonly store: StorageOverlay;
  readonly parameters: RuntimeParameters;
  /** The index of a pallet in this runtime. @throws {TypeError} If it is not part of it. */
  readonly palletIndex: (pallet: string) => number;
  /** Encodes a call, as the hash of an announced call needs it. */
  readonly encodeCall: (call: RuntimeCall) => Uint8Array;
  /** Deposits an event, in the phase the block is in. */
  readonly deposit: <T>(event: EventDefinition<T>, value: T, topics?: readonly Uint8Array[]) => void;
  /** Appends a digest item to the header. */
  readonly log: (item: DigestItem) => void;
  /** Executes a call in a storage transaction of its own. */
  readonly dispatch: (origin: Origin, call: RuntimeCall) => DispatchResult;
}

/** The error of a pallet as a dispatch error. */
export function moduleError(ctx: Pick<ExecutionContext, "palletIndex">, error: ErrorDefinition): DispatchError {
  return {
    type: "Module",
    value: { index: ctx.palletIndex(error.pallet), error: new Uint8Array([error.index, 0, 0, 0]) },
  };
}

/** A failed result with the error of a pallet. */
export function fail(
  ctx: Pick<ExecutionContext, "palletIndex">,
  error: ErrorDefinition,
): { readonly ok: false; readonly error: DispatchError } {
  return err(moduleError(ctx, error));
}

/** Executes in a storage transaction: what fails leaves no trace. */
export function transactional<T, E>(store: StorageOverlay, run: () => Result<T, E>): Result<T, E> {
  store.begin();
  let result: Result<T, E>;
  try {
    result = run();
  } catch (error) {
    store.rollback();
    throw error;
  }
  if (result.ok) store.commit();
  else store.rollback();
  return result;
}
