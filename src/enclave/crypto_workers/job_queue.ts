/**
 * A queue that is fair to those who fill it.
 *
 * @module
 */

/** Items of many lanes: each lane's in order, the lanes in turn, so that a long lane does not delay a short one. */
export class JobQueue<Item> {
  readonly #lanes = new Map<object, Item[]>();
  #size = 0;

  /** Items of all lanes. */
  get size(): number {
    return this.#size;
  }

  /** Adds an item at the end of its lane. */
  push(lane: object, item: Item): void {
    const items = this.#lanes.get(lane);
    if (items === undefined) this.#lanes.set(lane, [item]);
    else items.push(item);
    this.#size++;
  }

  /** The item that {@linkcode JobQueue.take} would give. */
  peek(): Item | undefined {
    return this.#lanes.values().next().value?.[0];
  }

  /** Takes the first item of the lane whose turn it is; that lane is last then. */
  take(): Item | undefined {
    const next = this.#lanes.entries().next();
    if (next.done) return undefined;
    const [lane, items] = next.value;
    const item = items.shift();
    this.#lanes.delete(lane);
    if (items.length > 0) this.#lanes.set(lane, items);
    this.#size--;
    return item;
  }
}
