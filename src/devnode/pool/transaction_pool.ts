/**
 * The transaction pool: what can be in the next block ("ready") and what waits for something else ("future"), by the
 * tags that the runtime gives each transaction. Pure: validation is done before, and each change is returned as events.
 *
 * @module
 */
import type { Hex } from "../../primitives/hex.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { isBetter, orderReady, type Queued } from "./ready_order.ts";
import {
  FUTURE_LIMIT,
  type PoolEvent,
  type PoolLimit,
  type PoolRefusal,
  type PoolTransaction,
  READY_LIMIT,
} from "./transaction.ts";

/** Where a transaction stands. */
type Place = "ready" | "future";

/** The pool; a transaction in it is either ready or future, and leaves it by being included, replaced or removed. */
export class TransactionPool {
  readonly #readyLimit: PoolLimit;
  readonly #futureLimit: PoolLimit;
  readonly #ready = new Map<Hex, Queued>();
  readonly #future = new Map<Hex, Queued>();
  /** The ready transaction that provides a tag. */
  readonly #provider = new Map<Hex, Hex>();
  #nextPosition = 0;

  /** Makes an empty pool. */
  constructor(readyLimit: PoolLimit = READY_LIMIT, futureLimit: PoolLimit = FUTURE_LIMIT) {
    this.#readyLimit = readyLimit;
    this.#futureLimit = futureLimit;
  }

  /** Number and bytes of the ready transactions. */
  get ready(): PoolLimit {
    return sizeOf(this.#ready);
  }

  /** Number and bytes of the future transactions. */
  get future(): PoolLimit {
    return sizeOf(this.#future);
  }

  /** A transaction by its hash, if it is here. */
  get(hash: Hex): PoolTransaction | undefined {
    return (this.#ready.get(hash) ?? this.#future.get(hash))?.transaction;
  }

  /** Where a transaction stands, if it is here. */
  place(hash: Hex): Place | undefined {
    return this.#ready.has(hash) ? "ready" : this.#future.has(hash) ? "future" : undefined;
  }

  /** Ready transactions in the order in which they are to be included. */
  readyInOrder(): PoolTransaction[] {
    return orderReady([...this.#ready.values()]);
  }

  /** All transactions, ready ones first, each kind in order of arrival. */
  all(): PoolTransaction[] {
    return [...this.#ready.values(), ...this.#future.values()].map(({ transaction }) => transaction);
  }

  /** Takes a transaction that the runtime found valid. The events include those of others that it moved. */
  add(transaction: PoolTransaction): Result<PoolEvent[], PoolRefusal> {
    if (this.place(transaction.hash) !== undefined) return err({ code: "AlreadyImported" });
    if (transaction.provides.length === 0) return err({ code: "NoTagsProvided" });
    if (transaction.requires.some((tag) => transaction.provides.includes(tag))) return err({ code: "CycleDetected" });
    const queued: Queued = { transaction, position: this.#nextPosition++ };
    const events: PoolEvent[] = [];
    if (this.#isMissingTags(transaction)) {
      this.#future.set(transaction.hash, queued);
      events.push({ hash: transaction.hash, status: { type: "future" } });
    } else {
      const entered = this.#enterReady(queued);
      if (!entered.ok) return entered;
      events.push(...entered.value, ...this.#promote());
    }
    const dropped = this.#enforceLimits();
    const isDropped = dropped.some(({ hash }) => hash === transaction.hash);
    if (isDropped) return err({ code: "ImmediatelyDropped" });
    return ok([...events, ...dropped]);
  }

  /** Removes what a block has included: every ready or future transaction that provides one of these tags. */
  prune(tags: readonly Hex[]): { readonly removed: readonly PoolTransaction[]; readonly events: PoolEvent[] } {
    const included = new Set(tags);
    const removed: PoolTransaction[] = [];
    for (const kind of [this.#ready, this.#future]) {
      for (const { transaction } of [...kind.values()]) {
        if (!transaction.provides.some((tag) => included.has(tag))) continue;
        this.#take(transaction.hash);
        removed.push(transaction);
      }
    }
    return { removed, events: this.#promote(included) };
  }

  /** Removes transactions that turned out invalid, and all ready ones that depend on them. */
  removeInvalid(hashes: readonly Hex[]): PoolEvent[] {
    const events: PoolEvent[] = [];
    const pending = [...hashes];
    for (let hash = pending.pop(); hash !== undefined; hash = pending.pop()) {
      const transaction = this.#take(hash);
      if (transaction === undefined) continue;
      events.push({ hash, status: { type: "invalid" } });
      pending.push(...this.#requiring(transaction.provides));
    }
    return events;
  }

  /** Removes what is no longer valid in the block that follows `blockNumber`. */
  expire(blockNumber: number): PoolEvent[] {
    return this.removeInvalid(this.all().filter(({ validTill }) => validTill <= blockNumber).map(({ hash }) => hash));
  }

  #isMissingTags(transaction: PoolTransaction, included?: ReadonlySet<Hex>): boolean {
    return transaction.requires.some((tag) => !this.#provider.has(tag) && !included?.has(tag));
  }

  #enterReady(queued: Queued): Result<PoolEvent[], PoolRefusal> {
    const { transaction } = queued;
    const rivals = new Set(transaction.provides.map((tag) => this.#provider.get(tag)));
    rivals.delete(undefined);
    let old = 0n;
    for (const rival of rivals as Set<Hex>) old += this.#ready.get(rival)?.transaction.priority ?? 0n;
    if (rivals.size > 0 && old >= transaction.priority) {
      return err({ code: "TooLowPriority", old, new: transaction.priority });
    }
    const events: PoolEvent[] = [];
    const orphans: Hex[] = [];
    for (const rival of rivals as Set<Hex>) {
      const replaced = this.#take(rival);
      events.push({ hash: rival, status: { type: "usurped", by: transaction.hash } });
      const lost = replaced?.provides.filter((tag) => !transaction.provides.includes(tag)) ?? [];
      orphans.push(...this.#requiring(lost));
    }
    this.#ready.set(transaction.hash, queued);
    for (const tag of transaction.provides) this.#provider.set(tag, transaction.hash);
    return ok([...events, { hash: transaction.hash, status: { type: "ready" } }, ...this.removeInvalid(orphans)]);
  }

  /** Makes future transactions ready whose tags are now there; `included` are tags that a block has just provided. */
  #promote(included?: ReadonlySet<Hex>): PoolEvent[] {
    const events: PoolEvent[] = [];
    for (let moved = true; moved;) {
      moved = false;
      for (const queued of [...this.#future.values()]) {
        if (this.#isMissingTags(queued.transaction, included)) continue;
        this.#future.delete(queued.transaction.hash);
        const entered = this.#enterReady(queued);
        if (entered.ok) events.push(...entered.value);
        else events.push({ hash: queued.transaction.hash, status: { type: "dropped" } });
        moved = true;
      }
    }
    return events;
  }

  #requiring(tags: readonly Hex[]): Hex[] {
    const found: Hex[] = [];
    if (tags.length === 0) return found;
    for (const { transaction } of this.#ready.values()) {
      if (transaction.requires.some((tag) => tags.includes(tag))) found.push(transaction.hash);
    }
    return found;
  }

  #enforceLimits(): PoolEvent[] {
    const events: PoolEvent[] = [];
    for (const [kind, limit] of [[this.#ready, this.#readyLimit], [this.#future, this.#futureLimit]] as const) {
      for (let size = sizeOf(kind); size.count > limit.count || size.bytes > limit.bytes; size = sizeOf(kind)) {
        const worst = worstOf(kind);
        this.#take(worst.hash);
        events.push({ hash: worst.hash, status: { type: "dropped" } });
        for (const { hash } of this.removeInvalid(this.#requiring(worst.provides))) {
          events.push({ hash, status: { type: "dropped" } });
        }
      }
    }
    return events;
  }

  #take(hash: Hex): PoolTransaction | undefined {
    const queued = this.#ready.get(hash) ?? this.#future.get(hash);
    if (queued === undefined) return undefined;
    if (this.#ready.delete(hash)) {
      for (const tag of queued.transaction.provides) {
        if (this.#provider.get(tag) === hash) this.#provider.delete(tag);
      }
    }
    this.#future.delete(hash);
    return queued.transaction;
  }
}

function sizeOf(kind: ReadonlyMap<Hex, Queued>): PoolLimit {
  let bytes = 0;
  for (const { transaction } of kind.values()) bytes += transaction.bytes.length;
  return { count: kind.size, bytes };
}

function worstOf(kind: ReadonlyMap<Hex, Queued>): PoolTransaction {
  let worst: Queued | undefined;
  for (const queued of kind.values()) if (worst === undefined || isBetter(worst, queued)) worst = queued;
  if (worst === undefined) throw new RangeError("Cannot find the worst transaction of an empty pool");
  return worst.transaction;
}
