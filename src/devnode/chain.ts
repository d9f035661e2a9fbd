/**
 * The chain of one author: blocks follow one another without forks, each is durable before it is the head.
 *
 * @module
 */
import { u32 } from "../codec/codec.ts";
import { auraSlot } from "../parentchain/aura.ts";
import { type ParentchainHeader, parentchainHeader } from "../parentchain/header.ts";
import { type BlockHash, blockHash } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { type Trie, trieRoot } from "../trie/trie.ts";
import type { TrieVersion } from "../trie/trie_version.ts";
import { slotAt } from "./aura.ts";
import { type AuthorityHistory, authorityHistory, noteHeader } from "./authority_history.ts";
import { authorBlock, type AuthoredBlock, type AuthorError } from "./block_author.ts";
import { ChainError } from "./chain_error.ts";
import {
  assertSameChain,
  AUTHORITY_SETS,
  type ChainParts,
  createGenesis,
  FINALIZED,
  type Genesis,
  metaOf,
  storeGenesis,
} from "./chain_genesis.ts";
import type { StoredBlock, StoredJustification } from "./chain_store.ts";
import { advanceFinality, selectKept } from "./finality.ts";
import type { PoolTransaction } from "./pool/transaction.ts";
import type { RuntimePort } from "./runtime/runtime_interface.ts";
import { diffStates, type StateChange } from "./state_diff.ts";
import { replayStates, StateHistory } from "./state_history.ts";

/** The newest block. */
export interface ChainHead {
  readonly number: number;
  readonly hash: BlockHash;
  readonly header: ParentchainHeader;
  readonly state: Trie;
}

/** A new head and all that came with it. */
export interface ChainStep {
  readonly block: AuthoredBlock;
  /** What it changed in the state. */
  readonly changes: readonly StateChange[];
}

/** What became final. */
export interface ChainFinality {
  /** Blocks that became final, in ascending order. */
  readonly finalized: readonly { readonly number: number; readonly hash: BlockHash }[];
  /** New proofs of finality, whether they are kept or not. */
  readonly justifications: readonly StoredJustification[];
}

/** Why a state is not there. */
export type StateError =
  /** No block has this hash. */
  | { readonly code: "UnknownBlock" }
  /** The block is too old. */
  | { readonly code: "StateDiscarded" };

/** A chain; blocks are added by {@linkcode DevChain.author} only. */
export class DevChain<Block> {
  /** The runtime that executes its blocks. */
  readonly runtime: RuntimePort<Trie, Block>;
  /** Hash of block 0. */
  readonly genesisHash: BlockHash;
  readonly #parts: ChainParts<Block>;
  readonly #states: StateHistory;
  #head: ChainHead;
  #finalized: number;
  #authorities: AuthorityHistory;

  /** Opens the chain in a store, or begins it. @throws {ChainError} If the store is of another chain or damaged. */
  constructor(parts: ChainParts<Block>) {
    this.#parts = parts;
    this.runtime = parts.runtime;
    this.#states = new StateHistory(parts.statesKept);
    const genesis = createGenesis(parts);
    this.genesisHash = genesis.hash;
    if (parts.store.headNumber() === undefined) storeGenesis(parts, genesis);
    else assertSameChain(parts, genesis);
    this.#finalized = u32.decode(metaOf(parts.store, FINALIZED));
    this.#authorities = authorityHistory.decode(metaOf(parts.store, AUTHORITY_SETS));
    this.#head = this.#restoreStates(genesis);
  }

  /** The newest block. */
  get head(): ChainHead {
    return this.#head;
  }

  /** Number of the newest final block. */
  get finalizedNumber(): number {
    return this.#finalized;
  }

  /** Hash of the newest final block. */
  get finalizedHash(): BlockHash {
    return this.hashOf(this.#finalized) ?? this.genesisHash;
  }

  /** Every set of voters there was, is and is announced. */
  get authorities(): AuthorityHistory {
    return this.#authorities;
  }

  /** How states are hashed. */
  get stateVersion(): TrieVersion {
    return this.runtime.version.stateVersion === 0 ? 0 : 1;
  }

  /** A block by its number. */
  block(number: number): StoredBlock | undefined {
    return this.#parts.store.block(number);
  }

  /** The hash of a block by its number. */
  hashOf(number: number): BlockHash | undefined {
    const hash = this.#parts.store.hashOf(number);
    return hash === undefined ? undefined : blockHash(hash);
  }

  /** The number of a block by its hash. */
  numberOf(hash: Uint8Array): number | undefined {
    return this.#parts.store.numberOf(hash);
  }

  /** A header by its number. */
  header(number: number): ParentchainHeader | undefined {
    const block = this.#parts.store.block(number);
    return block === undefined ? undefined : parentchainHeader.decode(block.header);
  }

  /** The justification that is kept for exactly this block. */
  justification(number: number): Uint8Array | undefined {
    return this.#parts.store.justification(number);
  }

  /** The newest justification kept for one of these blocks. */
  newestJustification(from: number, to: number): StoredJustification | undefined {
    return this.#parts.store.newestJustification(from, to);
  }

  /** The state after a block. */
  stateAt(hash: Uint8Array): Result<Trie, StateError> {
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
  ): Result<ChainStep, AuthorError | { readonly code: "SlotTaken"; readonly slot: bigint }> {
    const slot = slotAt(nowMs, this.runtime.slotDurationMs);
    const taken = auraSlot(this.#head.header);
    if (taken.ok && slot <= taken.value) return err({ code: "SlotTaken", slot });
    const tools = { runtime: this.runtime, keys: this.#parts.keys.aura, isOverdue };
    const authored = authorBlock(tools, this.#head, slot, nowMs, candidates);
    return authored.ok ? ok(this.#append(authored.value)) : authored;
  }

  /** Lets the voters at hand prove what they can, and stores it. */
  finalize(): ChainFinality {
    const { store, keys, justifications: policy } = this.#parts;
    const targetOf = (number: number) => ({ number, hash: this.hashOf(number) ?? this.genesisHash });
    const head = this.#head.number;
    const step = advanceFinality(this.#finalized, head, this.#authorities, keys.grandpa, policy, targetOf);
    if (step.finalized === this.#finalized) return { finalized: [], justifications: [] };
    store.finalize({
      justifications: selectKept(step.justifications, this.#authorities, policy),
      meta: { [FINALIZED]: u32.encode(step.finalized) },
    });
    const finalized = [];
    for (let number = this.#finalized + 1; number <= step.finalized; number++) finalized.push(targetOf(number));
    this.#finalized = step.finalized;
    return { finalized, justifications: step.justifications };
  }

  /** Closes the store. */
  close(): void {
    this.#parts.store.close();
  }

  #append(block: AuthoredBlock): ChainStep {
    const { store, statesKept } = this.#parts;
    const changes = diffStates(this.#head.state, block.state);
    const authorities = noteHeader(this.#authorities, block.header);
    store.commit({
      block: { number: block.number, hash: block.hash, header: block.headerBytes, extrinsics: block.extrinsics },
      changes,
      meta: authorities === this.#authorities ? {} : { [AUTHORITY_SETS]: authorityHistory.encode(authorities) },
      foldUpTo: block.number - statesKept,
    });
    this.#authorities = authorities;
    this.#head = block;
    this.#states.add(block.number, block.state);
    return { block, changes };
  }

  #restoreStates(genesis: Genesis): ChainHead {
    const { store } = this.#parts;
    const stored = store.loadStates();
    const states: Iterable<readonly [number, Trie]> = stored === undefined
      ? [[0, genesis.state]]
      : replayStates(stored);
    let head: ChainHead | undefined;
    for (const [number, state] of states) {
      const header = this.header(number);
      const hash = this.hashOf(number);
      if (header === undefined || hash === undefined) {
        throw new ChainError("StoreIncomplete", `Cannot open the chain: block ${number} is missing`);
      }
      if (!equalBytes(trieRoot(state, this.stateVersion), header.stateRoot)) {
        throw new ChainError("StateCorrupt", `Cannot open the chain: the state of block ${number} is damaged`);
      }
      this.#states.add(number, state);
      head = { number, hash, header, state };
    }
    if (head === undefined || head.number !== store.headNumber()) {
      throw new ChainError("StoreIncomplete", "Cannot open the chain: the state of the newest block is missing");
    }
    return head;
  }
}
