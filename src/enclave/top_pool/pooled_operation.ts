/**
 * What the pool keeps of an operation, what it needs to know, and what it reports.
 *
 * Source: worker `core-primitives/top-pool/src/base_pool.rs#TrustedOperation`, `watcher.rs` (839eda024)
 *
 * @module
 */
import type { AccountId, BlockHash, TopHash } from "../../primitives/branded.ts";
import type { TrustedCallSigned } from "../../types/trusted_call_signed.ts";
import type { TrustedOperation } from "../../types/trusted_operation.ts";
import type { TrustedOperationStatus } from "../../types/trusted_operation_status.ts";

/** A call that waits in the pool. */
export interface PooledOperation {
  /** Hash of the operation. */
  readonly hash: TopHash;
  /** The hash as hex, for maps. */
  readonly id: string;
  /** The decrypted operation. */
  readonly operation: TrustedOperation;
  /** Its SCALE bytes. */
  readonly bytes: Uint8Array;
  /** The call in it. */
  readonly signed: TrustedCallSigned;
  /** Whose nonce counts. */
  readonly sender: AccountId;
  /** The sender as hex, for maps. */
  readonly senderId: string;
  /** Its nonce. */
  readonly nonce: number;
  /** Number of the last block before which it must have been executed. */
  readonly validTill: bigint;
}

/** What the pool needs to know of the newest state. */
export interface PoolState {
  /** Number of the newest block. */
  readonly blockNumber: bigint;
  /** Nonce of an account's next call. */
  readonly nonceOf: (account: AccountId) => number;
}

/** News of an operation for those who watch it, in the order in which they happened. */
export interface PoolEvent {
  /** The operation. */
  readonly hash: TopHash;
  /** Its new status. */
  readonly status: TrustedOperationStatus;
}

/** What a block did with operations. */
export interface PoolBlock {
  /** Its hash. */
  readonly hash: BlockHash;
  /** Its number. */
  readonly number: bigint;
  /** Operations that were executed. */
  readonly executed: readonly TopHash[];
  /** Operations that were tried and failed. */
  readonly failed: readonly TopHash[];
}

/** How the chain has changed. */
export interface PoolChainChange {
  /** Blocks that are no longer part of the chain. */
  readonly retracted: readonly BlockHash[];
  /** Blocks that have become part of it, oldest first. */
  readonly enacted: readonly PoolBlock[];
}

/** Bounds of one queue. */
export interface QueueLimits {
  /** Most operations. */
  readonly count: number;
  /** Most bytes of all operations. */
  readonly totalBytes: number;
}

/**
 * Bounds of the operations that can be executed now.
 *
 * Source: worker `core-primitives/top-pool/src/pool.rs#Options` (839eda024)
 */
export const READY_LIMITS: QueueLimits = { count: 8192, totalBytes: 20 * 1024 * 1024 };

/**
 * Bounds of the operations that wait for a smaller nonce.
 *
 * Source: worker `core-primitives/top-pool/src/pool.rs#Options` (839eda024)
 */
export const FUTURE_LIMITS: QueueLimits = { count: 512, totalBytes: 1024 * 1024 };

/**
 * How many blocks an operation may wait: 77 s in slots of 300 ms.
 *
 * Source: worker `core-primitives/top-pool-author/src/api.rs` (839eda024), where it is 64 blocks of a second
 * Differs: four times the blocks, because slots are shorter.
 */
export const LONGEVITY_BLOCKS = 256n;

/** Most operations of unconfirmed blocks that are kept in case their block is abandoned; the oldest go first. */
export const MAX_INCLUDED_OPERATIONS = 65_536;

/** Most bytes of those operations. */
export const MAX_INCLUDED_BYTES: number = 32 * 1024 * 1024;
