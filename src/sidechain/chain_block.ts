/**
 * A block that is part of the chain in memory, with the state it leads to.
 *
 * @module
 */
import { type BlockHash, blockHash, type H256, type TopHash } from "../primitives/branded.ts";
import type { StateSnapshot } from "../state/snapshot.ts";
import type { BlockDigest } from "../types/block_digest.ts";
import { computeBlockDigest } from "../types/block_digest.ts";
import type { LightHeader } from "../types/light_header.ts";
import type { Receipt } from "../types/receipt.ts";
import { computeHeaderHash, type SidechainHeader } from "../types/sidechain_header.ts";
import type { SignedBlock } from "../types/signed_block.ts";
import { computeSlot, type Slot } from "./slots.ts";

/** Parent of the first block. */
export const GENESIS_PARENT: BlockHash = blockHash(new Uint8Array(32));

/** Newest Integritee block that a sidechain block knows. */
export interface LayerOneHead {
  readonly hash: BlockHash;
  readonly number: number;
}

/** What every position of the chain has, also the one before the first block. */
interface ChainPosition {
  /** Hash of the block; all zero before the first block. */
  readonly hash: BlockHash;
  /** Number of the block; 0 before the first block. */
  readonly number: bigint;
  /** Slot of the block; 0 before the first block. */
  readonly slot: Slot;
  /** Parentchain block it knows; before the first block the one the shard's state was made at. */
  readonly layerOneHead: LayerOneHead;
  /** State after the block. */
  readonly snapshot: StateSnapshot;
}

/** The state before the first block. */
export interface ChainGenesis extends ChainPosition {
  readonly type: "genesis";
}

/** A block whose state is known. */
export interface ChainBlock extends ChainPosition {
  readonly type: "block";
  readonly header: SidechainHeader;
  readonly digest: BlockDigest;
  /** Header, digest and signature, for light clients and as evidence. */
  readonly lightHeader: LightHeader;
  /** Operations that were executed. */
  readonly topHashes: readonly TopHash[];
  /** Outcome of each call tried. */
  readonly receipts: readonly Receipt[];
}

/** A position of the chain on which a block can be built. */
export type ChainPoint = ChainGenesis | ChainBlock;

/** The position before the first block. */
export function createGenesis(snapshot: StateSnapshot, layerOneHead: LayerOneHead): ChainGenesis {
  return { type: "genesis", hash: GENESIS_PARENT, number: 0n, slot: 0n, layerOneHead, snapshot };
}

/** Makes the chain's entry of a verified or own block and the state it leads to. */
export function createChainBlock(
  signed: SignedBlock,
  snapshot: StateSnapshot,
  receipts: readonly Receipt[],
  slotDurationMs: bigint,
): ChainBlock {
  const { header, blockData } = signed.block;
  const digest = computeBlockDigest(blockData);
  return {
    type: "block",
    hash: computeHeaderHash(header),
    number: header.blockNumber,
    slot: computeSlot(blockData.timestamp, slotDurationMs),
    layerOneHead: { hash: blockData.layerOneHead, number: blockData.layerOneNumber },
    snapshot,
    header,
    digest,
    lightHeader: { header, digest, signature: signed.signature },
    topHashes: blockData.signedTopHashes,
    receipts,
  };
}

/** The state root that a position has. */
export function stateRootOf(point: ChainPoint): H256 {
  return point.type === "block" ? point.digest.stateRoot : point.snapshot.root;
}
