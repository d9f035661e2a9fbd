/**
 * Why the pool refused an operation, and how clients of the trusted RPC are told.
 *
 * Source: worker `core-primitives/top-pool/src/error.rs#Error`, `core-primitives/top-pool-author/src/client_error.rs` (839eda024)
 *
 * @module
 */

/** Why the pool refused an operation. */
export type PoolError =
  /** The same operation is in the pool or in an unconfirmed block. */
  | { readonly code: "AlreadyImported" }
  /** Another operation with the same sender and nonce is in the pool. */
  | { readonly code: "TooLowPriority" }
  /** The operation was found invalid less than 30 minutes ago. */
  | { readonly code: "TemporarilyBanned" }
  /** The pool is full, and this operation would be the first to go. */
  | { readonly code: "ImmediatelyDropped" }
  /** The operation is no call. */
  | { readonly code: "UnknownTrustedOperation" }
  /** The nonce is used up, so the operation can never be executed: the client gets its hash and `Invalid`. */
  | { readonly code: "StaleNonce" };

/** A refusal that the client is told as an error; a stale nonce is told as the status `Invalid` instead. */
export type PoolRefusal = Exclude<PoolError, { readonly code: "StaleNonce" }>;

/**
 * Code of all errors of the pool.
 *
 * Source: worker `core-primitives/top-pool-author/src/client_error.rs` (839eda024)
 */
export const POOL_RPC_ERROR_CODE = 4004;

const MESSAGES: Readonly<Record<PoolRefusal["code"], string>> = {
  AlreadyImported: "Already imported",
  TooLowPriority: "Too low priority",
  TemporarilyBanned: "Trusted Operation temporarily Banned",
  ImmediatelyDropped: "TrustedOperation couldn't enter the pool because of the limit",
  UnknownTrustedOperation: "Unknown trusted operation",
};

/** The message of a refusal, in the worker's words. */
export function poolErrorMessage(error: PoolRefusal): string {
  return MESSAGES[error.code];
}

/** The text of a refusal as it stands in an answer with status `Error`: the debug form of the worker's RPC error. */
export function poolErrorText(error: PoolRefusal): string {
  return `Error { code: ServerError(${POOL_RPC_ERROR_CODE}), message: "${poolErrorMessage(error)}", data: None }`;
}
