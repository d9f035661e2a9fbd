/**
 * A bounded queue of operations in order of arrival.
 *
 * @module
 */
import type { PooledOperation, QueueLimits } from "./pooled_operation.ts";

/** Operations in the order in which they were added. */
export class Queue {
  readonly #limits: QueueLimits;
  readonly #operations = new Map<string, PooledOperation>();
  /** The same operations by sender; senders in the order in which their first operation came. */
  readonly #bySender = new Map<string, Map<string, PooledOperation>>();
  #totalBytes = 0;

  /** Begins empty. */
  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** How many operations there are. */
  get size(): number {
    return this.#operations.size;
  }

  /** Bytes of all operations. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Whether there is more than the limits allow. */
  get isOverfull(): boolean {
    return this.size > this.#limits.count || this.#totalBytes > this.#limits.totalBytes;
  }

  /** Whether the operation is here. */
  has(operation: PooledOperation): boolean {
    return this.#operations.has(operation.id);
  }

  /** The operations, oldest first. */
  values(): Iterable<PooledOperation> {
    return this.#operations.values();
  }

  /** Adds an operation at the end, if it is not here. */
  add(operation: PooledOperation): void {
    const { id, senderId } = operation;
    if (this.#operations.has(id)) return;
    this.#operations.set(id, operation);
    this.#totalBytes += operation.bytes.length;
    const own = this.#bySender.get(senderId) ?? new Map<string, PooledOperation>();
    this.#bySender.set(senderId, own.set(id, operation));
  }

  /** Takes an operation out; false if it is not here. */
  remove(operation: PooledOperation): boolean {
    const { id, senderId } = operation;
    if (!this.#operations.delete(id)) return false;
    this.#totalBytes -= operation.bytes.length;
    const own = this.#bySender.get(senderId);
    own?.delete(id);
    if (own?.size === 0) this.#bySender.delete(senderId);
    return true;
  }

  /**
   * The operations to give up first, in that order: the highest nonces of the sender with the most operations (of equal
   * senders the one that came last), as many as make it equal to the next, and at least one. So one sender alone cannot
   * push out the others, and no gap opens among those that stay.
   */
  worst(): readonly PooledOperation[] {
    let most: ReadonlyMap<string, PooledOperation> = new Map();
    let runnerUp = 0;
    for (const own of this.#bySender.values()) {
      if (own.size >= most.size) {
        runnerUp = most.size;
        most = own;
      } else runnerUp = Math.max(runnerUp, own.size);
    }
    return [...most.values()].sort((a, b) => b.nonce - a.nonce).slice(0, Math.max(1, most.size - runnerUp));
  }
}
