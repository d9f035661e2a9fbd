/**
 * Replay of stored blocks at start: the blocks are the write-ahead log. Each diff is decrypted and applied, each root
 * compared.
 *
 * The parentchain is not known yet, and with it neither whose turn a slot was nor what the prologue holds: these were
 * checked before the block was stored. That what is read is such a block, and none that the host made, follows from two
 * checks together: the author named signed header and body, and the diff was encrypted by a holder of the state key for
 * that author. So all that a host can bring is blocks that an enclave with the shard's keys made.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import { ed25519Verify } from "../../crypto/ed25519.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { ShardIdentifier } from "../../primitives/branded.ts";
import { openPayload } from "../../sidechain/block_payload.ts";
import { type ChainBlock, type ChainPoint, createChainBlock } from "../../sidechain/chain_block.ts";
import { computeNextFinalization } from "../../sidechain/next_finalization.ts";
import { computeSlot } from "../../sidechain/slots.ts";
import { applyDiff } from "../../state/diff.ts";
import type { StateKeys } from "../../state/state_keys.ts";
import { computeBlockDataHash, computeBlockDigest } from "../../types/block_digest.ts";
import { computeReceiptsHash } from "../../types/receipt.ts";
import { computeHeaderHash } from "../../types/sidechain_header.ts";
import { blockSigningMessage, type SignedBlock, signedBlock } from "../../types/signed_block.ts";

/** Why a stored block cannot be replayed; all but `NotAChild` mean that the block store is damaged. */
export type ReplayError =
  /** The bytes end within a block: all that a crash can leave of the newest one. */
  | { readonly code: "StoredBlockCut" }
  /** The bytes are no block. */
  | { readonly code: "StoredBlockUndecodable" }
  /** The block does not follow the given parent. */
  | { readonly code: "NotAChild" }
  /** Shard, body or signature do not fit, or slot, schedule or parentchain block do not follow those of the parent. */
  | { readonly code: "StoredBlockChanged" }
  /** The payload is not one made for the author, or does not decode or apply to the block's own root. */
  | { readonly code: "StoredDiffInvalid" };

/** Decodes a stored block and checks that header, body and signature belong together. */
export function openStoredBlock(bytes: Uint8Array, shard: ShardIdentifier): Result<SignedBlock, ReplayError> {
  const decoded = tryDecode(signedBlock, bytes);
  if (!decoded.ok) {
    return err({ code: decoded.error.code === "Truncated" ? "StoredBlockCut" : "StoredBlockUndecodable" });
  }
  return isAuthentic(decoded.value, shard) ? decoded : err({ code: "StoredBlockChanged" });
}

/** What replay needs. */
export interface ReplayContext {
  readonly shard: ShardIdentifier;
  readonly keys: StateKeys;
  readonly slotDurationMs: bigint;
}

/** The chain's entry of a stored block that was opened, and whose parent is known. */
export async function replayBlock(
  signed: SignedBlock,
  parent: ChainPoint,
  context: ReplayContext,
): Promise<Result<ChainBlock, ReplayError>> {
  const { header, blockData } = signed.block;
  if (!equalBytes(header.parentHash, parent.hash) || header.blockNumber !== parent.number + 1n) {
    return err({ code: "NotAChild" });
  }
  if (!followsParent(signed, parent, context.slotDurationMs)) return err({ code: "StoredBlockChanged" });
  const payload = await openPayload(signed.block, context.keys);
  if (!payload.ok) return err({ code: "StoredDiffInvalid" });
  const { diff, receipts } = payload.value;
  const after = applyDiff(parent.snapshot, diff, context.keys.pathKey);
  if (!after.ok || !equalBytes(after.value.root, blockData.stateRoot)) return err({ code: "StoredDiffInvalid" });
  if (!equalBytes(computeReceiptsHash(receipts), blockData.receiptsHash)) return err({ code: "StoredDiffInvalid" });
  return ok(createChainBlock(signed, after.value, receipts, context.slotDurationMs));
}

function isAuthentic({ block: { header, blockData }, signature }: SignedBlock, shard: ShardIdentifier): boolean {
  return equalBytes(header.shardId, shard) &&
    equalBytes(computeBlockDataHash(computeBlockDigest(blockData)), header.blockDataHash) &&
    ed25519Verify(signature.value, blockSigningMessage(computeHeaderHash(header)), blockData.blockAuthor);
}

/** Whether slot, schedule of confirmations and parentchain block are such as a block upon the parent can have. */
function followsParent(
  { block: { header, blockData } }: SignedBlock,
  parent: ChainPoint,
  slotDurationMs: bigint,
): boolean {
  const due = parent.type === "block" ? parent.header.nextFinalizationBlockNumber : undefined;
  return computeSlot(blockData.timestamp, slotDurationMs) > parent.slot &&
    header.nextFinalizationBlockNumber === computeNextFinalization(header.blockNumber, due) &&
    blockData.layerOneNumber >= parent.layerOneHead.number;
}
