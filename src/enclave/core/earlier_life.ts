/**
 * What the blocks of others tell about this enclave's life before its start: whether the disk that it started from is the
 * newest one. An older copy may lack what was signed since.
 *
 * States: unknown → heard (a block of another validateer stands on everything that this enclave made and others took);
 * from either → lost (a block of its own came from outside).
 *
 * @module
 */
import { type AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import type { ChainBlock } from "../../sidechain/chain_block.ts";
import type { Slot } from "../../sidechain/slots.ts";

/** The earlier life of an enclave. */
export class EarlierLife {
  readonly #signer: AccountId;
  readonly #startSlot: Slot;
  #hasHeard = false;
  #isLost = false;

  /** `startSlot` is the slot in which this life began. */
  constructor(signer: AccountId, startSlot: Slot) {
    this.#signer = signer;
    this.#startSlot = startSlot;
  }

  /** Notes a block that came from another validateer; its ancestors came before, or were on disk. */
  note({ slot, digest: { blockAuthor } }: ChainBlock): void {
    if (equalBytes(blockAuthor, this.#signer)) this.#isLost = true;
    else if (slot > this.#startSlot) this.#hasHeard = true;
  }

  /** Whether nothing of it is missing, as far as others can tell; false until one of them has been heard. */
  get isWhole(): boolean {
    return this.#hasHeard && !this.#isLost;
  }
}
