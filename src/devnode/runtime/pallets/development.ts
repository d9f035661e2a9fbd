/**
 * The Development pallet: what tests of followers need and no real runtime has, for root only.
 *
 * Differs: not part of the original runtime; it stands at an index of its own (200), so that nothing else moves.
 *
 * @module
 */
import { ok } from "../../../primitives/result.ts";
import { defineCall, EMPTY_PALLET, type PalletFactory } from "../definition.ts";
import { PAYS } from "../dispatch/call.ts";
import { ensureRoot } from "../dispatch/origin.ts";
import { u32 } from "../types/builders.ts";
import { grandpaAuthorityList } from "../types/common.ts";
import { changeAuraAuthorities } from "./consensus/aura.ts";
import { auraAuthorityList } from "./consensus/aura_storage.ts";
import { scheduleChange } from "./consensus/grandpa.ts";

/** Weight of a change of authorities. */
const CHANGE_REF_TIME = 100_000_000n;

/** Creates the Development pallet. */
export const developmentPallet: PalletFactory = () => ({
  ...EMPTY_PALLET,
  name: "Development",
  crate: "pallet_development",
  calls: {
    schedule_grandpa_change: defineCall(
      0,
      { next_authorities: grandpaAuthorityList, delay: u32 },
      CHANGE_REF_TIME,
      (ctx, origin, { next_authorities, delay }) => {
        const root = ensureRoot(origin);
        if (!root.ok) return root;
        const scheduled = scheduleChange(ctx, next_authorities, delay);
        return scheduled.ok ? ok(PAYS) : scheduled;
      },
    ),
    change_aura_authorities: defineCall(
      1,
      { authorities: auraAuthorityList },
      CHANGE_REF_TIME,
      (ctx, origin, { authorities }) => {
        const root = ensureRoot(origin);
        if (!root.ok) return root;
        changeAuraAuthorities(ctx, authorities);
        return ok(PAYS);
      },
    ),
  },
});
