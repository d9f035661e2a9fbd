/**
 * Hashes that were found invalid and may not come back for a while.
 *
 * Source: worker `core-primitives/top-pool/src/rotator.rs#PoolRotator` (839eda024)
 *
 * @module
 */
import type { TopHash } from "../../primitives/branded.ts";
import { toHex } from "../../primitives/hex.ts";

/** How long an invalid operation is refused, ms: half an hour. */
export const BAN_DURATION_MS: number = 30 * 60 * 1000;

/** Most banned hashes; above it the list is cleaned. */
export const MAX_BANNED = 4096;

/** How many bans a cleaning leaves at most. */
export const BANNED_AFTER_CLEANING = 2048;

/** Banned hashes with the time of their release, oldest first. */
export class BanList {
  readonly #releaseMs = new Map<string, number>();

  /** How many hashes are on the list, also those whose time is over. */
  get size(): number {
    return this.#releaseMs.size;
  }

  /** Bans a hash from `nowMs` on. */
  ban(hash: TopHash, nowMs: number): void {
    const id = toHex(hash);
    // Taken out first, so that the order of the map stays the order of the releases.
    this.#releaseMs.delete(id);
    this.#releaseMs.set(id, nowMs + BAN_DURATION_MS);
    if (this.#releaseMs.size > MAX_BANNED) this.#clean(nowMs);
  }

  /** Whether a hash is banned. */
  isBanned(hash: TopHash, nowMs: number): boolean {
    const releaseMs = this.#releaseMs.get(toHex(hash));
    return releaseMs !== undefined && nowMs < releaseMs;
  }

  #clean(nowMs: number): void {
    for (const [id, releaseMs] of this.#releaseMs) {
      if (releaseMs > nowMs && this.#releaseMs.size <= BANNED_AFTER_CLEANING) return;
      this.#releaseMs.delete(id);
    }
  }
}
