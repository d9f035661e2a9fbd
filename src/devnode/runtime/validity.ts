/**
 * Why a transaction is refused, as a Substrate node says it, and what the pool learns about one that is not.
 *
 * @module
 */

/** A transaction that can never be valid in this state, by the name of Substrate's `InvalidTransaction`. */
export type InvalidTransaction =
  /** The call is refused. */
  | { readonly code: "Call" }
  /** The sender cannot pay the fee. */
  | { readonly code: "Payment" }
  /** The nonce is not yet reached. */
  | { readonly code: "Future" }
  /** The nonce is used up. */
  | { readonly code: "Stale" }
  /** The signature does not fit what was signed; also an era that is over. */
  | { readonly code: "BadProof" }
  /** The block in which the era began is no longer known. */
  | { readonly code: "AncientBirthBlock" }
  /** The block has no room left for it. */
  | { readonly code: "ExhaustsResources" }
  /** A reason of the runtime's own. */
  | { readonly code: "Custom"; readonly number: number }
  /** A mandatory call failed, which makes the whole block invalid. */
  | { readonly code: "BadMandatory" }
  /** A mandatory call came as a transaction. */
  | { readonly code: "MandatoryValidation" }
  /** The sender is not allowed to sign. */
  | { readonly code: "BadSigner" };

/** A transaction whose validity cannot be told, by the name of Substrate's `UnknownTransaction`. */
export type UnknownTransaction =
  /** The address cannot be resolved. */
  | { readonly code: "CannotLookup" }
  /** No pallet vouches for an unsigned call. */
  | { readonly code: "NoUnsignedValidator" }
  /** A reason of the runtime's own. */
  | { readonly code: "CustomUnknown"; readonly number: number };

/**
 * Substrate's `TransactionValidityError`. `kind` tells its two halves apart, so that the RPC can answer 1010 with
 * the right sentence; `Undecodable` stands for bytes that are no extrinsic of this runtime (a wasm runtime traps).
 */
export type TransactionValidityError =
  | { readonly kind: "Invalid" } & InvalidTransaction
  | { readonly kind: "Unknown" } & UnknownTransaction
  | { readonly kind: "Undecodable"; readonly code: "Undecodable"; readonly detail: string };

/** Number of the custom error of a transaction with a quote on which this node has no verdict yet. */
const VERDICT_MISSING = 1;

/** The transaction cannot be judged before its quotes are. */
export function verdictMissing(): TransactionValidityError {
  return { kind: "Unknown", code: "CustomUnknown", number: VERDICT_MISSING };
}

/** Whether a transaction cannot be judged before its quotes are. */
export function isVerdictMissing(error: TransactionValidityError): boolean {
  return error.kind === "Unknown" && error.code === "CustomUnknown" && error.number === VERDICT_MISSING;
}

/** Makes an {@linkcode InvalidTransaction} without a number. */
export function invalid(code: Exclude<InvalidTransaction["code"], "Custom">): TransactionValidityError {
  return { kind: "Invalid", code };
}

/** What a pool needs to order a valid transaction. */
export interface ValidTransaction {
  /** Higher goes first; u64. */
  readonly priority: bigint;
  /** Tags that must have been provided before this one can go into a block. */
  readonly requires: readonly Uint8Array[];
  /** Tags that this one provides. */
  readonly provides: readonly Uint8Array[];
  /** For how many blocks this verdict holds; u64, its maximum for immortal ones. */
  readonly longevity: bigint;
  /** Whether peers may be told. */
  readonly propagate: boolean;
}

/** Where a transaction to be validated comes from. */
export type TransactionSource = "InBlock" | "Local" | "External";
