/**
 * A set that forgets what is oldest.
 *
 * @module
 */

/** The newest members up to a number. */
export class RecentSet<T> {
  readonly #max: number;
  readonly #members = new Set<T>();

  /** Makes an empty set of at most `max` members. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether a member is here. */
  has(member: T): boolean {
    return this.#members.has(member);
  }

  /** Adds a member; the answer tells whether it is new. */
  add(member: T): boolean {
    if (this.#members.has(member)) return false;
    this.#members.add(member);
    for (const oldest of this.#members) {
      if (this.#members.size <= this.#max) break;
      this.#members.delete(oldest);
    }
    return true;
  }
}
