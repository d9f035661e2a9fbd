/**
 * Which blocks the host is asked to fetch, so that a block whose ancestors are not here can be reached from the own chain: first
 * from the head on, since mostly a few blocks are missing, then from further and further below it, since on a fork peers do
 * not know the head, and at last from the confirmed block, which all have.
 *
 * States: nothing missing → asked → answered with blocks that connect: asked from there on; answered without: asked from
 * further below, and after a whole round only after a pause.
 *
 * Differs: the original asks from its head only, and only the first validateer.
 *
 * @module
 */
import type { BlockHash } from "../../primitives/branded.ts";
import type { SidechainChain } from "../../sidechain/chain.ts";
import type { Outbox } from "./outbox.ts";

/** Pause after a wish before the next one, unless it is answered: two slots, in which a peer nearby has answered. */
export const WISH_PAUSE_MS = 600;
/** How far below the head a fork is looked for, wish by wish, before the confirmed block is taken. */
const FORK_DEPTHS: readonly bigint[] = [0n, 8n, 64n];

/** A block by its hash, with its number. */
export interface MissingBlock {
  readonly hash: BlockHash;
  readonly number: bigint;
}

/** Asks for blocks. */
export class BlockWishes {
  readonly #chain: SidechainChain;
  readonly #outbox: Outbox;
  #isOpen = false;
  #askedAtMs = 0;
  /** Wishes since the last one that brought something. */
  #attempt = 0;
  /** All wishes, so that one that cannot be fulfilled does not stand before the others for ever. */
  #count = 0;
  /** Newest block that a fetch has connected, where the next one goes on. */
  #reached: BlockHash | undefined;
  /** Greatest number of such a block. */
  #reachedNumber = 0n;

  constructor(chain: SidechainChain, outbox: Outbox) {
    this.#chain = chain;
    this.#outbox = outbox;
  }

  /** Whether blocks were asked for that are still missing. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Asks for what is missing now, unless that was done a moment ago. */
  follow(missing: readonly MissingBlock[], nowMs: number): void {
    if (missing.length === 0) {
      this.#isOpen = false;
      this.#attempt = 0;
      this.#reached = undefined;
      this.#reachedNumber = 0n;
      return;
    }
    const isWaiting = this.#isOpen && nowMs < this.#askedAtMs + WISH_PAUSE_MS;
    if (!isWaiting) this.#ask(missing, nowMs);
  }

  /** Fetched blocks came in; `reached` is the newest that is new here and connected, if any. */
  answered(reached: MissingBlock | undefined, missing: readonly MissingBlock[], nowMs: number): void {
    if (!this.#isOpen || missing.length === 0) return this.follow(missing, nowMs);
    // Only what is further than before counts: the same blocks again, which had no room, are no reason to hurry.
    const isFurther = reached !== undefined && reached.number > this.#reachedNumber;
    if (isFurther) {
      this.#reached = reached.hash;
      this.#reachedNumber = reached.number;
      this.#attempt = 0;
    }
    if (isFurther || this.#attempt <= FORK_DEPTHS.length) this.#ask(missing, nowMs);
  }

  #ask(missing: readonly MissingBlock[], nowMs: number): void {
    const wanted = missing[this.#count++ % missing.length];
    if (wanted === undefined) return;
    if (this.#attempt > FORK_DEPTHS.length) this.#attempt = 0;
    let from = this.#reached;
    this.#reached = undefined;
    if (from === undefined) {
      // What stands not above the own head is no continuation of it.
      if (this.#attempt === 0 && wanted.number <= this.#chain.head.number + 1n) this.#attempt = 1;
      from = this.#ancestor(FORK_DEPTHS[this.#attempt]);
      this.#attempt++;
    }
    this.#isOpen = true;
    this.#askedAtMs = nowMs;
    this.#outbox.push({ type: "blocks_wanted", value: { from, until: wanted.hash, only: undefined } });
  }

  /** The block that many below the head; the confirmed one for none. */
  #ancestor(depth: bigint | undefined): BlockHash {
    const { base, head } = this.#chain;
    if (depth === 0n) return head.hash;
    const block = depth === undefined ? undefined : this.#chain.at(head.number - depth);
    return (block ?? base).hash;
  }
}
