/**
 * Parameters that a shard has for good.
 *
 * Differs: the reference has one slot duration in its settings; here it is a parameter of the shard.
 *
 * @module
 */
import { u32 } from "../../codec/codec.ts";
import type { StateReader } from "../../state/kv_store.ts";
import { type StorageValue, storageValue } from "../storage.ts";

/** Slot duration of a shard that names no other, ms. */
export const DEFAULT_SLOT_DURATION_MS = 300;

/** Shortest slot, ms: below it no block fits between two messages of validateers. */
export const MIN_SLOT_DURATION_MS = 50;

/** Longest slot, ms: above it a client would hold the shard for dead. */
export const MAX_SLOT_DURATION_MS = 60_000;

/** `Shard.SlotDuration`: ms, set in the first state. */
export const shardSlotDuration: StorageValue<number> = storageValue("Shard", "SlotDuration", u32);

/** Slot duration of the shard, ms. */
export function readSlotDurationMs(store: StateReader): number {
  return shardSlotDuration.get(store) ?? DEFAULT_SLOT_DURATION_MS;
}
