/**
 * The pool of trusted operations of one shard: what waits to be executed.
 *
 * Source: worker `core-primitives/top-pool/src/pool.rs#Pool`, `base_pool.rs#BasePool`, `ready.rs` (839eda024)
 * Differs: an operation is ready only if its nonce follows the state's and those of the operations before it; others wait in
 * the future queue, which the reference never uses. Operations of abandoned blocks come back. News are return values.
 *
 * @module
 */
import type { BlockHash, TopHash } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { computeTopHash } from "../../types/top_hash.ts";
import { trustedCallSender } from "../../types/trusted_call.ts";
import { type TrustedOperation, trustedOperation } from "../../types/trusted_operation.ts";
import type { TrustedOperationStatus } from "../../types/trusted_operation_status.ts";
import { BanList } from "./ban_list.ts";
import { IncludedOperations } from "./included_operations.ts";
import type { PoolError } from "./pool_error.ts";
import {
  FUTURE_LIMITS,
  LONGEVITY_BLOCKS,
  type PoolBlock,
  type PooledOperation,
  type PoolEvent,
  type PoolState,
  READY_LIMITS,
} from "./pooled_operation.ts";
import { Queue } from "./queue.ts";

/** Status without content, by its name. */
type PlainStatus = Exclude<TrustedOperationStatus["type"], "InSidechainBlock">;

/** What became of an operation that was submitted. */
export interface Submission {
  /** Its hash if it was taken in, else why not. */
  readonly result: Result<TopHash, PoolError>;
  /** News of it (`Ready` or `Future`, if it was taken in) and of those that it moved or pushed out. */
  readonly events: readonly PoolEvent[];
}

/**
 * Waiting operations of one shard. States of an operation: future (a smaller nonce is missing) ⇄ ready → included (in an
 * unconfirmed block) → confirmed; included → ready or future when its block is abandoned; ready, future → gone when it
 * failed, was overtaken, grew too old or had to make room.
 */
export class TopPool {
  readonly #ready = new Queue(READY_LIMITS);
  readonly #future = new Queue(FUTURE_LIMITS);
  readonly #included = new IncludedOperations();
  readonly #banned = new BanList();
  readonly #byHash = new Map<string, PooledOperation>();
  readonly #bySender = new Map<string, Map<number, PooledOperation>>();

  /** How many operations wait, and how many are in unconfirmed blocks. */
  get sizes(): { readonly ready: number; readonly future: number; readonly included: number; readonly bytes: number } {
    return {
      ready: this.#ready.size,
      future: this.#future.size,
      included: this.#included.size,
      bytes: this.#ready.totalBytes + this.#future.totalBytes,
    };
  }

  /** What can be executed now, in the order in which it became ready; a sender's operations by their nonces. */
  ready(): readonly PooledOperation[] {
    return [...this.#ready.values()];
  }

  /** What waits for a smaller nonce. */
  future(): readonly PooledOperation[] {
    return [...this.#future.values()];
  }

  /** The waiting operation with this hash. */
  find(hash: TopHash): PooledOperation | undefined {
    return this.#byHash.get(toHex(hash));
  }

  /** Takes in an operation whose signature the caller has verified. */
  submit(operation: TrustedOperation, state: PoolState, nowMs: number): Submission {
    const admitted = this.#admit(operation, state, nowMs);
    if (!admitted.ok) return { result: admitted, events: [] };
    const { hash, sender } = admitted.value;
    const events: PoolEvent[] = [];
    this.#insert(admitted.value);
    this.#rebalance(toHex(sender), state, events);
    this.#enforceLimits(events);
    if (this.#byHash.has(toHex(hash))) return { result: ok(hash), events };
    const others = events.filter((event) => !equalBytes(event.hash, hash));
    return { result: err({ code: "ImmediatelyDropped" }), events: others };
  }

  /** Removes operations that can never be executed and bans them. */
  removeInvalid(hashes: readonly TopHash[], state: PoolState, nowMs: number): readonly PoolEvent[] {
    const events: PoolEvent[] = [];
    const senders = new Set<string>();
    for (const hash of hashes) {
      this.#banned.ban(hash, nowMs);
      const pooled = this.find(hash);
      if (pooled === undefined) continue;
      this.#take(pooled);
      senders.add(toHex(pooled.sender));
      events.push(eventOf(pooled, "Invalid"));
    }
    for (const sender of senders) this.#rebalance(sender, state, events);
    this.#enforceLimits(events);
    return events;
  }

  /** Takes note of a block that has become the newest; `state` is the state after it. */
  onBlockImported(block: PoolBlock, state: PoolState, nowMs: number): readonly PoolEvent[] {
    const events: PoolEvent[] = [];
    const senders = new Set<string>();
    const included: PooledOperation[] = [];
    let isAllKnown = true;
    for (const hash of block.executed) {
      const pooled = this.find(hash);
      if (pooled === undefined) {
        isAllKnown = false;
        continue;
      }
      this.#take(pooled);
      senders.add(toHex(pooled.sender));
      included.push(pooled);
      events.push({ hash, status: { type: "InSidechainBlock", value: block.hash } });
    }
    this.#included.add(block, included);
    for (const hash of block.failed) if (this.find(hash) === undefined) isAllKnown = false;
    events.push(...this.removeInvalid(block.failed, state, nowMs));
    // Calls that came from elsewhere may have moved the nonce of any sender.
    for (const sender of isAllKnown ? senders : [...this.#bySender.keys()]) this.#rebalance(sender, state, events);
    this.#dropExpired(state, events);
    this.#enforceLimits(events);
    return events;
  }

  /**
   * Brings back the operations of a block that is no longer part of the chain. To be called for every abandoned block, with
   * the state of the block where the chains part, BEFORE the blocks of the new chain are imported: else operations that
   * both chains executed would be reported as usurped.
   */
  onBlockAbandoned(hash: BlockHash, state: PoolState): readonly PoolEvent[] {
    const events: PoolEvent[] = [];
    for (const pooled of this.#included.takeBlock(hash)) {
      events.push(eventOf(pooled, "Retracted"));
      const isTaken = this.#bySender.get(toHex(pooled.sender))?.has(pooled.nonce) === true;
      // Another operation has taken its place meanwhile.
      if (isTaken) events.push(eventOf(pooled, "Usurped"));
      else this.#insert({ ...pooled, validTill: state.blockNumber + LONGEVITY_BLOCKS });
    }
    for (const sender of [...this.#bySender.keys()]) this.#rebalance(sender, state, events);
    this.#enforceLimits(events);
    return events;
  }

  /** Forgets the operations of blocks up to a confirmed one. */
  onBlockConfirmed(number: bigint): readonly PoolEvent[] {
    return this.#included.takeUpTo(number).map((pooled) => eventOf(pooled, "Finalized"));
  }

  #admit(operation: TrustedOperation, state: PoolState, nowMs: number): Result<PooledOperation, PoolError> {
    if (operation.type === "get") return err({ code: "UnknownTrustedOperation" });
    const hash = computeTopHash(operation);
    if (this.#banned.isBanned(hash, nowMs)) return err({ code: "TemporarilyBanned" });
    if (this.#byHash.has(toHex(hash)) || this.#included.has(hash)) return err({ code: "AlreadyImported" });
    const signed = operation.value;
    const sender = trustedCallSender(signed.call);
    const { nonce } = signed;
    if (nonce < state.nonceOf(sender)) return err({ code: "StaleNonce" });
    if (this.#bySender.get(toHex(sender))?.has(nonce) === true) return err({ code: "TooLowPriority" });
    const bytes = trustedOperation.encode(operation);
    return ok({ hash, operation, bytes, signed, sender, nonce, validTill: state.blockNumber + LONGEVITY_BLOCKS });
  }

  #insert(pooled: PooledOperation): void {
    const sender = toHex(pooled.sender);
    this.#byHash.set(toHex(pooled.hash), pooled);
    const operations = this.#bySender.get(sender) ?? new Map<number, PooledOperation>();
    this.#bySender.set(sender, operations.set(pooled.nonce, pooled));
  }

  #take(pooled: PooledOperation): void {
    const sender = toHex(pooled.sender);
    this.#byHash.delete(toHex(pooled.hash));
    this.#ready.remove(pooled);
    this.#future.remove(pooled);
    const operations = this.#bySender.get(sender);
    operations?.delete(pooled.nonce);
    if (operations?.size === 0) this.#bySender.delete(sender);
  }

  /** Sorts a sender's operations into the queues by the nonce of the state. */
  #rebalance(sender: string, state: PoolState, events: PoolEvent[]): void {
    const operations = [...this.#bySender.get(sender)?.values() ?? []].sort((a, b) => a.nonce - b.nonce);
    const first = operations[0];
    if (first === undefined) return;
    let next = state.nonceOf(first.sender);
    let isOrderKept = true;
    for (const pooled of operations) {
      if (pooled.nonce < next) {
        this.#take(pooled);
        events.push(eventOf(pooled, "Usurped"));
      } else if (pooled.nonce > next) {
        if (this.#future.has(pooled.hash)) continue;
        this.#ready.remove(pooled);
        this.#future.add(pooled);
        events.push(eventOf(pooled, "Future"));
      } else {
        next++;
        const wasReady = this.#ready.has(pooled.hash);
        if (wasReady && isOrderKept) continue;
        // What is ready already but follows a newcomer goes behind it, so that nonces stay in order.
        isOrderKept = false;
        this.#future.remove(pooled);
        this.#ready.remove(pooled);
        this.#ready.add(pooled);
        if (!wasReady) events.push(eventOf(pooled, "Ready"));
      }
    }
  }

  #dropExpired(state: PoolState, events: PoolEvent[]): void {
    const senders = new Set<string>();
    for (const pooled of this.#byHash.values()) {
      if (pooled.validTill >= state.blockNumber) continue;
      this.#take(pooled);
      senders.add(toHex(pooled.sender));
      events.push(eventOf(pooled, "Dropped"));
    }
    for (const sender of senders) this.#rebalance(sender, state, events);
  }

  #enforceLimits(events: PoolEvent[]): void {
    for (const queue of [this.#ready, this.#future]) {
      while (queue.isOverfull) {
        const worst = queue.worst();
        if (worst === undefined) break;
        this.#take(worst);
        events.push(eventOf(worst, "Dropped"));
      }
    }
  }
}

function eventOf(pooled: PooledOperation, status: PlainStatus): PoolEvent {
  return { hash: pooled.hash, status: { type: status, value: undefined } };
}
