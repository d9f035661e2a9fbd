/**
 * Token bucket with the time passed in.
 *
 * @module
 */

/** A rate: `burst` tokens at once, refilled with `perSecond`. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Tokens of one connection. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #atMs: number;

  /** Starts full. @throws {RangeError} If the rate is not positive. */
  constructor(rate: Rate, nowMs: number) {
    if (!(rate.burst > 0) || !(rate.perSecond > 0)) throw new RangeError("Cannot limit to a rate that is not positive");
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = nowMs;
  }

  /** Takes `cost` tokens if there are as many; a clock that goes back refills nothing. */
  take(cost: number, nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = Math.max(this.#atMs, nowMs);
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (elapsedMs * this.#rate.perSecond) / 1000);
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }
}
