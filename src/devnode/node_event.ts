/**
 * What the node tells its listeners.
 *
 * @module
 */
import type { ParentchainHeader } from "../parentchain/header.ts";
import type { BlockHash } from "../primitives/branded.ts";
import type { Hex } from "../primitives/hex.ts";
import type { PoolStatus } from "./pool/transaction.ts";
import type { StateChange } from "./state_diff.ts";

/** What happened on the chain. */
export type NodeEvent =
  /** There is a new head; the changes are those against the head before, also if that was on another fork. */
  | {
    readonly type: "head";
    readonly number: number;
    readonly hash: BlockHash;
    readonly header: ParentchainHeader;
    readonly changes: readonly StateChange[];
  }
  /** There is a new block that is not the head. */
  | { readonly type: "side"; readonly number: number; readonly hash: BlockHash; readonly header: ParentchainHeader }
  /** A block became final; one event for each, in ascending order. */
  | { readonly type: "finalized"; readonly number: number; readonly hash: BlockHash }
  /** A block was proven final. */
  | { readonly type: "justification"; readonly number: number; readonly bytes: Uint8Array };

/**
 * What happened to a watched transaction. It begins with `ready` or `future`; `finalized`, `finalityTimeout`, `usurped`,
 * `dropped` and `invalid` are the last ones. `broadcast` and `retracted` occur on nodes with peers only.
 */
export type TransactionStatus =
  | PoolStatus
  /** It was sent to these peers. */
  | { readonly type: "broadcast"; readonly peers: readonly string[] }
  /** Its block is on the chain no more; `ready` and so on follow anew. */
  | { readonly type: "retracted"; readonly block: BlockHash }
  /** Its block has not become final for too long. */
  | { readonly type: "finalityTimeout"; readonly block: BlockHash }
  /** It is in a block. */
  | { readonly type: "inBlock"; readonly block: BlockHash }
  /** Its block is final. */
  | { readonly type: "finalized"; readonly block: BlockHash };

const LAST_STATUSES: ReadonlySet<TransactionStatus["type"]> = new Set([
  "finalized",
  "finalityTimeout",
  "usurped",
  "dropped",
  "invalid",
]);

/** Whether nothing follows a status. */
export function isLastStatus(status: TransactionStatus): boolean {
  return LAST_STATUSES.has(status.type);
}

/** Why a transaction was not taken, as a Substrate node tells it. */
export type SubmitError =
  /** The bytes are no extrinsic: the length prefix does not fit. */
  | { readonly code: "BadFormat"; readonly detail: string }
  /** The runtime could not decode it. */
  | { readonly code: "Verification"; readonly detail: string }
  /** It is invalid; the text is the runtime's. */
  | { readonly code: "Invalid"; readonly text: string }
  /** The runtime cannot tell whether it is valid. */
  | { readonly code: "Unknown"; readonly text: string }
  /** It was refused lately. */
  | { readonly code: "TemporarilyBanned" }
  /** It is in the pool. */
  | { readonly code: "AlreadyImported"; readonly hash: Hex }
  /** It would replace one of at least its priority. */
  | { readonly code: "TooLowPriority"; readonly old: bigint; readonly new: bigint }
  /** It requires what it provides. */
  | { readonly code: "CycleDetected" }
  /** The pool is full. */
  | { readonly code: "ImmediatelyDropped" }
  /** It provides no tags. */
  | { readonly code: "NoTagsProvided" };
