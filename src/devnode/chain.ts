/**
 * The chain of a node: a tree of blocks above the newest final one, whose best leaf is the head. Blocks that the node
 * makes and blocks of others enter it alike; each is durable before it is the head.
 *
 * @module
 */
import { u32, u64 } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { auraSlot } from "../parentchain/aura.ts";
import { type ParentchainHeader, parentchainHeader } from "../parentchain/header.ts";
import { type BlockHash, blockHash } from "../primitives/branded.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { Trie } from "../trie/trie.ts";
import type { TrieVersion } from "../trie/trie_version.ts";
import { slotAt } from "./aura.ts";
import { type AuthorityHistory, authorityHistory, noteHeader } from "./authority_history.ts";
import { authorBlock, type AuthorError } from "./block_author.ts";
import { type CandidateBlock, executeBlock, type ImportError } from "./block_import.ts";
import { type BlockTree, isBetterHead, type TreeBlock } from "./block_tree.ts";
import { ChainError } from "./chain_error.ts";
import {
  assertSameChain,
  AUTHORED_SLOT,
  AUTHORITY_SETS,
  type ChainParts,
  createGenesis,
  FINALIZED,
  MAX_SIDE_BLOCKS,
  metaOf,
  NEWEST_JUSTIFICATION,
  storeGenesis,
} from "./chain_genesis.ts";
import { restoreTree } from "./chain_restore.ts";
import type { AuthoredStep, ChainBlock, ChainFinality, ChainStep, StateError } from "./chain_step.ts";
import type { StoredBlock, StoredJustification } from "./chain_store.ts";
import { advanceFinality, isKept, selectKept } from "./finality.ts";
import { type FinalityError, verifyFinality } from "./justification_import.ts";
import type { PoolTransaction } from "./pool/transaction.ts";
import type { RuntimePort } from "./runtime/runtime_interface.ts";
import { diffStates } from "./state_diff.ts";
import type { StateHistory } from "./state_history.ts";

/** A chain; blocks are added by {@linkcode DevChain.author} and {@linkcode DevChain.import}. */
export class DevChain<Block> {
  /** The runtime that executes its blocks. */
  readonly runtime: RuntimePort<Trie, Block>;
  /** Hash of block 0. */
  readonly genesisHash: BlockHash;
  readonly #parts: ChainParts<Block>;
  readonly #states: StateHistory;
  readonly #tree: BlockTree;
  #head: TreeBlock;
  #finalized: number;
  #authoredSlot: bigint;

  /** Opens the chain in a store, or begins it. @throws {ChainError} If the store is of another chain or damaged. */
  constructor(parts: ChainParts<Block>) {
    const { store } = parts;
    this.#parts = parts;
    this.runtime = parts.runtime;
    const genesis = createGenesis(parts);
    this.genesisHash = genesis.hash;
    if (store.headNumber() === undefined) storeGenesis(parts, genesis);
    else assertSameChain(parts, genesis);
    this.#finalized = u32.decode(metaOf(store, FINALIZED));
    const authored = store.meta(AUTHORED_SLOT);
    this.#authoredSlot = authored === undefined ? 0n : u64.decode(authored);
    const restored = restoreTree(parts, genesis, this.#finalized);
    this.#tree = restored.tree;
    this.#states = restored.states;
    this.#head = restored.head;
  }

  /** The best block. */
  get head(): TreeBlock {
    return this.#head;
  }

  /** The blocks that can still become final, in memory. */
  get tree(): BlockTree {
    return this.#tree;
  }

  /** Number of the newest final block. */
  get finalizedNumber(): number {
    return this.#finalized;
  }

  /** Hash of the newest final block. */
  get finalizedHash(): BlockHash {
    return this.hashOf(this.#finalized) ?? this.genesisHash;
  }

  /** Every set of voters there was, is and is announced on the way to the head. */
  get authorities(): AuthorityHistory {
    return this.#head.authorities;
  }

  /** How states are hashed. */
  get stateVersion(): TrieVersion {
    return this.runtime.version.stateVersion === 0 ? 0 : 1;
  }

  /** A block of the chain by its number. */
  block(number: number): StoredBlock | undefined {
    return this.#parts.store.block(number);
  }

  /** The hash of a block of the chain by its number. */
  hashOf(number: number): BlockHash | undefined {
    const hash = this.#parts.store.hashOf(number);
    return hash === undefined ? undefined : blockHash(hash);
  }

  /** The number of a block of the chain by its hash. */
  numberOf(hash: Uint8Array): number | undefined {
    return this.#parts.store.numberOf(hash);
  }

  /** A header of the chain by its number. */
  header(number: number): ParentchainHeader | undefined {
    const block = this.#parts.store.block(number);
    return block === undefined ? undefined : parentchainHeader.decode(block.header);
  }

  /** A block by its hash, on the chain or not. */
  find(hash: Uint8Array): StoredBlock | undefined {
    const number = this.numberOf(hash);
    return number === undefined ? this.#parts.store.side(hash) : this.block(number);
  }

  /** A header by its hash, on the chain or not. */
  headerOf(hash: Uint8Array): ParentchainHeader | undefined {
    const known = this.#tree.get(hash);
    if (known !== undefined) return known.header;
    const block = this.find(hash);
    return block === undefined ? undefined : parentchainHeader.decode(block.header);
  }

  /** Blocks besides the chain that an earlier run has kept, in ascending order, to be imported again. */
  storedSides(): readonly CandidateBlock[] {
    return this.#parts.store.sides().map(({ header, extrinsics }) => ({
      header: parentchainHeader.decode(header),
      extrinsics,
    }));
  }

  /** The justification that is kept for exactly this block. */
  justification(number: number): Uint8Array | undefined {
    return this.#parts.store.justification(number);
  }

  /** The newest justification kept for one of these blocks. */
  newestJustification(from: number, to: number): StoredJustification | undefined {
    return this.#parts.store.newestJustification(from, to);
  }

  /** The proof by which the newest final block became final, if other voters than those at hand took part in it. */
  finalProof(): Uint8Array | undefined {
    return this.#parts.store.meta(NEWEST_JUSTIFICATION);
  }

  /** A value that is kept by name besides the chain. */
  meta(name: string): Uint8Array | undefined {
    return this.#parts.store.meta(name);
  }

  /** Makes a value durable that is kept by name. */
  saveMeta(name: string, value: Uint8Array): void {
    this.#parts.store.save({ [name]: value });
  }

  /** The state after a block. */
  stateAt(hash: Uint8Array): Result<Trie, StateError> {
    const known = this.#tree.get(hash);
    if (known !== undefined) return ok(known.state);
    const number = this.numberOf(hash);
    if (number === undefined) return err({ code: "UnknownBlock" });
    const state = this.#states.at(number);
    return state === undefined ? err({ code: "StateDiscarded" }) : ok(state);
  }

  /**
   * Makes the next block if its slot is free, and stores it.
   *
   * @param isOverdue Whether the time for transactions is over.
   */
  author(
    nowMs: number,
    candidates: readonly PoolTransaction[],
    isOverdue: () => boolean,
  ): Result<AuthoredStep, AuthorError | { readonly code: "SlotTaken"; readonly slot: bigint }> {
    const slot = slotAt(nowMs, this.runtime.slotDurationMs);
    const taken = auraSlot(this.#head.header);
    const isTaken = taken.ok && slot <= taken.value;
    if (isTaken || slot <= this.#authoredSlot) return err({ code: "SlotTaken", slot });
    const tools = { runtime: this.runtime, keys: this.#parts.keys.aura, isOverdue };
    const authored = authorBlock(tools, this.#head, slot, nowMs, candidates);
    if (!authored.ok) return authored;
    const { header, state, extrinsics, included, invalid } = authored.value;
    // Together with the block: the author of a slot makes one block in it, whatever becomes of the block.
    const step = this.#add(this.#head, header, state, extrinsics, { [AUTHORED_SLOT]: u64.encode(slot) });
    this.#authoredSlot = slot;
    return ok({ ...step, included, invalid });
  }

  /** Checks a block of another author, executes it and stores it. */
  import(candidate: CandidateBlock, nowMs: number): Result<ChainStep, ImportError> {
    const { header, extrinsics } = candidate;
    const hash = blake2_256(parentchainHeader.encode(header));
    if (this.#tree.get(hash) !== undefined || this.numberOf(hash) !== undefined) return err({ code: "AlreadyKnown" });
    if (header.number <= this.#finalized) return err({ code: "BehindFinality" });
    const parent = this.#tree.get(header.parentHash);
    if (parent === undefined) return err({ code: "UnknownParent" });
    const sides = this.#tree.size - 1 - (this.#head.number - this.#tree.root.number);
    if (parent !== this.#head && sides >= (this.#parts.maxSideBlocks ?? MAX_SIDE_BLOCKS)) {
      return err({ code: "TooManySides" });
    }
    const executed = executeBlock(this.runtime, parent, candidate, nowMs);
    return executed.ok ? ok(this.#add(parent, header, executed.value, extrinsics, {})) : executed;
  }

  /** Lets the voters at hand prove what they can, and stores it; for a node without others. */
  finalize(): ChainFinality {
    const { keys, justifications: policy } = this.#parts;
    const targetOf = (number: number) => ({ number, hash: this.hashOf(number) ?? this.genesisHash });
    const step = advanceFinality(
      this.#finalized,
      this.#head.number,
      this.authorities,
      keys.grandpa,
      policy,
      targetOf,
    );
    if (step.finalized === this.#finalized) return { finalized: [], justifications: [], step: undefined };
    return this.#finalizeTo(
      step.finalized,
      step.justifications,
      selectKept(step.justifications, this.authorities, policy),
    );
  }

  /** Takes a proof of finality that voters of a network made; changes to its fork if the head is on another. */
  importJustification(bytes: Uint8Array): Result<ChainFinality, FinalityError> {
    const verified = verifyFinality(this, bytes);
    if (!verified.ok) return verified;
    const target = verified.value;
    const isOnChain = this.#tree.isDescendant(this.#head, target);
    const step = isOnChain ? undefined : this.#moveHead(this.#tree.best(target), undefined, {});
    const { justifications: policy } = this.#parts;
    const proof = { number: target.number, bytes };
    const kept = isKept(target.number, this.#finalized, target.authorities, policy) ? [proof] : [];
    const meta = { [NEWEST_JUSTIFICATION]: bytes };
    return ok({ ...this.#finalizeTo(target.number, [proof], kept, meta), step });
  }

  /** Closes the store. */
  close(): void {
    this.#parts.store.close();
  }

  #finalizeTo(
    number: number,
    justifications: readonly StoredJustification[],
    kept: readonly StoredJustification[],
    meta: Readonly<Record<string, Uint8Array>> = {},
  ): ChainFinality {
    const root = this.#tree.ancestorAt(this.#head, number);
    const dropped = root === undefined ? [] : this.#tree.prune(root);
    this.#parts.store.finalize({
      justifications: kept,
      meta: { ...meta, [FINALIZED]: u32.encode(number) },
      droppedSides: dropped.map(({ hash }) => hash),
    });
    const finalized = [];
    for (let next = this.#finalized + 1; next <= number; next++) {
      finalized.push({ number: next, hash: this.hashOf(next) ?? this.genesisHash });
    }
    this.#finalized = number;
    return { finalized, justifications, step: undefined };
  }

  #add(
    parent: TreeBlock,
    header: ParentchainHeader,
    state: Trie,
    extrinsics: readonly Uint8Array[],
    meta: Readonly<Record<string, Uint8Array>>,
  ): ChainStep {
    const hash = blockHash(blake2_256(parentchainHeader.encode(header)));
    const authorities = noteHeader(parent.authorities, header);
    const block: TreeBlock = { number: header.number, hash, header, state, authorities };
    const content = { number: block.number, hash, header, extrinsics };
    this.#tree.add(block);
    try {
      if (isBetterHead(block, this.#head)) return this.#moveHead(block, extrinsics, meta);
      this.#parts.store.keepSide(storedBlock(block, extrinsics));
    } catch (error) {
      // What is not stored is not known: a full disk must not leave a hole in the chain.
      this.#tree.remove(block);
      throw error;
    }
    return { block: content, isHead: false, changes: [], retracted: [], enacted: [] };
  }

  /** Makes a block of the tree the head; `extrinsics` are those of a block that is not stored yet. */
  #moveHead(
    to: TreeBlock,
    extrinsics: readonly Uint8Array[] | undefined,
    meta: Readonly<Record<string, Uint8Array>>,
  ): ChainStep {
    const from = this.#head;
    const path = this.#tree.path(from, to);
    const contentOf = (block: TreeBlock): ChainBlock => {
      const body = block === to && extrinsics !== undefined ? extrinsics : this.find(block.hash)?.extrinsics;
      if (body === undefined) throw new ChainError("StoreIncomplete", `Cannot find the body of block ${block.number}`);
      return { number: block.number, hash: block.hash, header: block.header, extrinsics: body };
    };
    const retracted = path.retracted.map(contentOf);
    const enacted = path.enacted.map(contentOf);
    const changes = diffStates(from.state, to.state);
    const isNewSets = from.authorities !== to.authorities;
    const sets = isNewSets ? { [AUTHORITY_SETS]: authorityHistory.encode(to.authorities) } : {};
    const above = (path.enacted[0]?.number ?? to.number + 1) - 1;
    this.#storePath(above, path.enacted, enacted, { ...meta, ...sets });
    this.#states.retract(above, from.number);
    for (const block of path.enacted) this.#states.add(block.number, block.state);
    this.#head = to;
    const block = enacted.at(-1) ?? contentOf(to);
    return { block, isHead: true, changes, retracted, enacted };
  }

  #storePath(
    above: number,
    blocks: readonly TreeBlock[],
    contents: readonly ChainBlock[],
    meta: Readonly<Record<string, Uint8Array>>,
  ): void {
    const { store, statesKept } = this.#parts;
    const commits = blocks.map((block, i) => ({
      block: storedBlock(block, contents[i]?.extrinsics ?? []),
      changes: diffStates(this.#tree.get(block.header.parentHash)?.state ?? this.#head.state, block.state),
    }));
    const [first] = commits;
    if (first !== undefined && commits.length === 1 && above === this.#head.number) {
      // Only what is final is folded: a fork can begin at any block above it.
      const foldUpTo = Math.min(first.block.number - statesKept, this.#finalized);
      store.commit({ ...first, meta, foldUpTo });
    } else store.switchFork({ above, blocks: commits, meta });
  }
}

function storedBlock({ number, hash, header }: TreeBlock, extrinsics: readonly Uint8Array[]): StoredBlock {
  return { number, hash, header: parentchainHeader.encode(header), extrinsics };
}
