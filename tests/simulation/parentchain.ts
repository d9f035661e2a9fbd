/**
 * The parentchain of a simulation: the development runtime's pallets over immutable states, with forks of the unfinal tip,
 * a lag of finality, and what really happened on it, read by the runtime's own types.
 *
 * @module
 */
import { authorBlock } from "../../src/devnode/block_author.ts";
import { createDevKeys, type DevKeys } from "../../src/devnode/dev_keys.ts";
import { justifyBlock } from "../../src/devnode/grandpa.ts";
import type { PoolTransaction } from "../../src/devnode/pool/transaction.ts";
import { integriteeRuntime } from "../../src/devnode/runtime/definitions/integritee.ts";
import { eventsStorage } from "../../src/devnode/runtime/pallets/system/system.ts";
import { createRuntime, type Runtime } from "../../src/devnode/runtime/runtime.ts";
import { type ParentchainHeader, parentchainHeader } from "../../src/parentchain/header.ts";
import { ParentchainMetadata } from "../../src/parentchain/metadata.ts";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { type AccountId, type BlockHash, blockHash, h256 } from "../../src/primitives/branded.ts";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import { computeOrderedRoot, type Trie, trieGet, trieRoot } from "../../src/trie/trie.ts";

/** Secret URIs of those who author and vote. */
const AUTHORITIES = ["//Alice", "//Bob", "//Charlie"];
/** Blocks for which a transaction waits to be included. */
const TRANSACTION_LIFE = 80;

/** A transfer of native tokens as an event told it. */
export interface TransferFact {
  /** Place among the events of the block. */
  readonly index: number;
  readonly from: Hex;
  readonly to: Hex;
  readonly amount: bigint;
}

/** What happened in a block. */
export interface BlockFacts {
  readonly transfers: readonly TransferFact[];
  /** Sidechain blocks that were confirmed. */
  readonly confirmations: readonly { readonly number: bigint; readonly hash: Hex; readonly by: Hex }[];
  /** Signers of the shards, by shard, if the entries changed. */
  readonly nowMs: number;
}

/** A block of the parentchain. */
export interface ParentBlock {
  readonly number: number;
  readonly hash: BlockHash;
  readonly id: Hex;
  readonly header: ParentchainHeader;
  readonly headerBytes: Uint8Array;
  readonly extrinsics: readonly Uint8Array[];
  readonly state: Trie;
  readonly parent: ParentBlock | undefined;
  readonly slot: bigint;
  readonly facts: BlockFacts;
}

/** What all simulations of one block time share. */
export interface ParentchainRules {
  readonly runtime: Runtime;
  readonly metadata: ParentchainMetadata;
  readonly keys: DevKeys;
}

/** Makes the rules. */
export function createRules(blockMs: number): ParentchainRules {
  const parameters = { ...integriteeRuntime.parameters, slotDurationMs: blockMs, genesisAuthorities: AUTHORITIES };
  const runtime = createRuntime({ ...integriteeRuntime, parameters });
  return { runtime, metadata: new ParentchainMetadata(runtime.metadataV14), keys: createDevKeys(AUTHORITIES) };
}

interface Waiting {
  readonly transaction: PoolTransaction;
  readonly until: number;
}

/** A chain that grows. */
export class Parentchain {
  readonly rules: ParentchainRules;
  readonly genesis: ParentBlock;
  /** The block to build on. */
  tip: ParentBlock;
  /** The newest final block. */
  final: ParentBlock;
  readonly #waiting = new Map<Hex, Waiting>();
  /** Proofs of finality by block; not part of the blocks, which several chains share. */
  readonly #justifications = new Map<Hex, Uint8Array>();

  constructor(rules: ParentchainRules, genesis: ParentBlock) {
    this.rules = rules;
    this.genesis = genesis;
    this.tip = genesis;
    this.final = genesis;
  }

  /** Begins a chain whose accounts have the given balances. */
  static create(rules: ParentchainRules, balances: readonly (readonly [AccountId, bigint])[]): Parentchain {
    const { runtime, keys } = rules;
    const state = runtime.buildCustomGenesis({
      balances,
      sudo: new Uint8Array(32),
      auraAuthorities: [...keys.aura.values()].map(({ publicKey }) => publicKey),
      grandpaAuthorities: [...keys.grandpa.values()].map(({ publicKey }) => publicKey),
      allowSkippingAttestation: true,
      sgxAllowDebugMode: true,
    });
    const header: ParentchainHeader = {
      parentHash: blockHash(new Uint8Array(32)),
      number: 0,
      stateRoot: trieRoot(state, 1),
      extrinsicsRoot: h256(computeOrderedRoot([], 0)),
      digest: [],
    };
    const headerBytes = parentchainHeader.encode(header);
    const hash = blockHash(blake2_256(headerBytes));
    const facts: BlockFacts = { transfers: [], confirmations: [], nowMs: 0 };
    return new Parentchain(rules, {
      ...{ number: 0, hash, id: toHex(hash), header, headerBytes, extrinsics: [], state, parent: undefined, slot: 0n },
      facts,
    });
  }

  /** A chain of its own that goes on from where this one is. */
  fork(): Parentchain {
    const copy = new Parentchain(this.rules, this.genesis);
    copy.tip = this.tip;
    copy.final = this.final;
    for (const [id, waiting] of this.#waiting) copy.#waiting.set(id, waiting);
    for (const [id, justification] of this.#justifications) copy.#justifications.set(id, justification);
    return copy;
  }

  /** The proof that a block is final, if the voters made one. */
  justificationOf({ id }: ParentBlock): Uint8Array | undefined {
    return this.#justifications.get(id);
  }

  /** Takes a transaction, as a node does; false if it can never be included. */
  submit(bytes: Uint8Array): boolean {
    const { runtime } = this.rules;
    const id = toHex(blake2_256(bytes));
    if (this.#waiting.has(id)) return false;
    const valid = runtime.validateTransaction(this.tip.state, this.tip.hash, "External", bytes);
    if (!valid.ok && valid.error.code !== "Future") return false;
    const transaction = { hash: id, bytes, priority: 0n, requires: [], provides: [], validTill: 0 };
    this.#waiting.set(id, { transaction, until: this.tip.number + TRANSACTION_LIFE });
    return true;
  }

  /** Makes the block of a slot on a block that is not below the final one; the longest fork is the one to build on. */
  author(nowMs: number, parent: ParentBlock = this.tip): ParentBlock {
    const { runtime, keys } = this.rules;
    const slot = BigInt(Math.floor(nowMs / runtime.slotDurationMs));
    const included = new Set<Hex>();
    for (let at: ParentBlock | undefined = parent; at !== undefined && at !== this.final; at = at.parent) {
      for (const bytes of at.extrinsics) included.add(toHex(blake2_256(bytes)));
    }
    const candidates = [...this.#waiting.values()].map(({ transaction }) => transaction)
      .filter(({ hash }) => !included.has(hash));
    const tools = { runtime, keys: keys.aura, isOverdue: () => false };
    const made = authorBlock(tools, parent, slot, nowMs, candidates);
    if (!made.ok) throw new TypeError(made.error.code);
    const { number, hash, header, headerBytes, extrinsics, state } = made.value;
    const block: ParentBlock = {
      ...{ number, hash, id: toHex(hash), header, headerBytes, extrinsics, state, parent, slot },
      facts: this.#factsOf(state, nowMs),
    };
    if (block.number > this.tip.number) this.tip = block;
    for (const [id, { until }] of this.#waiting) if (until < number) this.#waiting.delete(id);
    return block;
  }

  /** Lets the voters prove a block, which makes it final with all below it. @throws {RangeError} If it contradicts. */
  finalize(block: ParentBlock): void {
    if (!isAncestor(this.final, block)) throw new RangeError("Cannot finalize two forks");
    const { keys } = this.rules;
    const authorities = [...keys.grandpa.values()].map(({ publicKey }) => ({ id: publicKey, weight: 1n }));
    const justification = justifyBlock(block, BigInt(block.number), { setId: 0n, authorities }, keys.grandpa);
    if (justification !== undefined) this.#justifications.set(block.id, justification);
    for (let at: ParentBlock | undefined = block; at !== undefined && at !== this.final; at = at.parent) {
      for (const bytes of at.extrinsics) this.#waiting.delete(toHex(blake2_256(bytes)));
    }
    this.final = block;
    if (!isAncestor(block, this.tip)) this.tip = block;
  }

  #factsOf(state: Trie, nowMs: number): BlockFacts {
    const { model } = this.rules.runtime;
    const records = eventsStorage(model.eventType).get({ get: (key: Uint8Array) => trieGet(state, key) } as never);
    const transfers: TransferFact[] = [];
    const confirmations: BlockFacts["confirmations"][number][] = [];
    for (const [index, { event: { pallet, name, value } }] of records.entries()) {
      if (pallet === "Balances" && name === "Transfer") {
        const { from, to, amount } = value as { from: Uint8Array; to: Uint8Array; amount: bigint };
        transfers.push({ index, from: toHex(from), to: toHex(to), amount });
      }
      if (pallet === "Sidechain" && name === "FinalizedSidechainBlock") {
        const fields = value as { block_number: bigint; block_header_hash: Uint8Array; validateer: Uint8Array };
        const { block_number: number, block_header_hash: hash, validateer } = fields;
        confirmations.push({ number, hash: toHex(hash), by: toHex(validateer) });
      }
    }
    return { transfers, confirmations, nowMs };
  }
}

/** Whether `block` is `ancestor` or stands above it. */
export function isAncestor(ancestor: ParentBlock, block: ParentBlock): boolean {
  let at: ParentBlock | undefined = block;
  while (at !== undefined && at.number > ancestor.number) at = at.parent;
  return at === ancestor;
}

/** The blocks above `from` up to `to`, ascending. @throws {RangeError} If `to` does not stand above `from`. */
export function blocksBetween(from: ParentBlock, to: ParentBlock): readonly ParentBlock[] {
  const path: ParentBlock[] = [];
  for (let at = to; at !== from; at = at.parent as ParentBlock) {
    if (at.number <= from.number) throw new RangeError("Cannot walk from a block that is no ancestor");
    path.push(at);
  }
  return path.reverse();
}
