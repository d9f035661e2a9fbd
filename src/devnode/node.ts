/**
 * The node without its surroundings: chain, pool and listeners. Time is passed in, nothing is awaited.
 *
 * @module
 */
import { bytes, tryDecode } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import type { BlockHash } from "../primitives/branded.ts";
import { type Hex, toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { Trie } from "../trie/trie.ts";
import type { CandidateBlock, ImportError } from "./block_import.ts";
import type { DevChain } from "./chain.ts";
import type { ChainBlock, ChainFinality, ChainStep } from "./chain_step.ts";
import type { FinalityError } from "./justification_import.ts";
import { isLastStatus, type NodeEvent, type SubmitError, type TransactionStatus } from "./node_event.ts";
import { BanList } from "./pool/ban_list.ts";
import type { PoolEvent, PoolTransaction } from "./pool/transaction.ts";
import { TransactionPool } from "./pool/transaction_pool.ts";
import { submitErrorOf } from "./validity_text.ts";

/** Longest extrinsic: a block of an integritee-node has room for 5 MiB. */
export const MAX_EXTRINSIC_BYTES = 5 * 1024 * 1024;
/** Transactions that are validated again after each block: a signature takes about 0.3 ms. Substrate's number. */
export const MAX_REVALIDATED = 20;
/** Blocks after which a transaction that is not final is no longer followed; Substrate's number. */
export const MAX_BLOCKS_TO_FINALITY = 512;
/** Share of the block time that transactions may take; the rest is for everything else in this thread. */
export const TRANSACTION_TIME_SHARE = 0.4;

/** Listener of one transaction. */
export type TransactionListener = (status: TransactionStatus) => void;

/** Listener of transactions that the pool took. */
export type SubmissionListener = (hash: Hex, extrinsic: Uint8Array) => void;

const opaqueExtrinsic = bytes(MAX_EXTRINSIC_BYTES);

/** A development node. It does nothing by itself: {@linkcode DevNode.tick} is called when a block is due. */
export class DevNode<Block> {
  readonly chain: DevChain<Block>;
  readonly pool: TransactionPool;
  readonly #nowMs: () => number;
  readonly #bans = new BanList();
  readonly #listeners = new Set<(event: NodeEvent) => void>();
  readonly #submissionListeners = new Set<SubmissionListener>();
  readonly #watchers = new Map<Hex, Set<TransactionListener>>();
  /** Watched transactions of blocks that are not yet final. */
  readonly #waiting = new Map<number, { readonly block: BlockHash; readonly hashes: readonly Hex[] }>();

  #authored = 0;

  /** Makes a node on an open chain. */
  constructor(chain: DevChain<Block>, nowMs: () => number, pool: TransactionPool = new TransactionPool()) {
    this.chain = chain;
    this.pool = pool;
    this.#nowMs = nowMs;
  }

  /** Number of blocks that it made. */
  get authored(): number {
    return this.#authored;
  }

  /** Adds a listener; the answer removes it. */
  listen(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Adds a listener of transactions that were submitted and taken; the answer removes it. */
  listenSubmissions(listener: SubmissionListener): () => void {
    this.#submissionListeners.add(listener);
    return () => void this.#submissionListeners.delete(listener);
  }

  /** Follows a transaction that is submitted next; the answer stops it. */
  watch(hash: Hex, listener: TransactionListener): () => void {
    const listeners = this.#watchers.get(hash) ?? new Set();
    this.#watchers.set(hash, listeners.add(listener));
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) this.#watchers.delete(hash);
    };
  }

  /** Validates a transaction and takes it into the pool. */
  submit(extrinsic: Uint8Array): Result<Hex, SubmitError> {
    const opaque = tryDecode(opaqueExtrinsic, extrinsic);
    if (!opaque.ok) return err({ code: "BadFormat", detail: opaque.error.message });
    const hash = blakeHex(extrinsic);
    if (this.#bans.isBanned(hash, this.#nowMs())) return err({ code: "TemporarilyBanned" });
    if (this.pool.place(hash) !== undefined) return err({ code: "AlreadyImported", hash });
    const validated = this.#validate(hash, extrinsic);
    if (!validated.ok) {
      if (validated.error.code === "Invalid") this.#bans.ban(hash, this.#nowMs());
      return validated;
    }
    const added = this.pool.add(validated.value);
    if (!added.ok) {
      return err(added.error.code === "AlreadyImported" ? { code: "AlreadyImported", hash } : added.error);
    }
    this.#report(added.value);
    for (const listener of [...this.#submissionListeners]) listener(hash, extrinsic);
    return ok(hash);
  }

  /** The next nonce of an account if every ready transaction of it is included. */
  nextNonce(nonce: number, tagOf: (nonce: number) => Hex): number {
    const provided = new Set(this.pool.readyInOrder().flatMap(({ provides }) => provides));
    let next = nonce;
    while (provided.has(tagOf(next))) next++;
    return next;
  }

  /** Tells those who follow a transaction that it was sent to peers. */
  noteBroadcast(hash: Hex, peers: readonly string[]): void {
    if (peers.length > 0) this.#tell(hash, { type: "broadcast", peers });
  }

  /**
   * Makes a block if the current slot has none. The answer tells whether there is a new head. Nothing becomes final
   * before {@linkcode DevNode.finalize} is called.
   */
  tick(): boolean {
    const startMs = this.#nowMs();
    const budgetMs = this.chain.runtime.slotDurationMs * TRANSACTION_TIME_SHARE;
    const isOverdue = () => this.#nowMs() - startMs > budgetMs;
    const step = this.chain.author(startMs, this.pool.readyInOrder(), isOverdue);
    if (!step.ok) return false;
    this.#authored++;
    this.#adopt(step.value, step.value.invalid.map(({ hash }) => hash));
    return true;
  }

  /** Takes a block of another author. */
  import(candidate: CandidateBlock): Result<ChainStep, ImportError> {
    const imported = this.chain.import(candidate, this.#nowMs());
    if (imported.ok) this.#adopt(imported.value, []);
    return imported;
  }

  /** Proves final what the voters at hand can. The answer tells whether anything became final. */
  finalize(): boolean {
    return this.#noteFinality(this.chain.finalize());
  }

  /** Takes a proof of finality that voters of a network made. */
  importJustification(justification: Uint8Array): Result<boolean, FinalityError> {
    const imported = this.chain.importJustification(justification);
    return imported.ok ? ok(this.#noteFinality(imported.value)) : imported;
  }

  #noteFinality({ finalized, justifications, step }: ChainFinality): boolean {
    if (step !== undefined) this.#adopt(step, []);
    for (const justification of justifications) this.#emit({ type: "justification", ...justification });
    for (const final of finalized) {
      this.#emit({ type: "finalized", ...final });
      const waiting = this.#waiting.get(final.number);
      this.#waiting.delete(final.number);
      for (const one of waiting?.hashes ?? []) this.#tell(one, { type: "finalized", block: final.hash });
    }
    return finalized.length > 0;
  }

  #validate(hash: Hex, extrinsic: Uint8Array): Result<PoolTransaction, SubmitError> {
    return this.#validateAt(this.chain.head, hash, extrinsic);
  }

  #validateAt(
    at: { readonly number: number; readonly hash: BlockHash; readonly state: Trie },
    hash: Hex,
    extrinsic: Uint8Array,
  ): Result<PoolTransaction, SubmitError> {
    const valid = this.chain.runtime.validateTransaction(at.state, at.hash, "External", extrinsic);
    if (!valid.ok) return err(submitErrorOf(valid.error));
    const { priority, requires, provides, longevity } = valid.value;
    const validTill = Math.min(Number.MAX_SAFE_INTEGER, at.number + Number(longevity));
    return ok({
      hash,
      bytes: extrinsic,
      priority,
      requires: requires.map(toHex),
      provides: provides.map(toHex),
      validTill,
    });
  }

  /** Follows the chain to a new head; `invalid` are transactions that its author found to be so. */
  #adopt(step: ChainStep, invalid: readonly Hex[]): void {
    const { number, hash, header } = step.block;
    if (!step.isHead) return this.#emit({ type: "side", number, hash, header });
    for (const block of step.retracted) this.#retract(block);
    const enacted = step.enacted.map((block) => ({ block, hashes: this.#transactionsOf(block).map(blakeHex) }));
    const included = new Set(enacted.flatMap(({ hashes }) => hashes));
    this.#maintainPool(step, included, invalid);
    this.#emit({ type: "head", number, hash, header, changes: step.changes });
    for (const { block, hashes } of enacted) {
      if (hashes.length > 0) this.#waiting.set(block.number, { block: block.hash, hashes });
      for (const transaction of hashes) this.#tell(transaction, { type: "inBlock", block: block.hash });
    }
    for (const [old, { block, hashes }] of this.#waiting) {
      if (old > number - MAX_BLOCKS_TO_FINALITY) continue;
      this.#waiting.delete(old);
      for (const transaction of hashes) this.#tell(transaction, { type: "finalityTimeout", block });
    }
  }

  #transactionsOf(block: ChainBlock): readonly Uint8Array[] {
    return block.extrinsics.filter((extrinsic) => !this.chain.runtime.isBare(extrinsic));
  }

  #retract(block: ChainBlock): void {
    this.#waiting.delete(block.number);
    for (const extrinsic of this.#transactionsOf(block)) {
      this.#tell(blakeHex(extrinsic), { type: "retracted", block: block.hash });
    }
  }

  #maintainPool(step: ChainStep, included: ReadonlySet<Hex>, invalid: readonly Hex[]): void {
    const { removed, events } = this.pool.prune(step.enacted.flatMap((block) => this.#tagsProvidedBy(block)));
    const overtaken = removed.filter(({ hash }) => !included.has(hash));
    for (const { hash } of overtaken) events.push({ hash, status: { type: "invalid" } });
    events.push(...this.pool.removeInvalid(invalid), ...this.pool.expire(step.block.number));
    this.#report([...events, ...this.#revalidate()]);
    for (const block of step.retracted.toReversed()) this.#resubmit(block, included);
  }

  /** Tags that a block provides, as far as transactions in the pool can depend on them. */
  #tagsProvidedBy(block: ChainBlock): Hex[] {
    if (this.pool.ready.count + this.pool.future.count === 0) return [];
    const state = this.chain.stateAt(block.header.parentHash);
    return this.#transactionsOf(block).flatMap((extrinsic) => {
      const hash = blakeHex(extrinsic);
      const known = this.pool.get(hash);
      if (known !== undefined || !state.ok) return known?.provides ?? [];
      const parent = { number: block.number - 1, hash: block.header.parentHash, state: state.value };
      const validated = this.#validateAt(parent, hash, extrinsic);
      return validated.ok ? validated.value.provides : [];
    });
  }

  /** Gives the pool back what a block that is on the chain no more has taken from it. */
  #resubmit(block: ChainBlock, included: ReadonlySet<Hex>): void {
    for (const extrinsic of this.#transactionsOf(block)) {
      const hash = blakeHex(extrinsic);
      if (included.has(hash) || this.pool.place(hash) !== undefined) continue;
      const validated = this.#validate(hash, extrinsic);
      const added = validated.ok ? this.pool.add(validated.value) : validated;
      if (added.ok) this.#report(added.value);
      else if (added.error.code === "Invalid") this.#report([{ hash, status: { type: "invalid" } }]);
      else this.#report([{ hash, status: { type: "dropped" } }]);
    }
  }

  #revalidate(): PoolEvent[] {
    const stale = this.pool.all().slice(0, MAX_REVALIDATED).filter((transaction) => {
      const validated = this.#validate(transaction.hash, transaction.bytes);
      return !validated.ok && validated.error.code === "Invalid";
    });
    return this.pool.removeInvalid(stale.map(({ hash }) => hash));
  }

  #report(events: readonly PoolEvent[]): void {
    for (const { hash, status } of events) {
      if (status.type === "invalid") this.#bans.ban(hash, this.#nowMs());
      this.#tell(hash, status);
    }
  }

  #tell(hash: Hex, status: TransactionStatus): void {
    const listeners = this.#watchers.get(hash);
    if (listeners === undefined) return;
    if (isLastStatus(status)) this.#watchers.delete(hash);
    for (const listener of [...listeners]) listener(status);
  }

  #emit(event: NodeEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

function blakeHex(extrinsic: Uint8Array): Hex {
  return toHex(blake2_256(extrinsic));
}
