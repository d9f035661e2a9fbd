/**
 * From a proposal to a signed block: encrypt the payload, compose body and header, sign.
 *
 * Source: worker `sidechain/block-composer/src/block_composer.rs#compose_block` (839eda024)
 *
 * @module
 */
import { encryptDiff } from "../state/diff_encryption.ts";
import type { StateKeys } from "../state/state_keys.ts";
import type { BlockData } from "../types/block_data.ts";
import { computeBlockDataHash, computeBlockDigest } from "../types/block_digest.ts";
import { computePrologueHash } from "../types/prologue_item.ts";
import { computeReceiptsHash } from "../types/receipt.ts";
import { computeHeaderHash, type SidechainHeader } from "../types/sidechain_header.ts";
import { type Block, blockSigningMessage, type SignedBlock } from "../types/signed_block.ts";
import { blockPayload } from "./block_payload.ts";
import { type ChainBlock, createChainBlock } from "./chain_block.ts";
import { computeNextFinalization } from "./next_finalization.ts";
import type { Proposal } from "./propose.ts";

/** What composing needs of its caller. */
export interface ComposerPorts {
  /** Keys of the state. */
  readonly keys: StateKeys;
  /** 32 fresh random bytes, the salt of the payload's key. */
  readonly salt: Uint8Array;
  /** Ed25519 signature by the author's key. */
  readonly sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** Length of a slot. */
  readonly slotDurationMs: bigint;
}

/** Encrypts, composes and signs; gives the block and its entry of the chain. */
export async function composeBlock<Effect>(
  proposal: Proposal<Effect>,
  ports: ComposerPorts,
): Promise<{ readonly signed: SignedBlock; readonly chainBlock: ChainBlock }> {
  const { parent, shard, diff, receipts } = proposal;
  const context = { shard, blockNumber: parent.number + 1n, parentHash: parent.hash, author: proposal.author };
  const plain = blockPayload.encode({ diff, receipts });
  const block = assembleBlock(proposal, await encryptDiff(ports.keys, context, ports.salt, plain));
  const signature = await ports.sign(blockSigningMessage(computeHeaderHash(block.header)));
  const signed: SignedBlock = { block, signature: { type: "Ed25519", value: signature } };
  return { signed, chainBlock: createChainBlock(signed, proposal.snapshot, receipts, ports.slotDurationMs) };
}

/** Body and header of a proposal whose payload is encrypted. */
export function assembleBlock<Effect>(proposal: Proposal<Effect>, encryptedStateDiff: Uint8Array): Block {
  const { parent, layerOneHead } = proposal;
  const blockData: BlockData = {
    timestamp: proposal.timestampMs,
    layerOneHead: layerOneHead.hash,
    blockAuthor: proposal.author,
    signedTopHashes: proposal.executed,
    encryptedStateDiff,
    layerOneNumber: layerOneHead.number,
    receiptsHash: computeReceiptsHash(proposal.receipts),
    prologueHash: computePrologueHash(proposal.prologue),
    stateRoot: proposal.snapshot.root,
  };
  const blockNumber = parent.number + 1n;
  const header: SidechainHeader = {
    parentHash: parent.hash,
    blockNumber,
    shardId: proposal.shard,
    blockDataHash: computeBlockDataHash(computeBlockDigest(blockData)),
    nextFinalizationBlockNumber: computeNextFinalization(
      blockNumber,
      parent.type === "block" ? parent.header.nextFinalizationBlockNumber : undefined,
    ),
  };
  return { header, blockData };
}
