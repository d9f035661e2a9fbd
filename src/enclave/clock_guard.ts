/**
 * Bounds on the host's clock: it never goes back, and it stays near the newest final parentchain timestamp.
 *
 * @module
 */
import { err, ok, type Result } from "../primitives/result.ts";

/**
 * How far the clock may be ahead of the newest final parentchain timestamp: finality lags by seconds, a stalled
 * parentchain by minutes; a day ahead no key statement or session proxy would mean anything.
 */
export const MAX_AHEAD_OF_PARENTCHAIN_MS = 3_600_000;
/** How far the clock may be behind it: a block's timestamp is never much in the future of honest clocks. */
export const MAX_BEHIND_PARENTCHAIN_MS = 30_000;

/** Why a time was refused. */
export type ClockError =
  /** Earlier than one seen before. */
  | { readonly code: "ClockWentBack"; readonly lastMs: number }
  /** Too far ahead of the parentchain. */
  | { readonly code: "ClockAheadOfParentchain"; readonly parentchainMs: number }
  /** Too far behind the parentchain. */
  | { readonly code: "ClockBehindParentchain"; readonly parentchainMs: number };

/** Remembers the newest times. */
export class ClockGuard {
  #lastMs = 0;
  #parentchainMs: number | undefined;

  /** A timestamp of a final parentchain block. */
  sawParentchain(timestampMs: number): void {
    this.#parentchainMs = Math.max(this.#parentchainMs ?? 0, timestampMs);
  }

  /** Checks a time of the host and remembers it if it is good. Before the first parentchain timestamp any is. */
  check(nowMs: number): Result<number, ClockError> {
    if (nowMs < this.#lastMs) return err({ code: "ClockWentBack", lastMs: this.#lastMs });
    const parentchainMs = this.#parentchainMs;
    if (parentchainMs !== undefined) {
      if (nowMs > parentchainMs + MAX_AHEAD_OF_PARENTCHAIN_MS) {
        return err({ code: "ClockAheadOfParentchain", parentchainMs });
      }
      if (nowMs < parentchainMs - MAX_BEHIND_PARENTCHAIN_MS) {
        return err({ code: "ClockBehindParentchain", parentchainMs });
      }
    }
    this.#lastMs = nowMs;
    return ok(nowMs);
  }
  /** A time of the host as blocks of peers are held to it: not before the last good one, nor too far ahead of the parentchain. */
  bounded(nowMs: number): number {
    const latest = this.#parentchainMs === undefined ? nowMs : this.#parentchainMs + MAX_AHEAD_OF_PARENTCHAIN_MS;
    return this.notBefore(Math.min(nowMs, latest));
  }

  /** A time of the host, but never before the last good one. */
  notBefore(nowMs: number): number {
    return Math.max(this.#lastMs, nowMs);
  }
}
