/**
 * Operations of blocks that are not confirmed yet, in case their block is abandoned.
 *
 * Differs: operations are kept until their block is confirmed, so that an abandoned block returns its calls.
 *
 * @module
 */
import type { BlockHash, TopHash } from "../../primitives/branded.ts";
import { toHex } from "../../primitives/hex.ts";
import { MAX_INCLUDED_BYTES, MAX_INCLUDED_OPERATIONS, type PooledOperation } from "./pooled_operation.ts";

interface IncludedBlock {
  readonly number: bigint;
  readonly operations: readonly PooledOperation[];
}

/** Operations by block, oldest block first; bounded in number and bytes. */
export class IncludedOperations {
  readonly #blocks = new Map<string, IncludedBlock>();
  readonly #hashes = new Set<string>();
  #totalBytes = 0;

  /** How many operations there are. */
  get size(): number {
    return this.#hashes.size;
  }

  /** Whether the operation is in one of the blocks. */
  has(hash: TopHash): boolean {
    return this.#hashes.has(toHex(hash));
  }

  /** Keeps the operations of a block; the oldest blocks' are forgotten above the bounds. */
  add(block: { readonly hash: BlockHash; readonly number: bigint }, operations: readonly PooledOperation[]): void {
    this.takeBlock(block.hash);
    if (operations.length === 0) return;
    this.#blocks.set(toHex(block.hash), { number: block.number, operations });
    for (const { id, bytes } of operations) {
      this.#hashes.add(id);
      this.#totalBytes += bytes.length;
    }
    for (const oldest of this.#blocks.keys()) {
      if (this.#hashes.size <= MAX_INCLUDED_OPERATIONS && this.#totalBytes <= MAX_INCLUDED_BYTES) return;
      this.#take(oldest);
    }
  }

  /** Takes out the operations of one block. */
  takeBlock(hash: BlockHash): readonly PooledOperation[] {
    return this.#take(toHex(hash));
  }

  /** Takes out the operations of all blocks up to a number. */
  takeUpTo(number: bigint): readonly PooledOperation[] {
    const taken: PooledOperation[] = [];
    for (const [id, block] of this.#blocks) if (block.number <= number) taken.push(...this.#take(id));
    return taken;
  }

  #take(id: string): readonly PooledOperation[] {
    const operations = this.#blocks.get(id)?.operations ?? [];
    this.#blocks.delete(id);
    for (const { id: operationId, bytes } of operations) {
      this.#hashes.delete(operationId);
      this.#totalBytes -= bytes.length;
    }
    return operations;
  }
}
