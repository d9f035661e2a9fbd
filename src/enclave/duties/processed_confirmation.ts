/**
 * Duty: tell the parentchain which of its blocks the shard has processed; it also keeps the enclave in the shard's status.
 *
 * Source: worker `core/parentchain/block-importer/src/block_importer.rs`, `core/parentchain/indirect-calls-executor/src/executor.rs` (839eda024)
 * Differs: several blocks go in one `Utility.batch`; one extrinsic is in flight at a time, and it lives for 64 blocks
 * instead of 512, so that a lost one is sent again soon
 *
 * @module
 */
import type { BlockHash, H256, ShardIdentifier } from "../../primitives/branded.ts";
import type { ImportedBlock } from "../../parentchain/imported_block.ts";
import type { ParentchainMetadata } from "../../parentchain/metadata.ts";
import { activeFingerprint } from "../../parentchain/view.ts";
import { type DutyChain, type DutyFinding, type DutyIdentity, NOTHING_TO_DO } from "./duty.ts";

/** Confirmations in one batch: about 100 bytes each, far below the largest extrinsic of 13,000 bytes. */
export const MAX_BATCHED_CONFIRMATIONS = 64;
/** Confirmations that wait; the oldest are dropped, since they only inform. */
export const MAX_QUEUED_CONFIRMATIONS = 1_024;
/** Mortality in blocks. */
export const PROCESSED_ERA = 64;

/** A parentchain block that was processed. */
export interface ProcessedBlock {
  /** Number of the block. */
  readonly number: number;
  /** Hash of the block. */
  readonly hash: BlockHash;
  /** Root over the calls that it held. */
  readonly root: H256;
}

/** Adds an imported block to the queue if the shard existed by then. */
export function queueProcessed(queue: readonly ProcessedBlock[], block: ImportedBlock): readonly ProcessedBlock[] {
  const { content } = block;
  if (content === undefined || activeFingerprint(content.view) === undefined) return queue;
  const next = [...queue, { number: block.number, hash: block.hash, root: content.processedRoot }];
  return next.length > MAX_QUEUED_CONFIRMATIONS ? next.slice(-MAX_QUEUED_CONFIRMATIONS) : next;
}

/** Sends the oldest confirmations of the queue. */
export function processedConfirmationDuty(
  { metadata, view }: DutyChain,
  { shard }: DutyIdentity,
  queue: readonly ProcessedBlock[],
): DutyFinding {
  if (view.enclave === undefined || queue.length === 0) return NOTHING_TO_DO;
  if (!metadata.hasCall("EnclaveBridge", "confirm_processed_parentchain_block")) return NOTHING_TO_DO;
  const batch = nextBatch(metadata, queue);
  const calls = batch.map((block) => encodeConfirmation(metadata, shard, block));
  const first = calls[0] as Uint8Array;
  const call = calls.length === 1 ? first : encodeBatch(metadata, calls);
  const key = `${batch[0]?.number}-${batch.at(-1)?.number}`;
  return {
    wishes: [{ purpose: "confirm_processed_parentchain_block", key, call, eraPeriod: PROCESSED_ERA, by: "enclave" }],
    alerts: [],
  };
}

/** The part of the queue that goes into the next extrinsic; several only if the runtime can batch. */
export function nextBatch(
  metadata: ParentchainMetadata,
  queue: readonly ProcessedBlock[],
): readonly ProcessedBlock[] {
  return queue.slice(0, batchCall(metadata) === undefined ? 1 : MAX_BATCHED_CONFIRMATIONS);
}

/** The batch that goes on after a failure where there is one: each confirmation stands for itself. */
function batchCall(metadata: ParentchainMetadata): string | undefined {
  return ["force_batch", "batch"].find((call) => metadata.hasCall("Utility", call));
}

function encodeBatch(metadata: ParentchainMetadata, calls: readonly Uint8Array[]): Uint8Array {
  return metadata.encodeCall("Utility", batchCall(metadata) ?? "batch", {
    calls: calls.map((call) => metadata.decodeCall(call)),
  });
}

function encodeConfirmation(metadata: ParentchainMetadata, shard: ShardIdentifier, block: ProcessedBlock): Uint8Array {
  return metadata.encodeCall("EnclaveBridge", "confirm_processed_parentchain_block", {
    shard,
    block_hash: block.hash,
    block_number: block.number,
    trusted_calls_merkle_root: block.root,
  });
}
