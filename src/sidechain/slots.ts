/**
 * Slots: the time of the sidechain, cut into pieces of equal length since the Unix epoch.
 *
 * Source: worker `sidechain/consensus/slots/src/slots.rs#slot_from_timestamp_and_duration` (839eda024)
 *
 * @module
 */

/**
 * Default length of a slot in milliseconds; a parameter of the shard.
 *
 * Differs: worker `core-primitives/settings/src/lib.rs#SLOT_DURATION` (839eda024) is 1000 ms.
 */
export const DEFAULT_SLOT_DURATION_MS = 300n;

/**
 * Share of what is left of a slot that goes to executing calls; the rest is for hashing, encrypting, signing, storing.
 *
 * Source: worker `sidechain/consensus/aura/src/lib.rs#proposing_remaining_duration` (839eda024)
 */
const PROPOSING_PERCENT = 70n;

/** Number of a slot. */
export type Slot = bigint;

/** The slot that a time in milliseconds falls into. @throws {RangeError} If the duration is not positive. */
export function computeSlot(timestampMs: bigint, slotDurationMs: bigint): Slot {
  if (slotDurationMs <= 0n) {
    throw new RangeError(`Cannot compute slot: want a positive duration, got ${slotDurationMs}`);
  }
  return timestampMs / slotDurationMs;
}

/** When a slot begins, in milliseconds since the epoch. */
export function computeSlotStartMs(slot: Slot, slotDurationMs: bigint): bigint {
  return slot * slotDurationMs;
}

/** When the slot after the one of `nowMs` begins, in milliseconds since the epoch. */
export function computeNextSlotStartMs(nowMs: bigint, slotDurationMs: bigint): bigint {
  return computeSlotStartMs(computeSlot(nowMs, slotDurationMs) + 1n, slotDurationMs);
}

/** Until when calls may be executed in the slot of `nowMs`: 70 % of what is left of it. */
export function computeProposingDeadlineMs(nowMs: bigint, slotDurationMs: bigint): bigint {
  return nowMs + (computeNextSlotStartMs(nowMs, slotDurationMs) - nowMs) * PROPOSING_PERCENT / 100n;
}
