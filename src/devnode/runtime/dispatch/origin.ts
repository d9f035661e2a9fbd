/**
 * On whose behalf a call is executed.
 *
 * @module
 */
import { err, ok, type Result } from "../../../primitives/result.ts";
import { type DispatchError, plainError } from "../types/dispatch_types.ts";
import type { RuntimeCall } from "./call.ts";

/** Nobody (inherents), an account, or the administrator. */
export type Origin = { readonly type: "None" } | { readonly type: "Root" } | {
  readonly type: "Signed";
  readonly account: Uint8Array;
  /** Calls that are refused, wherever they stand in a batch; set by a proxy that may not do everything. */
  readonly filter?: (call: RuntimeCall) => boolean;
};

/** Nobody. */
export const NONE: Origin = { type: "None" };
/** The administrator. */
export const ROOT: Origin = { type: "Root" };

/** An account. */
export function signed(account: Uint8Array): Origin {
  return { type: "Signed", account };
}

/** The account, or BadOrigin. */
export function ensureSigned(origin: Origin): Result<Uint8Array, DispatchError> {
  return origin.type === "Signed" ? ok(origin.account) : err(plainError("BadOrigin"));
}

/** Nothing, or BadOrigin unless the administrator calls. */
export function ensureRoot(origin: Origin): Result<undefined, DispatchError> {
  return origin.type === "Root" ? ok(undefined) : err(plainError("BadOrigin"));
}

/** Nothing, or BadOrigin unless it is an inherent. */
export function ensureNone(origin: Origin): Result<undefined, DispatchError> {
  return origin.type === "None" ? ok(undefined) : err(plainError("BadOrigin"));
}

/** The account, `undefined` for the administrator, or BadOrigin. */
export function ensureSignedOrRoot(origin: Origin): Result<Uint8Array | undefined, DispatchError> {
  return origin.type === "Root" ? ok(undefined) : ensureSigned(origin);
}
