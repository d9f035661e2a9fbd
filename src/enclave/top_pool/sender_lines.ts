/**
 * The two queues of a pool, and in which of them each sender's operations stand.
 *
 * @module
 */
import type { AccountId, TopHash } from "../../primitives/branded.ts";
import type { TrustedOperationStatus } from "../../types/trusted_operation_status.ts";
import {
  FUTURE_LIMITS,
  type PooledOperation,
  type PoolEvent,
  type PoolState,
  READY_LIMITS,
} from "./pooled_operation.ts";
import { Queue } from "./queue.ts";

/** Status without content, by its name. */
export type PlainStatus = Exclude<TrustedOperationStatus["type"], "InSidechainBlock">;

/** News without content. */
export function plainEvent(hash: TopHash, status: PlainStatus): PoolEvent {
  return { hash, status: { type: status, value: undefined } };
}

/** Operations of one sender. Those with nonces from `next` to `readyEnd` − 1 are ready, all others wait. */
interface SenderLine {
  readonly sender: AccountId;
  readonly operations: Map<number, PooledOperation>;
  next: number;
  readyEnd: number;
  readyCount: number;
}

/** All waiting operations, by sender and nonce. */
export class SenderLines {
  readonly #ready = new Queue(READY_LIMITS);
  readonly #future = new Queue(FUTURE_LIMITS);
  readonly #lines = new Map<string, SenderLine>();

  /** Operations that can be executed now. */
  get ready(): Queue {
    return this.#ready;
  }

  /** Operations that wait for a smaller nonce. */
  get future(): Queue {
    return this.#future;
  }

  /** All senders of waiting operations, as hex. */
  senders(): readonly string[] {
    return [...this.#lines.keys()];
  }

  /** The operation of a sender with a nonce. */
  at(senderId: string, nonce: number): PooledOperation | undefined {
    return this.#lines.get(senderId)?.operations.get(nonce);
  }

  /** Adds an operation to its sender's line; it is in no queue before {@linkcode rebalance}. */
  insert(operation: PooledOperation, state: PoolState): void {
    const { sender, senderId, nonce } = operation;
    let line = this.#lines.get(senderId);
    if (line === undefined) {
      const next = state.nonceOf(sender);
      line = { sender, operations: new Map(), next, readyEnd: next, readyCount: 0 };
      this.#lines.set(senderId, line);
    }
    line.operations.set(nonce, operation);
  }

  /** Takes an operation out of its line and its queue. */
  take(operation: PooledOperation): void {
    const line = this.#lines.get(operation.senderId);
    if (line === undefined || !line.operations.delete(operation.nonce)) return;
    if (this.#ready.remove(operation)) line.readyCount--;
    else this.#future.remove(operation);
    if (line.operations.size === 0) this.#lines.delete(operation.senderId);
  }

  /**
   * Sorts a sender's operations into the queues by the nonce of the state, and removes those whose nonce is used up.
   * `inserted` are those that were inserted since the last time.
   */
  rebalance(senderId: string, state: PoolState, inserted: readonly PooledOperation[] = []): readonly PoolEvent[] {
    const line = this.#lines.get(senderId);
    if (line === undefined) return [];
    const next = state.nonceOf(line.sender);
    // A sender may have thousands of operations; most of the time only those at one end of the ready ones change.
    const isKept = isReadyPartKept(line, next) && inserted.every(({ nonce }) => nonce >= next);
    if (!isKept) return this.#rebalanceAll(senderId, line, next);
    line.next = next;
    const events: PoolEvent[] = [];
    for (let operation = line.operations.get(line.readyEnd); operation !== undefined;) {
      this.#future.remove(operation);
      this.#ready.add(operation);
      events.push(plainEvent(operation.hash, "Ready"));
      line.readyCount++;
      line.readyEnd++;
      operation = line.operations.get(line.readyEnd);
    }
    for (const operation of inserted) {
      if (operation.nonce < line.readyEnd) continue;
      this.#future.add(operation);
      events.push(plainEvent(operation.hash, "Future"));
    }
    return events;
  }

  #rebalanceAll(senderId: string, line: SenderLine, next: number): readonly PoolEvent[] {
    const events: PoolEvent[] = [];
    line.next = next;
    line.readyEnd = next;
    let isOrderKept = true;
    for (const operation of [...line.operations.values()].sort((a, b) => a.nonce - b.nonce)) {
      const { hash, nonce } = operation;
      const wasReady = this.#ready.has(operation);
      if (nonce < next) {
        this.take(operation);
        events.push(plainEvent(hash, "Usurped"));
      } else if (nonce > line.readyEnd) {
        if (this.#future.has(operation)) continue;
        this.#ready.remove(operation);
        this.#future.add(operation);
        events.push(plainEvent(hash, "Future"));
      } else {
        line.readyEnd++;
        if (wasReady && isOrderKept) continue;
        // What is ready already but follows a newcomer goes behind it, so that nonces stay in order.
        isOrderKept = false;
        this.#future.remove(operation);
        this.#ready.remove(operation);
        this.#ready.add(operation);
        if (!wasReady) events.push(plainEvent(hash, "Ready"));
      }
    }
    line.readyCount = line.readyEnd - next;
    if (line.operations.size === 0) this.#lines.delete(senderId);
    return events;
  }

  /** Gives up operations until the queues are within their limits. */
  enforceLimits(): readonly PooledOperation[] {
    const dropped: PooledOperation[] = [];
    for (const queue of [this.#ready, this.#future]) {
      while (queue.isOverfull) {
        for (const worst of queue.worst()) {
          if (!queue.isOverfull) break;
          // It has the highest ready nonce of its sender, so the ready ones before it stay as they are.
          const line = this.#lines.get(worst.senderId);
          if (line !== undefined && queue === this.#ready) line.readyEnd = worst.nonce;
          this.take(worst);
          dropped.push(worst);
        }
      }
    }
    return dropped;
  }
}

/** Whether all operations from `next` to `readyEnd` − 1 are there and ready, and none below `next` is. */
function isReadyPartKept(line: SenderLine, next: number): boolean {
  if (next < line.next || next > line.readyEnd || line.readyCount !== line.readyEnd - next) return false;
  for (let nonce = line.next; nonce < next; nonce++) if (line.operations.has(nonce)) return false;
  return true;
}
