/**
 * The Proxy pallet: accounts that may act for another.
 *
 * Source: polkadot-sdk `substrate/frame/proxy/src/lib.rs`
 *
 * @module
 */
import { compareBytes, equalBytes } from "../../../../primitives/bytes.ts";
import { ok } from "../../../../primitives/result.ts";
import { type CallCost, type CallCosts, type DispatchResult, PAYS, type RuntimeCall } from "../../dispatch/call.ts";
import { type CallDefinition, defineCall, defineConstant, EMPTY_PALLET, type PalletFactory } from "../../definition.ts";
import { type ExecutionContext, fail } from "../../dispatch/context.ts";
import { ensureSigned, type Origin, signed } from "../../dispatch/origin.ts";
import { toResultValue } from "../../dispatch/result_value.ts";
import { optionOf, u128, u32 } from "../../types/builders.ts";
import { type MultiAddress, multiAddress } from "../../types/common.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";
import { lookup } from "../balances/balances.ts";
import { reserve, unreserve } from "../balances/currency.ts";
import {
  announcements,
  MAX_PENDING,
  MAX_PROXIES,
  proxies,
  PROXY_DEPOSIT_BASE,
  PROXY_DEPOSIT_FACTOR,
  type ProxyDefinition,
  proxyErrors,
  proxyEvents,
  type ProxyType,
  proxyType,
} from "./definitions.ts";

/** Weight of acting for another, on top of the call's own. */
const PROXY_REF_TIME = 60_000_000n;
/** Weight of changing the list. */
const CHANGE_REF_TIME = 150_000_000n;

/** Deposit for so many proxies. */
export function proxyDeposit(count: number): bigint {
  return count === 0 ? 0n : PROXY_DEPOSIT_BASE + PROXY_DEPOSIT_FACTOR * BigInt(count);
}

function order(a: ProxyDefinition, b: ProxyDefinition): number {
  return compareBytes(a.delegate, b.delegate) || rank(a.proxy_type) - rank(b.proxy_type) || a.delay - b.delay;
}

function rank(type: ProxyType): number {
  return proxyType.codec.encode(type)[0] ?? 0;
}

/** Whether a proxy of this kind may make the call. */
function isAllowed(type: ProxyType, call: RuntimeCall): boolean {
  switch (type) {
    case "Any":
      return true;
    case "NonTransfer":
      return call.pallet !== "Balances" && call.pallet !== "EnclaveBridge" && call.pallet !== "Sudo";
    case "Governance":
      return call.pallet === "Utility";
    case "CancelProxy":
      return call.pallet === "Utility" || (call.pallet === "Proxy" && call.call === "reject_announcement");
  }
}

/** A restricted proxy cannot hand out, or take back, what it has not got itself. */
function isAllowedByProxy(type: ProxyType, call: RuntimeCall): boolean {
  const changesProxies = call.pallet === "Proxy" && call.call !== "proxy";
  return type === "Any" || (!changesProxies && isAllowed(type, call));
}

function findProxy(
  ctx: ExecutionContext,
  real: Uint8Array,
  delegate: Uint8Array,
  wanted: ProxyType | undefined,
): ProxyDefinition | undefined {
  return proxies.get(ctx.store, real)[0].find((entry) =>
    equalBytes(entry.delegate, delegate) && (wanted === undefined || entry.proxy_type === wanted)
  );
}

interface ProxyArgs {
  readonly real: MultiAddress;
  readonly force_proxy_type: ProxyType | undefined;
  readonly call: RuntimeCall;
}

function runProxy(ctx: ExecutionContext, origin: Origin, args: ProxyArgs): DispatchResult {
  const delegate = ensureSigned(origin);
  if (!delegate.ok) return delegate;
  const real = lookup(args.real);
  if (!real.ok) return real;
  const found = findProxy(ctx, real.value, delegate.value, args.force_proxy_type);
  if (found === undefined) return fail(ctx, proxyErrors.NotProxy);
  if (found.delay !== 0) return fail(ctx, proxyErrors.Unannounced);
  const restricted: Origin = {
    type: "Signed",
    account: real.value,
    filter: (call) => isAllowedByProxy(found.proxy_type, call),
  };
  const result = ctx.dispatch(found.proxy_type === "Any" ? signed(real.value) : restricted, args.call);
  ctx.deposit(proxyEvents.ProxyExecuted, { result: toResultValue(result) });
  return ok(PAYS);
}

function proxyCost(costs: CallCosts, { call }: ProxyArgs): CallCost {
  const inner = costs.costOf(call);
  return { refTime: inner.refTime + PROXY_REF_TIME, class: inner.class, paysFee: true };
}

/** Writes the list and makes the deposit fit it. */
function setProxies(ctx: ExecutionContext, who: Uint8Array, list: readonly ProxyDefinition[]): DispatchResult {
  const [, deposit] = proxies.get(ctx.store, who);
  const wanted = proxyDeposit(list.length);
  if (wanted > deposit) {
    const reserved = reserve(ctx, who, wanted - deposit);
    if (!reserved.ok) return reserved;
  } else {
    unreserve(ctx, who, deposit - wanted);
  }
  if (list.length === 0) proxies.remove(ctx.store, who);
  else proxies.insert(ctx.store, who, [list, wanted]);
  return ok(PAYS);
}

interface ChangeArgs {
  readonly delegate: MultiAddress;
  readonly proxy_type: ProxyType;
  readonly delay: number;
}

function addProxy(ctx: ExecutionContext, origin: Origin, args: ChangeArgs): DispatchResult {
  const who = ensureSigned(origin);
  if (!who.ok) return who;
  const delegate = lookup(args.delegate);
  if (!delegate.ok) return delegate;
  if (equalBytes(who.value, delegate.value)) return fail(ctx, proxyErrors.NoSelfProxy);
  const [list] = proxies.get(ctx.store, who.value);
  const added: ProxyDefinition = { delegate: delegate.value, proxy_type: args.proxy_type, delay: args.delay };
  if (list.some((entry) => order(entry, added) === 0)) return fail(ctx, proxyErrors.Duplicate);
  if (list.length >= MAX_PROXIES) return fail(ctx, proxyErrors.TooMany);
  const changed = setProxies(ctx, who.value, [...list, added].sort(order));
  if (!changed.ok) return changed;
  ctx.deposit(proxyEvents.ProxyAdded, { delegator: who.value, delegatee: added.delegate, ...pick(args) });
  return changed;
}

function pick({ proxy_type, delay }: ChangeArgs): Pick<ChangeArgs, "proxy_type" | "delay"> {
  return { proxy_type, delay };
}

function removeProxy(ctx: ExecutionContext, origin: Origin, args: ChangeArgs): DispatchResult {
  const who = ensureSigned(origin);
  if (!who.ok) return who;
  const delegate = lookup(args.delegate);
  if (!delegate.ok) return delegate;
  const [list] = proxies.get(ctx.store, who.value);
  const removed: ProxyDefinition = { delegate: delegate.value, proxy_type: args.proxy_type, delay: args.delay };
  const left = list.filter((entry) => order(entry, removed) !== 0);
  if (left.length === list.length) return fail(ctx, proxyErrors.NotFound);
  const changed = setProxies(ctx, who.value, left);
  if (!changed.ok) return changed;
  ctx.deposit(proxyEvents.ProxyRemoved, { delegator: who.value, delegatee: removed.delegate, ...pick(args) });
  return changed;
}

function removeProxies(ctx: ExecutionContext, origin: Origin): DispatchResult {
  const who = ensureSigned(origin);
  return who.ok ? setProxies(ctx, who.value, []) : who;
}

function proxyCalls(call: RuntimeType<RuntimeCall>): Readonly<Record<string, CallDefinition>> {
  const change = { delegate: multiAddress, proxy_type: proxyType, delay: u32 };
  return {
    proxy: defineCall<ProxyArgs>(
      0,
      { real: multiAddress, force_proxy_type: optionOf(proxyType), call },
      proxyCost,
      runProxy,
    ),
    add_proxy: defineCall(1, change, CHANGE_REF_TIME, addProxy),
    remove_proxy: defineCall(2, change, CHANGE_REF_TIME, removeProxy),
    remove_proxies: defineCall(3, {}, CHANGE_REF_TIME, removeProxies),
  };
}

/** Creates the Proxy pallet. */
export const proxyPallet: PalletFactory = ({ call }) => ({
  ...EMPTY_PALLET,
  name: "Proxy",
  crate: "pallet_proxy",
  storage: [proxies.info, announcements.info],
  calls: proxyCalls(call),
  events: proxyEvents,
  errors: proxyErrors,
  constants: {
    ProxyDepositBase: defineConstant(u128, PROXY_DEPOSIT_BASE),
    ProxyDepositFactor: defineConstant(u128, PROXY_DEPOSIT_FACTOR),
    MaxProxies: defineConstant(u32, MAX_PROXIES),
    MaxPending: defineConstant(u32, MAX_PENDING),
    AnnouncementDepositBase: defineConstant(u128, PROXY_DEPOSIT_BASE),
    AnnouncementDepositFactor: defineConstant(u128, PROXY_DEPOSIT_FACTOR),
  },
});
