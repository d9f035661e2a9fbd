/**
 * Two headers of one author for one slot: kept as evidence, since nobody can make it but the author.
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { toHex } from "../primitives/hex.ts";
import type { LightHeader } from "../types/light_header.ts";
import { computeHeaderHash } from "../types/sidechain_header.ts";
import { computeSlot, type Slot } from "./slots.ts";

/** How many (author, slot) pairs are remembered: ten minutes of slots of 300 ms. */
export const MAX_WATCHED_SLOTS = 2048;
/** Most pieces of evidence kept; one an author and day is plenty to act on. */
export const MAX_EQUIVOCATIONS = 64;

/** The proof that an author signed two blocks for one slot. */
export interface Equivocation {
  readonly slot: Slot;
  readonly first: LightHeader;
  readonly second: LightHeader;
}

/** Watches verified headers. */
export class EquivocationMonitor {
  readonly #slotDurationMs: bigint;
  readonly #seen = new Map<string, LightHeader>();
  readonly #evidence: Equivocation[] = [];

  /** @param slotDurationMs Length of a slot of the shard. */
  constructor(slotDurationMs: bigint) {
    this.#slotDurationMs = slotDurationMs;
  }

  /** Evidence so far, oldest first, at most {@linkcode MAX_EQUIVOCATIONS}. */
  get evidence(): readonly Equivocation[] {
    return this.#evidence;
  }

  /** Takes a header whose signature and data hash are verified; gives the evidence if it completes one. */
  observe(header: LightHeader): Equivocation | undefined {
    const slot = computeSlot(header.digest.timestamp, this.#slotDurationMs);
    const id = `${slot} ${toHex(header.digest.blockAuthor)}`;
    const first = this.#seen.get(id);
    if (first === undefined) {
      this.#seen.set(id, header);
      const [oldest] = this.#seen.keys();
      if (this.#seen.size > MAX_WATCHED_SLOTS && oldest !== undefined) this.#seen.delete(oldest);
      return undefined;
    }
    if (equalBytes(computeHeaderHash(first.header), computeHeaderHash(header.header))) return undefined;
    const found: Equivocation = { slot, first, second: header };
    if (this.#evidence.length < MAX_EQUIVOCATIONS) this.#evidence.push(found);
    return found;
  }
}
