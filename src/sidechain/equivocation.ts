/**
 * Two headers of one author for one slot: kept as evidence, since nobody can make it but the author.
 *
 * Differs: the original keeps no such evidence.
 *
 * @module
 */
import { ed25519Verify } from "../crypto/ed25519.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { toHex } from "../primitives/hex.ts";
import type { BlockData } from "../types/block_data.ts";
import { computeBlockDataHash } from "../types/block_digest.ts";
import { type EquivocationProof, MAX_EQUIVOCATIONS } from "../types/equivocation.ts";
import type { LightHeader } from "../types/light_header.ts";
import { type Block, blockSigningMessage } from "../types/signed_block.ts";
import { computeHeaderHash } from "../types/sidechain_header.ts";
import { computeSlot, type Slot } from "./slots.ts";

/** How many (author, slot) pairs are remembered: ten minutes of slots of 300 ms. */
export const MAX_WATCHED_SLOTS = 2048;
/** Most pieces of evidence kept of one author, so that one does not take the places of the others. */
export const MAX_EQUIVOCATIONS_PER_AUTHOR = 8;

/** The proof that an author signed two blocks for one slot. */
export interface Equivocation extends EquivocationProof {
  /** The slot. */
  readonly slot: Slot;
}

/** Watches verified headers. */
export class EquivocationMonitor {
  readonly #slotDurationMs: bigint;
  /** The first header of an author for a slot, and the second if there was one. */
  readonly #seen = new Map<string, readonly LightHeader[]>();
  readonly #evidence: Equivocation[] = [];
  #found = 0;

  /** @param slotDurationMs Length of a slot of the shard. */
  constructor(slotDurationMs: bigint) {
    this.#slotDurationMs = slotDurationMs;
  }

  /** Evidence so far, oldest first: one piece by author and slot, within the limits of this file. */
  get evidence(): readonly Equivocation[] {
    return this.#evidence;
  }

  /** How many there were, also those beyond the limits. */
  get found(): number {
    return this.#found;
  }

  /**
   * Takes a header whose signature and data hash are verified, in a slot of its author; gives the evidence if it completes a
   * new one.
   */
  observe(header: LightHeader): Equivocation | undefined {
    const { slot, id } = this.#keyOf(header.digest);
    const { blockAuthor } = header.digest;
    const [first, second] = this.#seen.get(id) ?? [];
    if (first === undefined) {
      this.#seen.set(id, [header]);
      const [oldest] = this.#seen.keys();
      if (this.#seen.size > MAX_WATCHED_SLOTS && oldest !== undefined) this.#seen.delete(oldest);
      return undefined;
    }
    // A third block of the slot proves nothing more.
    if (second !== undefined || isSame(first, header)) return undefined;
    this.#seen.set(id, [first, header]);
    const ofAuthor = this.#evidence.filter(({ first: { digest } }) => equalBytes(digest.blockAuthor, blockAuthor));
    const found: Equivocation = { slot, first, second: header };
    this.#found++;
    const hasRoom = this.#evidence.length < MAX_EQUIVOCATIONS && ofAuthor.length < MAX_EQUIVOCATIONS_PER_AUTHOR;
    if (hasRoom) this.#evidence.push(found);
    return found;
  }

  /**
   * Whether a block is a further one of an author that has signed two for the slot already. Such blocks are taken only if
   * others stand on them, so that an author fills neither memory nor disk with what it makes of one slot.
   */
  isSurplus({ header, blockData }: Block): boolean {
    const known = this.#seen.get(this.#keyOf(blockData).id) ?? [];
    return known.length > 1 && !known.some((one) => isSame(one, { header }));
  }

  #keyOf(
    { timestamp, blockAuthor }: Pick<BlockData, "timestamp" | "blockAuthor">,
  ): { readonly slot: Slot; readonly id: string } {
    const slot = computeSlot(timestamp, this.#slotDurationMs);
    return { slot, id: `${slot} ${toHex(blockAuthor)}` };
  }
}

function isSame(a: Pick<LightHeader, "header">, b: Pick<LightHeader, "header">): boolean {
  return equalBytes(computeHeaderHash(a.header), computeHeaderHash(b.header));
}

/**
 * Whether evidence that somebody else serves is true: both headers commit to their digests, both are signed by the same
 * author, for the same slot of the same shard, and they are two.
 */
export function isEquivocation({ first, second }: EquivocationProof, slotDurationMs: bigint): boolean {
  const slotOf = ({ digest }: LightHeader): Slot => computeSlot(digest.timestamp, slotDurationMs);
  return slotOf(first) === slotOf(second) &&
    equalBytes(first.digest.blockAuthor, second.digest.blockAuthor) &&
    equalBytes(first.header.shardId, second.header.shardId) &&
    !isSame(first, second) &&
    isSigned(first) && isSigned(second);
}

function isSigned({ header, digest, signature }: LightHeader): boolean {
  return equalBytes(header.blockDataHash, computeBlockDataHash(digest)) &&
    ed25519Verify(signature.value, blockSigningMessage(computeHeaderHash(header)), digest.blockAuthor);
}
