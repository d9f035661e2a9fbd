/**
 * Whose blocks have to be asked for because they do not come: the connection over which an author pushes them stands still, or is
 * far too slow, while it can be reached. Nobody builds on such blocks, so nothing here tells that they are missing; the author and
 * the others would make rival blocks for as long as it lasts.
 *
 * In the slot of such an author the enclave whose turn is next asks for its blocks, so as to build on the one of now. Authors in
 * between that are silent too are passed over: what cannot be heard builds on nothing either. So each enclave asks at most once in
 * a rotation for each silent author, and all others find what they lack by the blocks that stand on it.
 *
 * An author is heard by a block that was pushed and imported while it was new. Pushed blocks that are not imported count nothing,
 * since anybody may have sent them, and neither do those that are here already: whoever gives back what was fetched could keep
 * the next question from being asked.
 *
 * Differs: the original asks for blocks only if a later block shows that they are missing.
 *
 * @module
 */
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import { computeSlotAuthor } from "../../sidechain/aura.ts";
import type { Slot } from "../../sidechain/slots.ts";

/** Rotations without a new block of an author until its blocks are asked for: one missed slot is nothing unusual. */
export const MAX_SILENT_ROTATIONS = 2n;

/** Remembers when authors were heard. */
export class SilentAuthors {
  /** Slot of the newest block of each listed author, or the one in which it was seen in the list first. */
  readonly #heard = new Map<Hex, Slot>();

  /** A pushed block was imported in slot `now`: one that came later than after a rotation is of no more use than none. */
  hear(author: AccountId, slot: Slot, now: Slot, authorities: readonly AccountId[]): void {
    const id = toHex(author);
    const heard = this.#heard.get(id);
    const isFresh = now - slot <= BigInt(authorities.length);
    if (isFresh && (heard === undefined || slot > heard)) this.#heard.set(id, slot);
  }

  /** Whose blocks this enclave has to ask for in this slot, if any; to be called in each slot. */
  toAsk(authorities: readonly AccountId[], self: AccountId, slot: Slot): AccountId | undefined {
    this.#follow(authorities, slot);
    const rotation = BigInt(authorities.length);
    const isSilent = (author: AccountId): boolean =>
      slot - (this.#heard.get(toHex(author)) ?? slot) > MAX_SILENT_ROTATIONS * rotation;
    const author = computeSlotAuthor(authorities, slot);
    if (author === undefined || equalBytes(author, self) || !isSilent(author)) return undefined;
    for (let next = slot + 1n; next < slot + rotation; next++) {
      const follower = computeSlotAuthor(authorities, next) as AccountId;
      if (equalBytes(follower, self)) return author;
      if (!isSilent(follower)) return undefined;
    }
    return undefined;
  }

  /** New authors begin with now, those that are gone are forgotten, and nobody was heard later than now. */
  #follow(authorities: readonly AccountId[], slot: Slot): void {
    const ids = new Set(authorities.map((author) => toHex(author)));
    for (const id of this.#heard.keys()) if (!ids.has(id)) this.#heard.delete(id);
    for (const id of ids) {
      const heard = this.#heard.get(id);
      if (heard === undefined || heard > slot) this.#heard.set(id, slot);
    }
  }
}
