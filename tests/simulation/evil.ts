/**
 * Blocks that an honest enclave does not make, signed by the key of a validateer: second blocks for a slot, and blocks that
 * break one rule each.
 *
 * @module
 */
import { type Ed25519Pair, ed25519Sign } from "../../src/crypto/ed25519.ts";
import type { Shard } from "../../src/enclave/core/shard.ts";
import { createStf } from "../../src/enclave/chain/stf_adapter.ts";
import type { EnclaveKeys } from "../../src/enclave/keys.ts";
import { accountId, blockHash, h256 } from "../../src/primitives/branded.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { ok } from "../../src/primitives/result.ts";
import { blockPayload, openPayload } from "../../src/sidechain/block_payload.ts";
import type { ChainPoint } from "../../src/sidechain/chain_block.ts";
import { assembleBlock } from "../../src/sidechain/compose.ts";
import { proposeBlock } from "../../src/sidechain/propose.ts";
import { encryptDiff } from "../../src/state/diff_encryption.ts";
import type { StateKeys } from "../../src/state/state_keys.ts";
import type { BlockData } from "../../src/types/block_data.ts";
import { computeBlockDataHash, computeBlockDigest } from "../../src/types/block_digest.ts";
import type { PrologueItem } from "../../src/types/prologue_item.ts";
import { computeHeaderHash } from "../../src/types/sidechain_header.ts";
import { type Block, blockSigningMessage, type SignedBlock, signedBlock } from "../../src/types/signed_block.ts";
import { blocksBetween, type ParentBlock } from "./parentchain.ts";
import type { Random } from "./random.ts";

/** Rules that a bad block can break. */
export const BAD_BLOCKS = [
  "deposits left out",
  "deposits twice",
  "other root",
  "slot of another",
  "slot in the future",
  "old parentchain block",
  "unknown parentchain block",
  "signed by another",
  "receipts of others",
  "other parent",
] as const;
/** One of them. */
export type BadBlock = typeof BAD_BLOCKS[number];

/** Who makes bad blocks, and of what. */
export interface EvilContext {
  readonly shard: Shard;
  readonly keys: EnclaveKeys;
  readonly random: Random;
  readonly slotDurationMs: bigint;
  /** The parentchain block of a hash. */
  readonly parentBlock: (hash: Uint8Array) => ParentBlock | undefined;
  readonly vault: Uint8Array;
  readonly signers: ReadonlySet<string>;
  /** Newest parentchain block that every validateer knows. */
  readonly layerOne: ParentBlock;
}

function stateKeysOf(keys: EnclaveKeys): StateKeys {
  return { ...keys, olderStateKeys: new Map() };
}

/** A second block for the slot of one: the same content under another salt, or no calls. */
export async function equivocate(context: EvilContext, { block }: SignedBlock): Promise<Uint8Array | undefined> {
  const { keys, random, shard } = context;
  const { header, blockData } = block;
  if (random.chance(0.5)) {
    const parent = shard.chain.get(header.parentHash);
    const layerOne = context.parentBlock(blockData.layerOneHead);
    if (parent === undefined || layerOne === undefined) return undefined;
    return await makeBlock(context, parent, { timestampMs: blockData.timestamp, layerOne });
  }
  const stateKeys = stateKeysOf(keys);
  const payload = await openPayload(block, stateKeys);
  if (!payload.ok) return undefined;
  const { shardId, blockNumber, parentHash } = header;
  const place = { shard: shardId, blockNumber, parentHash, author: blockData.blockAuthor };
  const plain = blockPayload.encode(payload.value);
  const encryptedStateDiff = await encryptDiff(stateKeys, place, random.bytes(32), plain);
  return sign({ header, blockData: { ...blockData, encryptedStateDiff } }, keys.signer);
}

/** A block on the head of a chain that breaks one rule. */
export async function makeBadBlock(
  context: EvilContext,
  kind: BadBlock,
  nowMs: number,
): Promise<Uint8Array | undefined> {
  const { shard, keys, random, slotDurationMs, layerOne } = context;
  const { head } = shard.chain;
  const duration = Number(slotDurationMs);
  const timestampMs = BigInt(
    kind === "slot of another" ? nowMs + duration : kind === "slot in the future" ? nowMs + 40 * duration : nowMs,
  );
  const parent: ChainPoint = kind === "other parent" ? { ...head, hash: blockHash(random.bytes(32)) } : head;
  const old = context.parentBlock(head.layerOneHead.hash)?.parent;
  return await makeBlock(context, parent, {
    timestampMs,
    layerOne: kind === "old parentchain block" && old !== undefined ? old : layerOne,
    prologue: (items) => {
      if (kind === "deposits left out") return items.filter(({ type }) => type === "timestamp");
      return kind === "deposits twice" ? [...items, ...items.filter(({ type }) => type === "deposit")] : items;
    },
    data: (data) => {
      if (kind === "other root") return { ...data, stateRoot: h256(random.bytes(32)) };
      if (kind === "receipts of others") return { ...data, receiptsHash: h256(random.bytes(32)) };
      return kind === "unknown parentchain block" ? { ...data, layerOneHead: blockHash(random.bytes(32)) } : data;
    },
    signer: kind === "signed by another" ? { ...keys.signer, seed: random.bytes(32) } : keys.signer,
  });
}

interface BlockWish {
  readonly timestampMs: bigint;
  readonly layerOne: ParentBlock;
  readonly prologue?: (items: readonly PrologueItem[]) => readonly PrologueItem[];
  readonly data?: (data: BlockData) => BlockData;
  readonly signer?: Ed25519Pair;
}

async function makeBlock(context: EvilContext, parent: ChainPoint, wish: BlockWish): Promise<Uint8Array | undefined> {
  const { shard, keys, random } = context;
  const items = prologueOf(context, parent, wish.layerOne);
  if (items === undefined) return undefined;
  const stateKeys = stateKeysOf(keys);
  const author = accountId(keys.signer.publicKey);
  const place = { shard: shard.setup.shard, blockNumber: parent.number + 1n, parentHash: parent.hash, author };
  const input = {
    shard: shard.setup.shard,
    author,
    parent,
    layerOneHead: { hash: wish.layerOne.hash, number: wish.layerOne.number },
    timestampMs: wish.timestampMs,
    prologue: items,
    calls: [],
    hasTime: () => true,
    keys: stateKeys,
    stf: createStf(shard.stf, () => ok(undefined)),
  };
  const changed = wish.prologue?.(items) ?? items;
  // What the state transition function would refuse is only said, and not done.
  const made = proposeBlock({ ...input, prologue: changed });
  const proposal = made.ok ? made : proposeBlock(input);
  if (!proposal.ok) return undefined;
  const plain = blockPayload.encode({ diff: proposal.value.diff, receipts: proposal.value.receipts });
  const sealed = await encryptDiff(stateKeys, place, random.bytes(32), plain);
  const { header, blockData } = assembleBlock({ ...proposal.value, prologue: changed }, sealed);
  return sign({ header, blockData: wish.data?.(blockData) ?? blockData }, wish.signer ?? keys.signer);
}

/** The items that a true prologue has; `undefined` if the parentchain block is not above the parent's. */
function prologueOf(
  context: EvilContext,
  parent: ChainPoint,
  layerOne: ParentBlock,
): readonly PrologueItem[] | undefined {
  const from = context.parentBlock(parent.layerOneHead.hash);
  if (from === undefined) return undefined;
  if (layerOne.number <= from.number) return [];
  const vault = toHex(context.vault);
  return blocksBetween(from, layerOne).flatMap(({ number, facts }): PrologueItem[] => {
    const place = { parentchain: "Integritee" as const, blockNumber: number };
    const deposits = facts.transfers.filter(({ from, to }) =>
      to === vault && from !== vault && !context.signers.has(from)
    );
    return [
      { type: "timestamp", ...place, nowMs: BigInt(facts.nowMs) },
      ...deposits.map(({ index, from, amount }): PrologueItem => ({
        ...{ type: "deposit", ...place, itemIndex: index, from: accountId(fromHex(from)), amount },
      })),
    ];
  });
}

function sign({ header, blockData }: Block, signer: Ed25519Pair): Uint8Array {
  const bound = { ...header, blockDataHash: computeBlockDataHash(computeBlockDigest(blockData)) };
  const value = ed25519Sign(signer, blockSigningMessage(computeHeaderHash(bound)));
  return signedBlock.encode({ block: { header: bound, blockData }, signature: { type: "Ed25519", value } });
}
