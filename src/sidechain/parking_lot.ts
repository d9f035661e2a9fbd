/**
 * Blocks that wait for a parentchain block, or for a parent, that is not here yet.
 *
 * Differs: the original loses a block whose parentchain block it has not seen.
 *
 * @module
 */
import type { AccountId, BlockHash } from "../primitives/branded.ts";
import { compareBytes, equalBytes } from "../primitives/bytes.ts";
import { toHex } from "../primitives/hex.ts";
import { computeHeaderHash } from "../types/sidechain_header.ts";
import type { SignedBlock } from "../types/signed_block.ts";

/** Most parked blocks: more than all slots that fit into {@linkcode MAX_PARKED_MS} with a block each are not needed. */
export const MAX_PARKED_BLOCKS = 64;
/** How long a block waits: a parentchain block arrives within a few of its block times of 6 or 12 s, or not at all. */
export const MAX_PARKED_MS = 30_000n;
/** Most bytes of encrypted diffs that parked blocks may hold together: seven of the largest size. */
export const MAX_PARKED_BYTES: number = 64 * 1024 * 1024;

interface Parked {
  readonly signed: SignedBlock;
  readonly hash: BlockHash;
  readonly untilMs: bigint;
}

/** Holds blocks for a while; a block that does not fit or waits too long is forgotten, without blame for its peer. */
export class ParkingLot {
  readonly #parked = new Map<string, Parked>();

  /** Number of parked blocks. */
  get size(): number {
    return this.#parked.size;
  }

  /** Whether a block is parked. */
  has(hash: BlockHash): boolean {
    return this.#parked.has(toHex(hash));
  }

  /** Whether a parked block names a block as its parent. */
  hasChildOf(hash: BlockHash): boolean {
    return this.#parked.values().some(({ signed: { block } }) => equalBytes(block.header.parentHash, hash));
  }

  /**
   * Parks a block whose signature and body are verified; `false` if its author is not one of `authorities`, or if there is no room.
   * Each author has an equal share of the places, so that one cannot take those of the others. Parking a block again does
   * not prolong its time.
   *
   * @param authorities Validateers of the shard as at the newest parentchain block here.
   */
  park(signed: SignedBlock, nowMs: bigint, authorities: readonly AccountId[]): boolean {
    const hash = computeHeaderHash(signed.block.header);
    const id = toHex(hash);
    this.#expire(nowMs);
    if (this.#parked.has(id)) return true;
    const { blockAuthor } = signed.block.blockData;
    if (!authorities.some((authority) => equalBytes(authority, blockAuthor))) return false;
    const share = Math.max(1, Math.floor(MAX_PARKED_BLOCKS / authorities.length));
    const shareBytes = Math.floor(MAX_PARKED_BYTES / authorities.length);
    const { count, bytes } = this.#heldBy(blockAuthor);
    if (this.#parked.size >= MAX_PARKED_BLOCKS || count >= share) return false;
    // One block always fits, however large it and however many the authors are.
    if (count > 0 && bytes + sizeOf(signed) > shareBytes) return false;
    this.#parked.set(id, { signed, hash, untilMs: nowMs + MAX_PARKED_MS });
    return true;
  }

  /**
   * The blocks whose time is not over, by number, then by hash, for another try. They stay here until
   * {@linkcode remove}d.
   */
  waiting(nowMs: bigint): SignedBlock[] {
    this.#expire(nowMs);
    return [...this.#parked.values()].sort((a, b) => {
      const difference = a.signed.block.header.blockNumber - b.signed.block.header.blockNumber;
      return difference !== 0n ? (difference < 0n ? -1 : 1) : compareBytes(a.hash, b.hash);
    }).map(({ signed }) => signed);
  }

  /** Forgets a block, after it was imported or refused for good. */
  remove(signed: SignedBlock): void {
    this.#parked.delete(toHex(computeHeaderHash(signed.block.header)));
  }

  #heldBy(author: AccountId): { readonly count: number; readonly bytes: number } {
    let count = 0;
    let bytes = 0;
    for (const { signed } of this.#parked.values()) {
      if (!equalBytes(signed.block.blockData.blockAuthor, author)) continue;
      count++;
      bytes += sizeOf(signed);
    }
    return { count, bytes };
  }

  #expire(nowMs: bigint): void {
    for (const [id, { untilMs }] of this.#parked) if (untilMs <= nowMs) this.#parked.delete(id);
  }
}

function sizeOf({ block: { blockData } }: SignedBlock): number {
  return blockData.encryptedStateDiff.length;
}
