/**
 * The order in which ready transactions go into a block: the best first, but none before those it requires.
 *
 * @module
 */
import type { Hex } from "../../primitives/hex.ts";
import type { PoolTransaction } from "./transaction.ts";

/** A ready transaction with its place in line. */
export interface Queued {
  readonly transaction: PoolTransaction;
  /** Grows with each transaction that enters. */
  readonly position: number;
}

/** Whether `a` is to be included before `b`: higher priority, then earlier end of validity, then earlier arrival. */
export function isBetter(a: Queued, b: Queued): boolean {
  if (a.transaction.priority !== b.transaction.priority) return a.transaction.priority > b.transaction.priority;
  if (a.transaction.validTill !== b.transaction.validTill) return a.transaction.validTill < b.transaction.validTill;
  return a.position < b.position;
}

/** Puts ready transactions in order, in O(n log n). Those whose requirements nobody meets come after their providers. */
export function orderReady(queued: readonly Queued[]): PoolTransaction[] {
  const provider = new Map<Hex, Queued>();
  for (const entry of queued) for (const tag of entry.transaction.provides) provider.set(tag, entry);
  const unmet = new Map<Queued, number>();
  const dependents = new Map<Queued, Queued[]>();
  const best = new BestFirst();
  for (const entry of queued) {
    const providers = new Set(entry.transaction.requires.map((tag) => provider.get(tag)));
    providers.delete(undefined);
    unmet.set(entry, providers.size);
    for (const one of providers as Set<Queued>) dependents.set(one, [...(dependents.get(one) ?? []), entry]);
    if (providers.size === 0) best.push(entry);
  }
  const ordered: PoolTransaction[] = [];
  for (let next = best.pop(); next !== undefined; next = best.pop()) {
    ordered.push(next.transaction);
    for (const dependent of dependents.get(next) ?? []) {
      const left = (unmet.get(dependent) as number) - 1;
      unmet.set(dependent, left);
      if (left === 0) best.push(dependent);
    }
  }
  return ordered;
}

/** Binary heap whose top is the best entry. */
class BestFirst {
  readonly #heap: Queued[] = [];

  push(entry: Queued): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBetter(entry, heap[parent] as Queued)) break;
      heap[at] = heap[parent] as Queued;
      at = parent;
    }
    heap[at] = entry;
  }

  pop(): Queued | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBetter(heap[child + 1] as Queued, heap[child] as Queued)) child++;
      if (!isBetter(heap[child] as Queued, last)) break;
      heap[at] = heap[child] as Queued;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
