/**
 * Why a trusted call, a getter, a prologue or a vault was refused.
 *
 * Source: worker `core-primitives/stf-primitives/src/error.rs#StfError` (839eda024)
 * Differs: errors carry no accounts, so that a log line made of one cannot link a call to its owner.
 *
 * @module
 */
import type { ParentchainId } from "../types/parentchain_id.ts";
import type { CallOutcome } from "../types/receipt.ts";

/** Why a pallet refused a call. */
export type DispatchReason =
  /** The sender has less than the amount. */
  | "InsufficientBalance"
  /** The receiver would stay below the existential deposit. */
  | "ExistentialDeposit"
  /** A sum would not fit its type. */
  | "Overflow"
  /** The call names another shard. */
  | "WrongShard"
  /** Too many payouts wait. */
  | "TooManyPayouts";

/** Why a trusted call failed. Up to `MissingFunds` of the fee nothing has changed; after it fee and nonce are used up. */
export type StfError =
  /** The signer may not do this: a delegate without a session proxy, or a call for root by somebody else. */
  | { readonly code: "MissingPrivileges" }
  /** The nonce is not the account's next one. */
  | { readonly code: "InvalidNonce"; readonly given: number; readonly expected: number }
  /** The fee, or the amount to unshield, cannot be paid. */
  | { readonly code: "MissingFunds" }
  /** The shard has no vault to pay out from. */
  | { readonly code: "NoShardVaultAssigned" }
  /** Refused by the pallet that executes it. */
  | { readonly code: "Dispatch"; readonly reason: DispatchReason };

/** Why a vault was refused. */
export type ShardVaultError =
  /** The shard has a vault on another parentchain. */
  | { readonly code: "ShardVaultOnMultipleParentchainsNotAllowed" }
  /** The shard has another vault on this parentchain. */
  | { readonly code: "ChangingShardVaultAccountNotAllowed" };

/** Why a prologue was refused; nothing of it was applied. */
export type PrologueError =
  /** There are more items than a block may have. */
  | { readonly code: "TooManyPrologueItems"; readonly count: number }
  /** The shard does not follow this chain. */
  | { readonly code: "ParentchainNotFollowed"; readonly parentchain: ParentchainId }
  /** The item was applied before, or an item after it was. */
  | { readonly code: "PrologueItemBehindCursor"; readonly parentchain: ParentchainId; readonly blockNumber: number }
  /** The item is of a block from before the shard's creation. */
  | { readonly code: "PrologueItemBeforeCreation"; readonly parentchain: ParentchainId; readonly blockNumber: number };

/** The outcome that a block's receipt shows for an error. */
export function callOutcomeOf(error: StfError): Exclude<CallOutcome, "Success"> {
  return error.code === "Dispatch" ? error.reason : error.code;
}
