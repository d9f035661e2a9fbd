/**
 * Beginning a chain in an empty store, and telling whether a store has the chain that is wanted.
 *
 * @module
 */
import { u32, u64 } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { parentchainHeader } from "../parentchain/header.ts";
import { type BlockHash, blockHash } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { computeOrderedRoot, emptyTrie, type Trie, trieRoot } from "../trie/trie.ts";
import { authorityHistory, genesisHistory } from "./authority_history.ts";
import { ChainError } from "./chain_error.ts";
import type { ChainStore } from "./chain_store.ts";
import type { DevKeys } from "./dev_keys.ts";
import type { JustificationPolicy } from "./finality.ts";
import type { GenesisPreset, RuntimePort } from "./runtime/runtime_interface.ts";
import { grandpaAuthorities } from "./runtime_calls.ts";
import { diffStates } from "./state_diff.ts";

/** Under this name the store keeps the block time. */
const SLOT_DURATION = "slot_duration";
/** Under this name the store keeps the number of the newest final block. */
export const FINALIZED = "finalized";
/** Under this name the store keeps the sets of voters. */
export const AUTHORITY_SETS = "authority_sets";

/** Under this name the store keeps the slot of the last block that this node made. */
export const AUTHORED_SLOT = "authored_slot";
/** Under this name the store keeps the proof of the newest final block. */
export const NEWEST_JUSTIFICATION = "newest_justification";

/**
 * Most blocks besides the chain that are kept with their states, about 20 KiB each: two hours of a fork with a block a
 * second.
 */
export const MAX_SIDE_BLOCKS = 8192;

/** What a chain is made of. */
export interface ChainParts<Block> {
  readonly runtime: RuntimePort<Trie, Block>;
  readonly preset: GenesisPreset;
  readonly store: ChainStore;
  readonly keys: DevKeys;
  readonly statesKept: number;
  readonly justifications: JustificationPolicy;
  /** Blocks besides the chain that are kept; by default {@linkcode MAX_SIDE_BLOCKS}. */
  readonly maxSideBlocks?: number;
}

/** Block 0 and its state. */
export interface Genesis {
  readonly hash: BlockHash;
  readonly headerBytes: Uint8Array;
  readonly state: Trie;
}

/** Builds block 0. */
export function createGenesis<Block>({ runtime, preset }: ChainParts<Block>): Genesis {
  const state = runtime.buildGenesis(preset);
  const headerBytes = parentchainHeader.encode({
    parentHash: blockHash(new Uint8Array(32)),
    number: 0,
    stateRoot: trieRoot(state, runtime.version.stateVersion === 0 ? 0 : 1),
    extrinsicsRoot: computeOrderedRoot([], 0),
    digest: [],
  });
  return { hash: blockHash(blake2_256(headerBytes)), headerBytes, state };
}

/** Begins the chain in an empty store. */
export function storeGenesis<Block>({ runtime, store }: ChainParts<Block>, genesis: Genesis): void {
  store.commit({
    block: { number: 0, hash: genesis.hash, header: genesis.headerBytes, extrinsics: [] },
    changes: diffStates(emptyTrie(), genesis.state),
    meta: {
      [FINALIZED]: u32.encode(0),
      [AUTHORITY_SETS]: authorityHistory.encode(genesisHistory(grandpaAuthorities(runtime, genesis))),
      [SLOT_DURATION]: u64.encode(BigInt(runtime.slotDurationMs)),
    },
    foldUpTo: -1,
  });
}

/** Checks that a store has the chain that is wanted. @throws {ChainError} If it has another. */
export function assertSameChain<Block>({ runtime, store }: ChainParts<Block>, genesis: Genesis): void {
  const stored = store.hashOf(0);
  if (stored === undefined || !equalBytes(stored, genesis.hash)) {
    throw new ChainError("GenesisMismatch", "Cannot open the chain: the database has another genesis block");
  }
  const slotDuration = u64.decode(metaOf(store, SLOT_DURATION));
  if (slotDuration !== BigInt(runtime.slotDurationMs)) {
    const want = `want ${slotDuration} ms as in the database, got ${runtime.slotDurationMs} ms`;
    throw new ChainError("BlockTimeMismatch", `Cannot open the chain with another block time: ${want}`);
  }
}

/** A value that every store of a chain has. @throws {ChainError} If it is missing. */
export function metaOf(store: ChainStore, name: string): Uint8Array {
  const value = store.meta(name);
  if (value === undefined) throw new ChainError("StoreIncomplete", `Cannot open the chain: "${name}" is missing`);
  return value;
}
