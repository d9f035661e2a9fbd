/**
 * The Aura pallet: authorities take turns, one slot each.
 *
 * Source: polkadot-sdk `substrate/frame/aura/src/lib.rs`
 *
 * @module
 */
import { concatBytes, equalBytes, utf8 } from "../../../../primitives/bytes.ts";
import { defineConstant, EMPTY_PALLET, type PalletFactory } from "../../definition.ts";
import type { ExecutionContext } from "../../dispatch/context.ts";
import { u64 } from "../../types/builders.ts";
import { digestLogs } from "../system/storage.ts";
import { auraAuthorities, auraAuthorityList, currentSlot } from "./aura_storage.ts";

/** Name of the engine in digests. */
export const AURA_ENGINE: Uint8Array = utf8("aura");

/** The slot that the author left in the header. @throws {RangeError} If there is none. */
function slotOfDigest(ctx: ExecutionContext): bigint {
  for (const item of digestLogs.get(ctx.store)) {
    if (item.type === "PreRuntime" && equalBytes(item.value[0], AURA_ENGINE)) return u64.codec.decode(item.value[1]);
  }
  throw new RangeError("Cannot begin block: its digest has no Aura slot");
}

function onInitialize(ctx: ExecutionContext): void {
  const slot = slotOfDigest(ctx);
  const previous = currentSlot.get(ctx.store);
  if (slot <= previous) throw new RangeError(`Cannot begin block: slot ${slot} is not later than ${previous}`);
  currentSlot.put(ctx.store, slot);
}

/** Replaces the authorities and tells followers by a digest item. */
export function changeAuraAuthorities(ctx: ExecutionContext, authorities: readonly Uint8Array[]): void {
  auraAuthorities.put(ctx.store, authorities);
  const payload = concatBytes(new Uint8Array([1]), auraAuthorityList.codec.encode(authorities));
  ctx.log({ type: "Consensus", value: [AURA_ENGINE, payload] });
}

/** Creates the Aura pallet. */
export const auraPallet: PalletFactory = ({ parameters }) => ({
  ...EMPTY_PALLET,
  name: "Aura",
  crate: "pallet_aura",
  storage: [auraAuthorities.info, currentSlot.info],
  constants: { SlotDuration: defineConstant(u64, BigInt(parameters.slotDurationMs)) },
  hooks: {
    onInitialize,
    buildGenesis: (ctx, config) => auraAuthorities.put(ctx.store, config.auraAuthorities),
  },
});
