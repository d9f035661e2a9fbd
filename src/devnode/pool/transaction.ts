/**
 * What the transaction pool holds and what it reports.
 *
 * @module
 */
import type { Hex } from "../../primitives/hex.ts";

/** A valid transaction with what the runtime said about its order. */
export interface PoolTransaction {
  /** Blake2-256 hash of its bytes. */
  readonly hash: Hex;
  /** The extrinsic with its length prefix. */
  readonly bytes: Uint8Array;
  /** The higher, the earlier it is included. */
  readonly priority: bigint;
  /** Tags that other transactions must have provided before. */
  readonly requires: readonly Hex[];
  /** Tags that it provides once it is included; two transactions with one of them exclude each other. */
  readonly provides: readonly Hex[];
  /** Number of the last block in which it is valid. */
  readonly validTill: number;
}

/** What happened to a transaction inside the pool. */
export type PoolStatus =
  /** It can be in the next block. */
  | { readonly type: "ready" }
  /** A tag that it requires is not there yet. */
  | { readonly type: "future" }
  /** Another transaction with the same tags took its place. */
  | { readonly type: "usurped"; readonly by: Hex }
  /** The pool was full and this was the least wanted. */
  | { readonly type: "dropped" }
  /** It cannot be included any more. */
  | { readonly type: "invalid" };

/** One change of one transaction. */
export interface PoolEvent {
  readonly hash: Hex;
  readonly status: PoolStatus;
}

/** Why the pool does not take a transaction. */
export type PoolRefusal =
  /** It is in the pool already. */
  | { readonly code: "AlreadyImported" }
  /** It provides nothing, so the pool could not tell it from others. */
  | { readonly code: "NoTagsProvided" }
  /** It requires what it provides. */
  | { readonly code: "CycleDetected" }
  /** It would replace transactions of at least its priority. */
  | { readonly code: "TooLowPriority"; readonly old: bigint; readonly new: bigint }
  /** The pool is full of better ones. */
  | { readonly code: "ImmediatelyDropped" };

/** How much of one kind the pool holds. */
export interface PoolLimit {
  readonly count: number;
  readonly bytes: number;
}

/** Transactions that can be in the next block; Substrate's default. */
export const READY_LIMIT: PoolLimit = { count: 8192, bytes: 20 * 1024 * 1024 };
/** Transactions that wait for others: a tenth of the ready ones, Substrate's default. */
export const FUTURE_LIMIT: PoolLimit = { count: 819, bytes: 2 * 1024 * 1024 };
