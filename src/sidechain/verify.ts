/**
 * The checks of a block that need no secret, the cheap ones first.
 *
 * Source: worker `sidechain/block-verification/src/lib.rs#verify_sidechain_block` (839eda024)
 * Differs: shard, known blocks, time bounds, the data hash, the confirmation schedule and the age of the parentchain
 * block are checked too; authorities are those at the parent's `layer_one_head`, or at the block's own if that names nobody.
 *
 * @module
 */
import { ed25519Verify } from "../crypto/ed25519.ts";
import type { BlockHash, ShardIdentifier } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { computeBlockDataHash, computeBlockDigest } from "../types/block_digest.ts";
import { computeHeaderHash } from "../types/sidechain_header.ts";
import { blockSigningMessage, type SignedBlock } from "../types/signed_block.ts";
import { computeSlotAuthor } from "./aura.ts";
import { authoritiesAfter } from "./authorities.ts";
import { type ChainPoint, GENESIS_PARENT } from "./chain_block.ts";
import type { BlockImportError, LayerOneFault } from "./import_error.ts";
import type { LayerOneView } from "./layer_one_view.ts";
import { computeNextFinalization } from "./next_finalization.ts";
import { computeSlot } from "./slots.ts";

/** Most parentchain blocks that a block's `layer_one_head` may be behind the newest one here: over three minutes. */
export const MAX_LAYER_ONE_LAG = 32;
/** How many slots ahead of the local clock a block may be: clocks differ a little. */
export const MAX_SLOTS_AHEAD = 1n;

/** The chain, as verification needs it. */
export interface KnownBlocks {
  /** A block of the chain or the position before it; `undefined` if it is not here. */
  readonly get: (hash: BlockHash) => ChainPoint | undefined;
  /** The newest confirmed block, or the position before the first block; nothing at or below it is replaced. */
  readonly base: ChainPoint;
  /** The block on which this validateer would build. */
  readonly head: ChainPoint;
}

/** What a block is verified against. */
export interface VerificationContext {
  readonly shard: ShardIdentifier;
  readonly slotDurationMs: bigint;
  /** Local time, ms since the epoch. */
  readonly nowMs: bigint;
  readonly blocks: KnownBlocks;
  readonly layerOne: LayerOneView;
  /** `catch_up` for ranges of old blocks: they may lag behind the parentchain as they like. */
  readonly mode: "live" | "catch_up";
}

/**
 * Verifies all that can be verified before decryption; gives the parent. What is known already costs no signature check, and
 * what is not is held against the header only once the body is known to be the header's: a signature covers the header
 * alone, so anybody can put another body under it.
 */
export function verifyBlock(signed: SignedBlock, context: VerificationContext): Result<ChainPoint, BlockImportError> {
  const { header, blockData } = signed.block;
  if (!equalBytes(header.shardId, context.shard)) {
    return err({ code: "WrongShard", verdict: "reject", shard: header.shardId });
  }
  if (isKnown(signed, context.blocks)) {
    return err({ code: "BlockAlreadyImported", verdict: "ignore", blockNumber: header.blockNumber });
  }
  const blockHash = computeHeaderHash(header);
  if (!ed25519Verify(signed.signature.value, blockSigningMessage(blockHash), blockData.blockAuthor)) {
    return err({ code: "BadSidechainBlock", verdict: "reject", blockHash });
  }
  const body = verifyBody(signed);
  if (body !== undefined) return err(body);
  const parent = verifyAncestry(signed, context.blocks);
  if (!parent.ok) return parent;
  return verifySlot(signed, parent.value, context) ?? verifySchedule(signed, parent.value) ??
    verifyLayerOne(signed, parent.value, context) ?? verifyAuthor(signed, parent.value, context) ?? parent;
}

/** Whether a block is in the chain, or at or below the confirmed one, so that it is of no use, whoever made it. */
export function isKnown({ block: { header } }: SignedBlock, blocks: KnownBlocks): boolean {
  const { blockNumber } = header;
  return blocks.get(computeHeaderHash(header)) !== undefined ||
    (blockNumber !== 0n && blockNumber <= blocks.base.number);
}

/** What is wrong if the header does not commit to this body; `undefined` if it does. */
export function verifyBody({ block: { header, blockData } }: SignedBlock): BlockImportError | undefined {
  const got = computeBlockDataHash(computeBlockDigest(blockData));
  if (equalBytes(header.blockDataHash, got)) return undefined;
  return { code: "BlockDataHashMismatch", verdict: "reject", want: header.blockDataHash, got };
}

type Refusal = Result<never, BlockImportError> | undefined;

function verifyAncestry({ block: { header } }: SignedBlock, blocks: KnownBlocks): Result<ChainPoint, BlockImportError> {
  const { blockNumber, parentHash } = header;
  if ((blockNumber === 1n) !== equalBytes(parentHash, GENESIS_PARENT)) {
    return err({ code: "InvalidFirstBlock", verdict: "reject", blockNumber });
  }
  const parent = blocks.get(parentHash);
  if (parent !== undefined && parent.number + 1n === blockNumber) return ok(parent);
  return err({
    code: "BlockAncestryMismatch",
    verdict: parent === undefined ? "ignore" : "reject",
    lastBlockNumber: blocks.head.number,
    lastBlockHash: blocks.head.hash,
  });
}

function verifySlot({ block: { blockData } }: SignedBlock, parent: ChainPoint, context: VerificationContext): Refusal {
  const slot = computeSlot(blockData.timestamp, context.slotDurationMs);
  if (slot <= parent.slot) return err({ code: "SlotNotLater", verdict: "reject", slot, parentSlot: parent.slot });
  const currentSlot = computeSlot(context.nowMs, context.slotDurationMs);
  if (slot > currentSlot + MAX_SLOTS_AHEAD) return err({ code: "SlotInFuture", verdict: "ignore", slot, currentSlot });
  return undefined;
}

function verifySchedule({ block: { header } }: SignedBlock, parent: ChainPoint): Refusal {
  const before = parent.type === "block" ? parent.header.nextFinalizationBlockNumber : undefined;
  const want = computeNextFinalization(header.blockNumber, before);
  if (header.nextFinalizationBlockNumber !== want) {
    const named = header.nextFinalizationBlockNumber;
    return err({ code: "NextFinalizationMismatch", verdict: "reject", want, got: named });
  }
  return undefined;
}

function verifyLayerOne(
  { block: { blockData } }: SignedBlock,
  parent: ChainPoint,
  context: VerificationContext,
): Refusal {
  const { layerOneHead, layerOneNumber } = blockData;
  const refuse = (fault: LayerOneFault, verdict: "ignore" | "reject"): Refusal =>
    err({ code: "BadParentchainBlock", verdict, fault, layerOneHead });
  const number = context.layerOne.numberOf(layerOneHead);
  if (number === undefined) return refuse("unknown", "ignore");
  if (number !== layerOneNumber) return refuse("number", "reject");
  if (number < parent.layerOneHead.number) return refuse("backwards", "reject");
  const lag = context.layerOne.newestNumber - number;
  return context.mode === "live" && lag > MAX_LAYER_ONE_LAG ? refuse("lagging", "ignore") : undefined;
}

function verifyAuthor(
  { block: { blockData } }: SignedBlock,
  parent: ChainPoint,
  context: VerificationContext,
): Refusal {
  const { at, authorities } = authoritiesAfter(context.layerOne, parent, blockData.layerOneHead);
  if (authorities === undefined) {
    return err({ code: "BadParentchainBlock", verdict: "ignore", fault: "unknown", layerOneHead: at });
  }
  const want = computeSlotAuthor(authorities, computeSlot(blockData.timestamp, context.slotDurationMs));
  if (want !== undefined && equalBytes(want, blockData.blockAuthor)) return undefined;
  return err({ code: "InvalidAuthority", verdict: "reject", want, got: blockData.blockAuthor });
}
