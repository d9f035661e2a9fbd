/**
 * Whose turn it is: round robin over the authorities.
 *
 * @module
 */
import type { AccountId } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import type { Slot } from "./slots.ts";

/**
 * The author of a slot, or `undefined` if there is no authority.
 *
 * Source: worker `sidechain/consensus/aura/src/lib.rs#slot_author` (839eda024)
 *
 * @param authorities Signers of the shard in storage order, as at the parent block's `layer_one_head`.
 */
export function computeSlotAuthor(authorities: readonly AccountId[], slot: Slot): AccountId | undefined {
  if (authorities.length === 0) return undefined;
  return authorities[Number(slot % BigInt(authorities.length))];
}

/** What decides whether an enclave may author in a slot. */
export interface SlotClaim {
  /** Authorities as at the parent's `layer_one_head`. */
  readonly authorities: readonly AccountId[];
  /** Key of this enclave. */
  readonly self: AccountId;
  /** The slot in question. */
  readonly slot: Slot;
  /** Slot of the parent block. */
  readonly parentSlot: Slot;
  /** Slot in which this enclave started. */
  readonly startSlot: Slot;
  /** Latest slot in which this enclave signed a block since it started. */
  readonly lastAuthoredSlot: Slot | undefined;
}

/**
 * Whether an enclave may author: it is its turn, the slot is later than the parent's and than any it has used, and later
 * than its start slot + 1, because it does not remember what it signed before it started.
 */
export function isOwnSlot(claim: SlotClaim): boolean {
  const author = computeSlotAuthor(claim.authorities, claim.slot);
  if (author === undefined || !equalBytes(author, claim.self)) return false;
  if (claim.slot <= claim.parentSlot || claim.slot <= claim.startSlot + 1n) return false;
  return claim.lastAuthoredSlot === undefined || claim.slot > claim.lastAuthoredSlot;
}
