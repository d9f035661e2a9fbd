/**
 * The Utility pallet: several calls in one.
 *
 * Source: polkadot-sdk `substrate/frame/utility/src/lib.rs`
 *
 * @module
 */
import { err, ok, type Result } from "../../../primitives/result.ts";
import { type CallCost, type CallCosts, type DispatchResult, PAYS, type RuntimeCall } from "../dispatch/call.ts";
import { type CallDefinition, defineCall, defineConstant, EMPTY_PALLET, type PalletFactory } from "../definition.ts";
import { defineErrors, defineEvents } from "../dispatch/event.ts";
import { type ExecutionContext, fail } from "../dispatch/context.ts";
import type { Origin } from "../dispatch/origin.ts";
import { plainVariant, structVariant, u32, vecOf } from "../types/builders.ts";
import { type DispatchError, dispatchError, dispatchResult, plainError } from "../types/dispatch_types.ts";
import type { RuntimeType } from "../types/runtime_type.ts";

/** Weight of a batch without its calls. */
const BATCH_REF_TIME = 10_000_000n;
/** Most calls in a batch, as in the original on a 64-bit host. */
export const BATCHED_CALLS_LIMIT = 10_922;

/** Events of the Utility pallet. */
export const utilityEvents = defineEvents("Utility", {
  BatchInterrupted: structVariant(0, { index: u32, error: dispatchError }),
  BatchCompleted: plainVariant(1),
  BatchCompletedWithErrors: plainVariant(2),
  ItemCompleted: plainVariant(3),
  ItemFailed: structVariant(4, { error: dispatchError }),
  DispatchedAs: structVariant(5, { result: dispatchResult }),
});

/** Errors of the Utility pallet. */
export const utilityErrors = defineErrors("Utility", { TooManyCalls: 0 });

function batchCost(costs: CallCosts, { calls }: { readonly calls: readonly RuntimeCall[] }): CallCost {
  const inner = calls.map(costs.costOf);
  const refTime = inner.reduce((sum, cost) => sum + cost.refTime, BATCH_REF_TIME);
  const operational = inner.length > 0 && inner.every((cost) => cost.class === "Operational");
  return { refTime, class: operational ? "Operational" : "Normal", paysFee: inner.some((cost) => cost.paysFee) };
}

function ensureBatch(
  ctx: ExecutionContext,
  origin: Origin,
  calls: readonly RuntimeCall[],
): Result<undefined, DispatchError> {
  if (origin.type === "None") return err(plainError("BadOrigin"));
  return calls.length > BATCHED_CALLS_LIMIT ? fail(ctx, utilityErrors.TooManyCalls) : ok(undefined);
}

/** Stops at the first error and keeps what was done before it. */
function batch(ctx: ExecutionContext, origin: Origin, calls: readonly RuntimeCall[]): DispatchResult {
  const allowed = ensureBatch(ctx, origin, calls);
  if (!allowed.ok) return allowed;
  for (const [index, call] of calls.entries()) {
    const result = ctx.dispatch(origin, call);
    if (!result.ok) {
      ctx.deposit(utilityEvents.BatchInterrupted, { index, error: result.error });
      return ok(PAYS);
    }
    ctx.deposit(utilityEvents.ItemCompleted, undefined);
  }
  ctx.deposit(utilityEvents.BatchCompleted, undefined);
  return ok(PAYS);
}

/** All or nothing. */
function batchAll(ctx: ExecutionContext, origin: Origin, calls: readonly RuntimeCall[]): DispatchResult {
  const allowed = ensureBatch(ctx, origin, calls);
  if (!allowed.ok) return allowed;
  for (const call of calls) {
    const result = ctx.dispatch(origin, call);
    if (!result.ok) return result;
    ctx.deposit(utilityEvents.ItemCompleted, undefined);
  }
  ctx.deposit(utilityEvents.BatchCompleted, undefined);
  return ok(PAYS);
}

/** Executes all, whatever fails. */
function forceBatch(ctx: ExecutionContext, origin: Origin, calls: readonly RuntimeCall[]): DispatchResult {
  const allowed = ensureBatch(ctx, origin, calls);
  if (!allowed.ok) return allowed;
  let failed = false;
  for (const call of calls) {
    const result = ctx.dispatch(origin, call);
    if (result.ok) ctx.deposit(utilityEvents.ItemCompleted, undefined);
    else ctx.deposit(utilityEvents.ItemFailed, { error: result.error });
    failed ||= !result.ok;
  }
  ctx.deposit(failed ? utilityEvents.BatchCompletedWithErrors : utilityEvents.BatchCompleted, undefined);
  return ok(PAYS);
}

function utilityCalls(call: RuntimeType<RuntimeCall>): Readonly<Record<string, CallDefinition>> {
  const args = { calls: vecOf(call) };
  return {
    batch: defineCall(0, args, batchCost, (ctx, origin, { calls }) => batch(ctx, origin, calls)),
    batch_all: defineCall(2, args, batchCost, (ctx, origin, { calls }) => batchAll(ctx, origin, calls)),
    force_batch: defineCall(4, args, batchCost, (ctx, origin, { calls }) => forceBatch(ctx, origin, calls)),
  };
}

/** Creates the Utility pallet. */
export const utilityPallet: PalletFactory = ({ call }) => ({
  ...EMPTY_PALLET,
  name: "Utility",
  crate: "pallet_utility",
  calls: utilityCalls(call),
  events: utilityEvents,
  errors: utilityErrors,
  constants: { batched_calls_limit: defineConstant(u32, BATCHED_CALLS_LIMIT) },
});
