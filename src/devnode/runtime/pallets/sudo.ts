/**
 * The Sudo pallet: one account may act as root.
 *
 * Source: polkadot-sdk `substrate/frame/sudo/src/lib.rs`
 *
 * @module
 */
import { equalBytes } from "../../../primitives/bytes.ts";
import { err, ok, type Result } from "../../../primitives/result.ts";
import { type CallDefinition, defineCall, EMPTY_PALLET, type PalletFactory } from "../definition.ts";
import { defineErrors, defineEvents } from "../dispatch/event.ts";
import { type DispatchResult, FREE, type RuntimeCall } from "../dispatch/call.ts";
import { type ExecutionContext, fail } from "../dispatch/context.ts";
import { type Origin, ROOT, signed } from "../dispatch/origin.ts";
import { toResultValue } from "../dispatch/result_value.ts";
import { optionalValue, type StorageValue } from "../storage/storage_item.ts";
import { optionOf, plainVariant, structVariant } from "../types/builders.ts";
import { accountId32, multiAddress } from "../types/common.ts";
import { type DispatchError, dispatchResult, plainError, weight } from "../types/dispatch_types.ts";
import type { RuntimeType } from "../types/runtime_type.ts";
import { lookup } from "./balances/balances.ts";

/** Weight of checking the key, on top of the call's own. */
const SUDO_REF_TIME = 50_000_000n;

/** The account that may act as root. */
export const sudoKey: StorageValue<Uint8Array, undefined> = optionalValue("Sudo", "Key", accountId32);

/** Events of the Sudo pallet. */
export const sudoEvents = defineEvents("Sudo", {
  Sudid: structVariant(0, { sudo_result: dispatchResult }),
  KeyChanged: structVariant(1, { old: optionOf(accountId32), new: accountId32 }),
  KeyRemoved: plainVariant(2),
  SudoAsDone: structVariant(3, { sudo_result: dispatchResult }),
});

/** Errors of the Sudo pallet. */
export const sudoErrors = defineErrors("Sudo", { RequireSudo: 0 });

function ensureSudo(ctx: ExecutionContext, origin: Origin): Result<undefined, DispatchError> {
  if (origin.type === "Root") return ok(undefined);
  if (origin.type === "None") return err(plainError("BadOrigin"));
  const key = sudoKey.get(ctx.store);
  return key !== undefined && equalBytes(key, origin.account) ? ok(undefined) : fail(ctx, sudoErrors.RequireSudo);
}

function runAsRoot(ctx: ExecutionContext, origin: Origin, call: RuntimeCall): DispatchResult {
  const allowed = ensureSudo(ctx, origin);
  if (!allowed.ok) return allowed;
  ctx.deposit(sudoEvents.Sudid, { sudo_result: toResultValue(ctx.dispatch(ROOT, call)) });
  return ok(FREE);
}

function sudoCalls(call: RuntimeType<RuntimeCall>): Readonly<Record<string, CallDefinition>> {
  return {
    sudo: defineCall(0, { call }, (costs, args) => {
      const inner = costs.costOf(args.call);
      return { refTime: inner.refTime + SUDO_REF_TIME, class: inner.class, paysFee: true };
    }, (ctx, origin, args) => runAsRoot(ctx, origin, args.call)),
    sudo_unchecked_weight: defineCall(
      1,
      { call, weight },
      (costs, args) => ({
        refTime: args.weight.ref_time,
        class: costs.costOf(args.call).class,
        paysFee: true,
      }),
      (ctx, origin, args) => runAsRoot(ctx, origin, args.call),
    ),
    set_key: defineCall(2, { new: multiAddress }, SUDO_REF_TIME, (ctx, origin, args) => {
      const allowed = ensureSudo(ctx, origin);
      if (!allowed.ok) return allowed;
      const account = lookup(args.new);
      if (!account.ok) return account;
      ctx.deposit(sudoEvents.KeyChanged, { old: sudoKey.get(ctx.store), new: account.value });
      sudoKey.put(ctx.store, account.value);
      return ok(FREE);
    }),
    sudo_as: defineCall(3, { who: multiAddress, call }, (costs, args) => {
      const inner = costs.costOf(args.call);
      return { refTime: inner.refTime + SUDO_REF_TIME, class: inner.class, paysFee: true };
    }, (ctx, origin, args) => {
      const allowed = ensureSudo(ctx, origin);
      if (!allowed.ok) return allowed;
      const who = lookup(args.who);
      if (!who.ok) return who;
      const result = ctx.dispatch(signed(who.value), args.call);
      ctx.deposit(sudoEvents.SudoAsDone, { sudo_result: toResultValue(result) });
      return ok(FREE);
    }),
    remove_key: defineCall(4, {}, SUDO_REF_TIME, (ctx, origin) => {
      const allowed = ensureSudo(ctx, origin);
      if (!allowed.ok) return allowed;
      ctx.deposit(sudoEvents.KeyRemoved, undefined);
      sudoKey.kill(ctx.store);
      return ok(FREE);
    }),
  };
}

/** Creates the Sudo pallet. */
export const sudoPallet: PalletFactory = ({ call }) => ({
  ...EMPTY_PALLET,
  name: "Sudo",
  crate: "pallet_sudo",
  storage: [sudoKey.info],
  calls: sudoCalls(call),
  events: sudoEvents,
  errors: sudoErrors,
  hooks: { buildGenesis: (ctx, { sudo }) => sudoKey.put(ctx.store, sudo) },
});
