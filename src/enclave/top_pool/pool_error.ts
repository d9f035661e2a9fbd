/**
 * Why the pool refused an operation.
 *
 * Source: worker `core-primitives/top-pool/src/error.rs#Error` (839eda024)
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
