/**
 * Transactions that were refused lately, so that repeating them costs no signature check.
 *
 * @module
 */
import type { Hex } from "../../primitives/hex.ts";

/** How long a refused transaction is not looked at again: Substrate's half hour. */
export const BAN_TIME_MS = 30 * 60 * 1000;
/** How many refused transactions are remembered; the oldest is forgotten first. Substrate's number. */
export const MAX_BANNED = 2048;

/** Hashes with the time their ban ends, oldest first. */
export class BanList {
  readonly #until = new Map<Hex, number>();

  /** Bans a transaction from now on. */
  ban(hash: Hex, nowMs: number): void {
    this.#until.delete(hash);
    this.#until.set(hash, nowMs + BAN_TIME_MS);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MAX_BANNED) break;
      this.#until.delete(oldest);
    }
  }

  /** Whether a transaction is banned now. */
  isBanned(hash: Hex, nowMs: number): boolean {
    const until = this.#until.get(hash);
    if (until === undefined) return false;
    if (nowMs < until) return true;
    this.#until.delete(hash);
    return false;
  }
}
