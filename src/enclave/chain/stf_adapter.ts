/**
 * The state transition function as the proposer takes it.
 *
 * @module
 */
import { err, ok, type Result } from "../../primitives/result.ts";
import type { SidechainStf } from "../../sidechain/propose.ts";
import type { KvStore } from "../../state/kv_store.ts";
import { beginBlock } from "../../stf/begin_block.ts";
import { executeTrustedCall } from "../../stf/execute_trusted_call.ts";
import { applyPrologue } from "../../stf/prologue.ts";
import type { StfContext, StfEffect } from "../../stf/stf_context.ts";
import { callOutcomeOf } from "../../stf/stf_error.ts";
import type { CallOutcome } from "../../types/receipt.ts";
import type { TrustedCallSigned } from "../../types/trusted_call_signed.ts";

/** What the author does in the state after the prologue, such as the bookkeeping of payouts. */
export type AfterPrologue = (store: KvStore) => Result<undefined, { readonly code: string }>;

/** Calls whose signatures were verified at admission. */
export function createStf(
  context: StfContext,
  afterPrologue: AfterPrologue,
): SidechainStf<TrustedCallSigned, StfEffect> {
  return {
    beginBlock,
    applyPrologue: (store, _block, items) =>
      store.transaction((): Result<undefined, { readonly code: string }> => {
        const applied = applyPrologue(store, context, items);
        return applied.ok ? afterPrologue(store) : applied;
      }),
    executeCall: (store, _block, signed) => {
      const result = executeTrustedCall(store, context, signed);
      if (result.ok) return ok(result.value);
      return err({ code: callOutcomeOf(result.error) as Exclude<CallOutcome, "Success"> });
    },
  };
}
