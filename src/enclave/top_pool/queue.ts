/**
 * A bounded queue of operations in order of arrival.
 *
 * @module
 */
import type { TopHash } from "../../primitives/branded.ts";
import { toHex } from "../../primitives/hex.ts";
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
  has(hash: TopHash): boolean {
    return this.#operations.has(toHex(hash));
  }

  /** The operations, oldest first. */
  values(): Iterable<PooledOperation> {
    return this.#operations.values();
  }

  /** Adds an operation at the end, if it is not here. */
  add(operation: PooledOperation): void {
    const id = toHex(operation.hash);
    if (this.#operations.has(id)) return;
    this.#operations.set(id, operation);
    this.#totalBytes += operation.bytes.length;
    const sender = toHex(operation.sender);
    const own = this.#bySender.get(sender) ?? new Map<string, PooledOperation>();
    this.#bySender.set(sender, own.set(id, operation));
  }

  /** Takes an operation out; false if it is not here. */
  remove(operation: PooledOperation): boolean {
    const id = toHex(operation.hash);
    if (!this.#operations.delete(id)) return false;
    this.#totalBytes -= operation.bytes.length;
    const sender = toHex(operation.sender);
    const own = this.#bySender.get(sender);
    own?.delete(id);
    if (own?.size === 0) this.#bySender.delete(sender);
    return true;
  }

  /**
   * The operation to give up first: the highest nonce of the sender with the most operations, of equal senders the one
   * that came last. So one sender alone cannot push out the others, and no gap opens among those who stay.
   */
  worst(): PooledOperation | undefined {
    let most: ReadonlyMap<string, PooledOperation> = new Map();
    for (const own of this.#bySender.values()) if (own.size >= most.size) most = own;
    let worst: PooledOperation | undefined;
    for (const operation of most.values()) {
      if (worst === undefined || operation.nonce > worst.nonce) worst = operation;
    }
    return worst;
  }
}
