/**
 * The pool of trusted operations of one shard: what waits to be executed.
 *
 * Source: worker `core-primitives/top-pool/src/pool.rs#Pool`, `base_pool.rs#BasePool`, `ready.rs` (839eda024)
 * Differs: an operation is ready only if its nonce follows the state's and those of the operations before it; others wait in
 * the future queue. Operations of abandoned blocks come back. News are return values.
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
import { BanList } from "./ban_list.ts";
import { IncludedOperations } from "./included_operations.ts";
import type { PoolError } from "./pool_error.ts";
import {
  LONGEVITY_BLOCKS,
  type PoolChainChange,
  type PooledOperation,
  type PoolEvent,
  type PoolState,
} from "./pooled_operation.ts";
import { plainEvent, SenderLines } from "./sender_lines.ts";

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
  readonly #lines = new SenderLines();
  readonly #included = new IncludedOperations();
  readonly #banned = new BanList();
  readonly #byId = new Map<string, PooledOperation>();

  /** How many operations wait, how many bytes they have, and how many operations are in unconfirmed blocks. */
  get sizes(): { readonly ready: number; readonly future: number; readonly included: number; readonly bytes: number } {
    const { ready, future } = this.#lines;
    return {
      ready: ready.size,
      future: future.size,
      included: this.#included.size,
      bytes: ready.totalBytes + future.totalBytes,
    };
  }

  /** What can be executed now, in the order in which it became ready; a sender's operations by their nonces. */
  ready(): readonly PooledOperation[] {
    return [...this.#lines.ready.values()];
  }

  /** What waits for a smaller nonce. */
  future(): readonly PooledOperation[] {
    return [...this.#lines.future.values()];
  }

  /** The waiting operation with this hash. */
  find(hash: TopHash): PooledOperation | undefined {
    return this.#byId.get(toHex(hash));
  }

  /** Takes in an operation whose signature the caller has verified. */
  submit(operation: TrustedOperation, state: PoolState, nowMs: number): Submission {
    const admitted = this.#admit(operation, state, nowMs);
    if (!admitted.ok) return { result: admitted, events: [] };
    const { hash, id, senderId } = admitted.value;
    this.#insert(admitted.value, state);
    const events = this.#rebalance([senderId], state, [admitted.value]);
    if (this.#byId.has(id)) return { result: ok(hash), events };
    const others = events.filter((event) => !equalBytes(event.hash, hash));
    return { result: err({ code: "ImmediatelyDropped" }), events: others };
  }

  /** Removes operations that can never be executed and bans them. */
  removeInvalid(hashes: readonly TopHash[], state: PoolState, nowMs: number): readonly PoolEvent[] {
    const removed = this.#takeAll(hashes);
    for (const hash of hashes) this.#banned.ban(hash, nowMs);
    return [
      ...removed.map(({ hash }) => plainEvent(hash, "Invalid")),
      ...this.#rebalance(removed.map(({ senderId }) => senderId), state),
    ];
  }

  /**
   * Follows the chain; `state` is the state of its newest block. Operations of retracted blocks come back unless the new
   * blocks have them too.
   */
  onChainChanged({ retracted, enacted }: PoolChainChange, state: PoolState, nowMs: number): readonly PoolEvent[] {
    const events: PoolEvent[] = [];
    const inserted = retracted.flatMap((hash) => this.#bringBack(hash, state, events));
    const taken: PooledOperation[] = [];
    let isAllKnown = retracted.length === 0;
    for (const block of enacted) {
      const executed = this.#takeAll(block.executed);
      const failed = this.#takeAll(block.failed);
      this.#included.add(block, executed);
      for (const hash of block.failed) this.#banned.ban(hash, nowMs);
      for (const { hash } of executed) events.push({ hash, status: { type: "InSidechainBlock", value: block.hash } });
      for (const { hash } of failed) events.push(plainEvent(hash, "Invalid"));
      taken.push(...executed, ...failed);
      if (executed.length + failed.length < block.executed.length + block.failed.length) isAllKnown = false;
    }
    for (const expired of this.#takeExpired(state)) {
      taken.push(expired);
      events.push(plainEvent(expired.hash, "Dropped"));
    }
    // Calls that came from elsewhere may have moved the nonce of any sender.
    const senders = isAllKnown ? taken.map(({ senderId }) => senderId) : this.#lines.senders();
    const stillHere = inserted.filter(({ id }) => this.#byId.has(id));
    return [...events, ...this.#rebalance(senders, state, stillHere)];
  }

  /** Forgets the operations of blocks up to a confirmed one. */
  onBlockConfirmed(number: bigint): readonly PoolEvent[] {
    return this.#included.takeUpTo(number).map(({ hash }) => plainEvent(hash, "Finalized"));
  }

  #admit(operation: TrustedOperation, state: PoolState, nowMs: number): Result<PooledOperation, PoolError> {
    if (operation.type === "get") return err({ code: "UnknownTrustedOperation" });
    const hash = computeTopHash(operation);
    if (this.#banned.isBanned(hash, nowMs)) return err({ code: "TemporarilyBanned" });
    const id = toHex(hash);
    if (this.#byId.has(id) || this.#included.has(hash)) return err({ code: "AlreadyImported" });
    const signed = operation.value;
    const { nonce } = signed;
    const sender = trustedCallSender(signed.call);
    const senderId = toHex(sender);
    if (nonce < state.nonceOf(sender)) return err({ code: "StaleNonce" });
    if (this.#lines.at(senderId, nonce) !== undefined) return err({ code: "TooLowPriority" });
    const bytes = trustedOperation.encode(operation);
    const validTill = state.blockNumber + LONGEVITY_BLOCKS;
    return ok({ hash, id, operation, bytes, signed, sender, senderId, nonce, validTill });
  }

  /** Inserts the operations of a retracted block again, except where another one has taken the place. */
  #bringBack(hash: BlockHash, state: PoolState, events: PoolEvent[]): readonly PooledOperation[] {
    const inserted: PooledOperation[] = [];
    for (const operation of this.#included.takeBlock(hash)) {
      events.push(plainEvent(operation.hash, "Retracted"));
      if (this.#lines.at(operation.senderId, operation.nonce) !== undefined) {
        events.push(plainEvent(operation.hash, "Usurped"));
        continue;
      }
      const renewed = { ...operation, validTill: state.blockNumber + LONGEVITY_BLOCKS };
      this.#insert(renewed, state);
      inserted.push(renewed);
    }
    return inserted;
  }

  #insert(operation: PooledOperation, state: PoolState): void {
    this.#byId.set(operation.id, operation);
    this.#lines.insert(operation, state);
  }

  #take(operation: PooledOperation): void {
    this.#byId.delete(operation.id);
    this.#lines.take(operation);
  }

  #takeAll(hashes: readonly TopHash[]): readonly PooledOperation[] {
    const taken: PooledOperation[] = [];
    for (const hash of hashes) {
      const operation = this.find(hash);
      if (operation === undefined) continue;
      this.#take(operation);
      taken.push(operation);
    }
    return taken;
  }

  #takeExpired(state: PoolState): readonly PooledOperation[] {
    const expired = [...this.#byId.values()].filter(({ validTill }) => validTill < state.blockNumber);
    for (const operation of expired) this.#take(operation);
    return expired;
  }

  #rebalance(
    senders: readonly string[],
    state: PoolState,
    inserted: readonly PooledOperation[] = [],
  ): readonly PoolEvent[] {
    const insertedBy = Map.groupBy(inserted, ({ senderId }) => senderId);
    const events: PoolEvent[] = [];
    for (const senderId of new Set(senders)) {
      for (const event of this.#lines.rebalance(senderId, state, insertedBy.get(senderId))) events.push(event);
    }
    for (const { hash, status } of events) if (status.type === "Usurped") this.#byId.delete(toHex(hash));
    return [...events, ...this.#enforceLimits()];
  }

  #enforceLimits(): readonly PoolEvent[] {
    const dropped = this.#lines.enforceLimits();
    for (const { id } of dropped) this.#byId.delete(id);
    return dropped.map(({ hash }) => plainEvent(hash, "Dropped"));
  }
}
