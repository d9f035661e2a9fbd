/**
 * The Timestamp pallet: each block begins with the inherent that sets its time.
 *
 * Source: polkadot-sdk `substrate/frame/timestamp/src/lib.rs`
 *
 * @module
 */
import { err, ok } from "../../../primitives/result.ts";
import { type CallDefinition, defineCall, defineConstant, EMPTY_PALLET, type PalletFactory } from "../definition.ts";
import { PAYS } from "../dispatch/call.ts";
import { ensureNone } from "../dispatch/origin.ts";
import { defaultValue, type StorageValue } from "../storage/storage_item.ts";
import { bool, compactU64, u64 } from "../types/builders.ts";
import { plainError } from "../types/dispatch_types.ts";
import { currentSlot } from "./consensus/aura_storage.ts";

/** Weight of the inherent. */
const SET_REF_TIME = 160_000_000n;

/** Time of the block in milliseconds since 1970. */
export const timestampNow: StorageValue<bigint, never> = defaultValue("Timestamp", "Now", u64, 0n);
/** Whether the block's time is set. */
export const didUpdate: StorageValue<boolean, never> = defaultValue("Timestamp", "DidUpdate", bool, false);

/** Shortest time between two blocks: half a slot. */
export function minimumPeriod(slotDurationMs: number): bigint {
  return BigInt(Math.floor(slotDurationMs / 2));
}

/**
 * The inherent. Where a wasm runtime panics (set twice, too early, not in the slot of the header), the call fails,
 * and a failed mandatory call makes the block invalid.
 */
const set: CallDefinition = defineCall(
  0,
  { now: compactU64 },
  () => ({ refTime: SET_REF_TIME, class: "Mandatory", paysFee: true }),
  (ctx, origin, { now }) => {
    const none = ensureNone(origin);
    if (!none.ok) return none;
    const previous = timestampNow.get(ctx.store);
    const earliest = previous + minimumPeriod(ctx.parameters.slotDurationMs);
    if (didUpdate.get(ctx.store) || (previous !== 0n && now < earliest)) return err(plainError("Other"));
    if (now / BigInt(ctx.parameters.slotDurationMs) !== currentSlot.get(ctx.store)) return err(plainError("Other"));
    timestampNow.put(ctx.store, now);
    didUpdate.put(ctx.store, true);
    return ok(PAYS);
  },
);

/** Creates the Timestamp pallet. */
export const timestampPallet: PalletFactory = ({ parameters }) => ({
  ...EMPTY_PALLET,
  name: "Timestamp",
  crate: "pallet_timestamp",
  storage: [timestampNow.info, didUpdate.info],
  calls: { set },
  constants: { MinimumPeriod: defineConstant(u64, minimumPeriod(parameters.slotDurationMs)) },
  hooks: {
    onFinalize: ({ store }) => {
      if (!didUpdate.take(store)) throw new RangeError("Cannot finish block: its timestamp is not set");
    },
  },
});
