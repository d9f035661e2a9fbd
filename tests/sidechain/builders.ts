/** A small world for tests of consensus: authorities, a parentchain, a state transition function, blocks. */
import { ed25519FromSeed, type Ed25519Pair, ed25519Sign } from "../../src/crypto/ed25519.ts";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import {
  type AccountId,
  accountId,
  type BlockHash,
  blockHash,
  h256,
  shardIdentifier,
  topHash,
} from "../../src/primitives/branded.ts";
import { utf8 } from "../../src/primitives/bytes.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { err, ok, unwrap } from "../../src/primitives/result.ts";
import {
  type ChainBlock,
  type ChainGenesis,
  type ChainPoint,
  createChainBlock,
  createGenesis,
} from "../../src/sidechain/chain_block.ts";
import { composeBlock } from "../../src/sidechain/compose.ts";
import type { ImportContext } from "../../src/sidechain/import.ts";
import { computeNextFinalization } from "../../src/sidechain/next_finalization.ts";
import type { LayerOneView } from "../../src/sidechain/layer_one_view.ts";
import { type Proposal, proposeBlock, type ReadyCall, type SidechainStf } from "../../src/sidechain/propose.ts";
import { SidechainChain } from "../../src/sidechain/chain.ts";
import { commitOverlay } from "../../src/state/diff.ts";
import { Overlay } from "../../src/state/overlay.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";
import type { StateKeys } from "../../src/state/state_keys.ts";
import { computeBlockDataHash, computeBlockDigest } from "../../src/types/block_digest.ts";
import type { BlockData } from "../../src/types/block_data.ts";
import type { PrologueItem } from "../../src/types/prologue_item.ts";
import type { CallOutcome } from "../../src/types/receipt.ts";
import { computeHeaderHash, type SidechainHeader } from "../../src/types/sidechain_header.ts";
import { blockSigningMessage, type SignedBlock } from "../../src/types/signed_block.ts";

/** Length of a slot in these tests. */
export const SLOT_MS = 300n;
/** The shard of these tests. */
export const SHARD = shardIdentifier(new Uint8Array(32).fill(0x5a));
/** Keys of the state in these tests. */
export const KEYS: StateKeys = {
  epoch: 0,
  stateKey: new Uint8Array(32).fill(1),
  pathKey: new Uint8Array(32).fill(2),
  saltKey: new Uint8Array(32).fill(3),
  olderStateKeys: new Map(),
};

const PAIRS = [1, 2, 3].map((byte) => ed25519FromSeed(new Uint8Array(32).fill(byte)));
/** Three validateers; the first two are authorities unless a test says otherwise. */
export const [ALICE, BOB, CHARLIE] = PAIRS.map(({ publicKey }) => accountId(publicKey)) as [
  AccountId,
  AccountId,
  AccountId,
];

/** The key pair of a validateer. */
export function pairOf(author: AccountId): Ed25519Pair {
  const pair = PAIRS.find(({ publicKey }) => toHex(publicKey) === toHex(author));
  if (pair === undefined) throw new TypeError("Cannot find pair: no such author");
  return pair;
}

/** Hash of the parentchain block of a number. */
export function layerOneHash(number: number): BlockHash {
  return blockHash(blake2_256(utf8(`layer one ${number}`)));
}

/** A parentchain that can be changed; deposits are due from their block on. */
export class FakeLayerOne implements LayerOneView {
  newestNumber = 10;
  authorities: readonly AccountId[] = [ALICE, BOB];
  /** Authorities that differ from then on. */
  readonly authoritiesFrom = new Map<number, readonly AccountId[]>();
  items: readonly PrologueItem[] = [];
  readonly withoutAuthorities = new Set<number>();
  withoutItems = false;

  numberOf(hash: BlockHash): number | undefined {
    for (let number = 0; number <= this.newestNumber; number++) {
      if (toHex(layerOneHash(number)) === toHex(hash)) return number;
    }
    return undefined;
  }

  authoritiesAt(hash: BlockHash): readonly AccountId[] | undefined {
    const number = this.numberOf(hash);
    if (number === undefined || this.withoutAuthorities.has(number)) return undefined;
    let authorities = this.authorities;
    for (const [from, changed] of this.authoritiesFrom) if (from <= number) authorities = changed;
    return authorities;
  }

  prologueItems(
    state: { get(key: Uint8Array): Uint8Array | undefined },
    head: BlockHash,
  ): readonly PrologueItem[] | undefined {
    const number = this.numberOf(head);
    if (this.withoutItems || number === undefined) return undefined;
    const cursor = state.get(CURSOR)?.[0] ?? 0;
    return this.items.filter(({ blockNumber }) => blockNumber > cursor && blockNumber <= number);
  }
}

const CURSOR = utf8("cursor");

/** A call of the tests: writes a key, or fails, or throws. */
export interface FakeCall {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly end?: Exclude<CallOutcome, "Success"> | "throw";
}

/** A state transition function that writes what calls say, and `fee` for each call, also a failed one. */
export const FAKE_STF: SidechainStf<FakeCall, string> = {
  beginBlock: (store, { blockNumber }) => store.set(utf8("number"), new Uint8Array([Number(blockNumber)])),
  applyPrologue: (store, _context, items) => {
    for (const item of items) {
      if (item.type === "deposit" && item.amount === 0n) return err({ code: "NoAmount" });
      store.set(CURSOR, new Uint8Array([item.blockNumber]));
    }
    return ok(undefined);
  },
  executeCall: (store, _context, { key, value, end }) => {
    store.set(utf8("fee"), new Uint8Array([(store.get(utf8("fee"))?.[0] ?? 0) + 1]));
    return store.transaction(() => {
      store.set(key, value);
      if (end === "throw") throw new TypeError("a mistake in the state transition function");
      return end === undefined ? ok([toHex(key)]) : err({ code: end });
    });
  },
};

/** A call with its hash. */
export function readyCall(byte: number, end?: FakeCall["end"]): ReadyCall<FakeCall> {
  const call = { key: new Uint8Array([0xca, byte]), value: new Uint8Array([byte]), ...(end && { end }) };
  return { topHash: topHash(blake2_256(new Uint8Array([byte]))), call };
}

/** The position before the first block, with some state. */
export function genesis(): ChainGenesis {
  const overlay = new Overlay(StateSnapshot.empty());
  overlay.set(utf8("genesis"), new Uint8Array([1]));
  const { snapshot } = commitOverlay(StateSnapshot.empty(), overlay, 0n, KEYS);
  return createGenesis(snapshot, { hash: layerOneHash(1), number: 1 });
}

/** Makes valid blocks, and broken ones whose author signed them nevertheless. */
export class SidechainBlockBuilder {
  #author: AccountId | undefined;
  #slot: bigint | undefined;
  #layerOne: number | undefined;
  #calls: readonly ReadyCall<FakeCall>[] = [];
  #salt = new Uint8Array(32).fill(9);
  #keys = KEYS;
  #prologue: readonly PrologueItem[] | undefined;
  #bend: (proposal: Proposal<string>) => Proposal<string> = (proposal) => proposal;
  readonly #view: FakeLayerOne;

  constructor(view: FakeLayerOne) {
    this.#view = view;
  }

  by(author: AccountId): this {
    this.#author = author;
    return this;
  }

  inSlot(slot: bigint): this {
    this.#slot = slot;
    return this;
  }

  on(layerOneNumber: number): this {
    this.#layerOne = layerOneNumber;
    return this;
  }

  withCalls(...calls: readonly ReadyCall<FakeCall>[]): this {
    this.#calls = calls;
    return this;
  }

  withSalt(byte: number): this {
    this.#salt = new Uint8Array(32).fill(byte);
    return this;
  }

  withKeys(keys: StateKeys): this {
    this.#keys = keys;
    return this;
  }

  withPrologue(items: readonly PrologueItem[]): this {
    this.#prologue = items;
    return this;
  }

  /** Changes the proposal before it is encrypted and signed. */
  bent(bend: (proposal: Proposal<string>) => Proposal<string>): this {
    this.#bend = bend;
    return this;
  }

  /** The slot after the parent's, unless said otherwise. */
  slotAfter(parent: ChainPoint): bigint {
    return this.#slot ?? (parent.slot === 0n ? 1000n : parent.slot + 1n);
  }

  async build(
    parent: ChainPoint,
  ): Promise<{ signed: SignedBlock; chainBlock: ChainBlock; proposal: Proposal<string> }> {
    const slot = this.slotAfter(parent);
    const number = this.#layerOne ?? Math.max(2, parent.layerOneHead.number);
    const layerOneHead = { hash: layerOneHash(number), number };
    const turn = this.#view.authorities[Number(slot % BigInt(this.#view.authorities.length))] as AccountId;
    const author = this.#author ?? turn;
    const prologue = this.#prologue ?? this.#view.prologueItems(parent.snapshot, layerOneHead.hash) ?? [];
    const proposal = this.#bend(unwrap(proposeBlock({
      ...{ shard: SHARD, author, parent, layerOneHead, prologue, stf: FAKE_STF, keys: KEYS, calls: this.#calls },
      timestampMs: slot * SLOT_MS,
      hasTime: () => true,
    })));
    const sign = (message: Uint8Array) => ed25519Sign(pairOf(author), message);
    const ports = { keys: this.#keys, salt: this.#salt, sign, slotDurationMs: SLOT_MS };
    return { ...await composeBlock(proposal, ports), proposal };
  }
}

/** A block with other data or header fields, committed to and signed again by its author. */
export function resigned(
  signed: SignedBlock,
  data: Partial<BlockData>,
  header: Partial<SidechainHeader> = {},
): SignedBlock {
  const blockData = { ...signed.block.blockData, ...data };
  const blockDataHash = computeBlockDataHash(computeBlockDigest(blockData));
  const block = { header: { ...signed.block.header, blockDataHash, ...header }, blockData };
  const message = blockSigningMessage(computeHeaderHash(block.header));
  const value = ed25519Sign(pairOf(blockData.blockAuthor), message);
  return { block, signature: { type: "Ed25519", value } };
}

/** A validateer that has a chain from genesis and looks at a parentchain. */
export function importer(view: FakeLayerOne = new FakeLayerOne()): {
  view: FakeLayerOne;
  chain: SidechainChain;
  context: ImportContext;
} {
  const chain = new SidechainChain(genesis());
  const context: ImportContext = {
    ...{ shard: SHARD, slotDurationMs: SLOT_MS, nowMs: 2000n * SLOT_MS, blocks: chain, layerOne: view, keys: KEYS },
    mode: "live",
  };
  return { view, chain, context };
}

/** A timestamp item of a parentchain block. */
export function timestampItem(blockNumber: number): PrologueItem {
  return { type: "timestamp", parentchain: "Integritee", blockNumber, nowMs: BigInt(blockNumber) * 12_000n };
}

/** A block of the chain whose content does not matter: no calls, no signature, the parent's state. */
export function plainBlock(parent: ChainPoint, author: AccountId = ALICE, slot: bigint = parent.slot + 1n): ChainBlock {
  const zero = h256(new Uint8Array(32));
  const number = parent.number + 1n;
  const blockData: BlockData = {
    ...{
      timestamp: slot * SLOT_MS,
      layerOneHead: parent.layerOneHead.hash,
      layerOneNumber: parent.layerOneHead.number,
    },
    ...{ blockAuthor: author, signedTopHashes: [], encryptedStateDiff: new Uint8Array(0), stateRoot: zero },
    ...{ receiptsHash: zero, prologueHash: zero },
  };
  const header: SidechainHeader = {
    ...{ parentHash: parent.hash, blockNumber: number, shardId: SHARD },
    blockDataHash: computeBlockDataHash(computeBlockDigest(blockData)),
    nextFinalizationBlockNumber: computeNextFinalization(
      number,
      parent.type === "block" ? parent.header.nextFinalizationBlockNumber : undefined,
    ),
  };
  const signed: SignedBlock = {
    block: { header, blockData },
    signature: { type: "Ed25519", value: new Uint8Array(64) },
  };
  return createChainBlock(signed, parent.snapshot, [], SLOT_MS);
}

/** A row of plain blocks upon `parent`, oldest first. */
export function plainBlocks(parent: ChainPoint, authors: readonly AccountId[]): ChainBlock[] {
  const blocks: ChainBlock[] = [];
  for (const author of authors) blocks.push(plainBlock(blocks[blocks.length - 1] ?? parent, author));
  return blocks;
}
