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
import type { ChainStep, DevChain } from "./chain.ts";
import { isLastStatus, type NodeEvent, type SubmitError, type TransactionStatus } from "./node_event.ts";
import { BanList } from "./pool/ban_list.ts";
import type { PoolEvent, PoolTransaction } from "./pool/transaction.ts";
import { TransactionPool } from "./pool/transaction_pool.ts";
import { submitErrorOf } from "./validity_text.ts";

/** Longest extrinsic: a block has room for 5 MiB, PROTOCOL §10.7. */
export const MAX_EXTRINSIC_BYTES = 5 * 1024 * 1024;
/** Transactions that are validated again after each block: a signature takes about 0.3 ms. Substrate's number. */
export const MAX_REVALIDATED = 20;
/** Share of the block time that transactions may take; the rest is for everything else in this thread. */
export const TRANSACTION_TIME_SHARE = 0.4;

/** Listener of one transaction. */
export type TransactionListener = (status: TransactionStatus) => void;

const opaqueExtrinsic = bytes(MAX_EXTRINSIC_BYTES);

/** A development node. It does nothing by itself: {@linkcode DevNode.tick} is called when a block is due. */
export class DevNode<Block> {
  readonly chain: DevChain<Block>;
  readonly pool: TransactionPool;
  readonly #nowMs: () => number;
  readonly #bans = new BanList();
  readonly #listeners = new Set<(event: NodeEvent) => void>();
  readonly #watchers = new Map<Hex, Set<TransactionListener>>();
  /** Watched transactions of blocks that are not yet final. */
  readonly #waiting = new Map<number, { readonly block: BlockHash; readonly hashes: readonly Hex[] }>();

  /** Makes a node on an open chain. */
  constructor(chain: DevChain<Block>, nowMs: () => number, pool: TransactionPool = new TransactionPool()) {
    this.chain = chain;
    this.pool = pool;
    this.#nowMs = nowMs;
  }

  /** Adds a listener; the answer removes it. */
  listen(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
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
    const hash = toHex(blake2_256(extrinsic));
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
    return ok(hash);
  }

  /** The next nonce of an account if every ready transaction of it is included. */
  nextNonce(nonce: number, tagOf: (nonce: number) => Hex): number {
    const provided = new Set(this.pool.readyInOrder().flatMap(({ provides }) => provides));
    let next = nonce;
    while (provided.has(tagOf(next))) next++;
    return next;
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
    this.#maintainPool(step.value);
    this.#announce(step.value);
    return true;
  }

  /** Proves final what the voters at hand can. The answer tells whether anything became final. */
  finalize(): boolean {
    const { finalized, justifications } = this.chain.finalize();
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
    const { head, runtime } = this.chain;
    const valid = runtime.validateTransaction(head.state, head.hash, "External", extrinsic);
    if (!valid.ok) return err(submitErrorOf(valid.error));
    const { priority, requires, provides, longevity } = valid.value;
    const validTill = Math.min(Number.MAX_SAFE_INTEGER, head.number + Number(longevity));
    return ok({
      hash,
      bytes: extrinsic,
      priority,
      requires: requires.map(toHex),
      provides: provides.map(toHex),
      validTill,
    });
  }

  #maintainPool({ block }: ChainStep): void {
    const included = new Set(block.included.map(({ hash }) => hash));
    const { removed, events } = this.pool.prune(block.included.flatMap(({ provides }) => provides));
    const overtaken = removed.filter(({ hash }) => !included.has(hash));
    for (const { hash } of overtaken) events.push({ hash, status: { type: "invalid" } });
    events.push(...this.pool.removeInvalid(block.invalid.map(({ hash }) => hash)));
    events.push(...this.pool.expire(block.number), ...this.#revalidate());
    this.#report(events);
  }

  #revalidate(): PoolEvent[] {
    const stale = this.pool.all().slice(0, MAX_REVALIDATED).filter((transaction) => {
      const validated = this.#validate(transaction.hash, transaction.bytes);
      return !validated.ok && validated.error.code === "Invalid";
    });
    return this.pool.removeInvalid(stale.map(({ hash }) => hash));
  }

  #announce(step: ChainStep): void {
    const { block, changes } = step;
    const { number, hash, header } = block;
    const hashes = block.included.map((transaction) => transaction.hash);
    if (hashes.length > 0) this.#waiting.set(number, { block: hash, hashes });
    this.#emit({ type: "head", number, hash, header, changes });
    for (const transaction of hashes) this.#tell(transaction, { type: "inBlock", block: hash });
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
