/**
 * Order of the requests of one connection, although their decryptions end in any order.
 *
 * @module
 */

/** Runs the second step of each request after the second steps of those that came before it on its connection. */
export class ArrivalOrder {
  readonly #lasts = new WeakMap<object, Promise<unknown>>();

  /** Waits for the first step and for this request's turn, then runs the second step. A step that fails holds up nobody. */
  async run<First, Second>(
    connection: object,
    first: Promise<First>,
    second: (value: First) => Second | Promise<Second>,
  ): Promise<Second> {
    const before = this.#lasts.get(connection);
    const turn = Promise.all([first, before]).then(([value]) => second(value));
    // Set BEFORE anything is awaited, so that the next request of the connection stands behind this one; and behind the
    // one before, which may still be at work when this one has failed.
    this.#lasts.set(connection, Promise.allSettled([before, turn]).then(() => {}));
    return await turn;
  }
}
