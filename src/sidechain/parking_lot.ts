/**
 * Blocks that wait for a parentchain block that is not known here yet.
 *
 * @module
 */
import type { BlockHash } from "../primitives/branded.ts";
import { compareBytes } from "../primitives/bytes.ts";
import { toHex } from "../primitives/hex.ts";
import { computeHeaderHash } from "../types/sidechain_header.ts";
import type { SignedBlock } from "../types/signed_block.ts";

/** Most parked blocks: more than all slots that fit into {@linkcode MAX_PARKED_MS} with a block each are not needed. */
export const MAX_PARKED_BLOCKS = 64;
/** How long a block waits: a parentchain block arrives within a few of its block times of 6 or 12 s, or not at all. */
export const MAX_PARKED_MS = 30_000n;

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

  /** Parks a block; `false` if there is no room. Parking it again does not prolong its time. */
  park(signed: SignedBlock, nowMs: bigint): boolean {
    const hash = computeHeaderHash(signed.block.header);
    const id = toHex(hash);
    if (this.#parked.has(id)) return true;
    this.#expire(nowMs);
    if (this.#parked.size >= MAX_PARKED_BLOCKS) return false;
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

  #expire(nowMs: bigint): void {
    for (const [id, { untilMs }] of this.#parked) if (untilMs <= nowMs) this.#parked.delete(id);
  }
}
