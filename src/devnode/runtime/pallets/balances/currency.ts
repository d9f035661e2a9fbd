/**
 * Moving, reserving, making and destroying units, with the existential deposit and reaping.
 *
 * Source: polkadot-sdk `substrate/frame/balances/src/impl_fungible.rs`, `…/impl_currency.rs`
 *
 * @module
 */
import { equalBytes } from "../../../../primitives/bytes.ts";
import { err, ok, type Result } from "../../../../primitives/result.ts";
import { type ExecutionContext, fail } from "../../dispatch/context.ts";
import type { DispatchError, TokenError } from "../../types/dispatch_types.ts";
import {
  accountOf,
  canDecProvider,
  decConsumers,
  decProviders,
  incConsumers,
  incProviders,
} from "../system/accounts.ts";
import { account } from "../system/storage.ts";
import { type AccountData, EMPTY_ACCOUNT_DATA, NEW_LOGIC_FLAG } from "../system/types.ts";
import { balancesErrors, balancesEvents, totalIssuance } from "./definitions.ts";

/** Largest balance: u128. */
const MAX_BALANCE = (1n << 128n) - 1n;

/** Whether the account may be used up or must survive. */
export type Preservation = "Expendable" | "Preserve";

function token(error: TokenError): Result<never, DispatchError> {
  return err({ type: "Token", value: error });
}

/** Free and reserved units of an account. */
export function totalBalance(ctx: Pick<ExecutionContext, "store">, who: Uint8Array): bigint {
  const { data } = accountOf(ctx, who);
  return data.free + data.reserved;
}

/** How much can leave the account. */
export function reducibleBalance(ctx: ExecutionContext, who: Uint8Array, preservation: Preservation): bigint {
  const info = accountOf(ctx, who);
  const { free, reserved, frozen } = info.data;
  let untouchable = frozen > reserved ? frozen - reserved : 0n;
  const mustStay = preservation === "Preserve" || !canDecProvider(info);
  if (mustStay && untouchable < ctx.parameters.existentialDeposit) untouchable = ctx.parameters.existentialDeposit;
  return free > untouchable ? free - untouchable : 0n;
}

/** Changes a balance and what follows from it: references, new and dead accounts, dust. */
function mutateBalance(
  ctx: ExecutionContext,
  who: Uint8Array,
  change: (data: AccountData) => AccountData,
): Result<undefined, DispatchError> {
  const { existentialDeposit } = ctx.parameters;
  const before = accountOf(ctx, who).data;
  const isNew = before.free === 0n && before.reserved === 0n && before.flags === 0n;
  const after = { ...change(before), flags: NEW_LOGIC_FLAG };
  const didProvide = before.free >= existentialDeposit;
  const provides = after.free >= existentialDeposit;
  const didConsume = before.reserved > 0n || before.frozen > 0n;
  const consumes = after.reserved > 0n || after.frozen > 0n;
  if (!didProvide && provides) incProviders(ctx, who);
  if (didConsume && !consumes) decConsumers(ctx, who);
  if (!didConsume && consumes) {
    const counted = incConsumers(ctx, who);
    if (!counted.ok) return counted;
  }
  writeData(ctx, who, after);
  if (isNew && provides) ctx.deposit(balancesEvents.Endowed, { account: who, free_balance: after.free });
  if (didProvide && !provides) {
    const removed = decProviders(ctx, who);
    if (!removed.ok) return removed;
  }
  if (after.free < existentialDeposit && after.reserved === 0n) {
    writeData(ctx, who, EMPTY_ACCOUNT_DATA);
    loseDust(ctx, who, after.free);
  }
  return ok(undefined);
}

/** Writes a balance into an account that exists; an account that was just removed stays removed. */
function writeData(ctx: ExecutionContext, who: Uint8Array, data: AccountData): void {
  const info = accountOf(ctx, who);
  if (info.providers + info.sufficients + info.consumers === 0) return;
  account.insert(ctx.store, who, { ...info, data });
}

function loseDust(ctx: ExecutionContext, who: Uint8Array, dust: bigint): void {
  if (dust === 0n) return;
  burn(ctx, dust);
  ctx.deposit(balancesEvents.DustLost, { account: who, amount: dust });
}

/** Takes units out of existence. */
export function burn(ctx: Pick<ExecutionContext, "store">, amount: bigint): void {
  totalIssuance.put(ctx.store, totalIssuance.get(ctx.store) - amount);
}

/** Brings units into existence. */
export function issue(ctx: Pick<ExecutionContext, "store">, amount: bigint): void {
  totalIssuance.put(ctx.store, totalIssuance.get(ctx.store) + amount);
}

function checkWithdraw(
  ctx: ExecutionContext,
  who: Uint8Array,
  amount: bigint,
  preservation: Preservation,
): Result<undefined, DispatchError> {
  if (amount === 0n) return ok(undefined);
  const info = accountOf(ctx, who);
  const left = info.data.free - amount;
  if (left < 0n) return token("FundsUnavailable");
  if (left < ctx.parameters.existentialDeposit && !canDecProvider(info)) return token("OnlyProvider");
  if (amount > reducibleBalance(ctx, who, "Expendable")) return token("Frozen");
  if (left < ctx.parameters.existentialDeposit && preservation === "Preserve") return token("NotExpendable");
  return ok(undefined);
}

function checkDeposit(ctx: ExecutionContext, who: Uint8Array, amount: bigint): Result<undefined, DispatchError> {
  if (amount === 0n) return ok(undefined);
  const total = totalBalance(ctx, who) + amount;
  if (total > MAX_BALANCE) return err({ type: "Arithmetic", value: "Overflow" });
  return total < ctx.parameters.existentialDeposit ? token("BelowMinimum") : ok(undefined);
}

/** Moves units between accounts. */
export function transfer(
  ctx: ExecutionContext,
  from: Uint8Array,
  to: Uint8Array,
  amount: bigint,
  preservation: Preservation,
): Result<undefined, DispatchError> {
  const canLeave = checkWithdraw(ctx, from, amount, preservation);
  if (!canLeave.ok) return canLeave;
  const canArrive = checkDeposit(ctx, to, amount);
  if (!canArrive.ok) return canArrive;
  if (equalBytes(from, to)) return ok(undefined);
  const left = mutateBalance(ctx, from, (data) => ({ ...data, free: data.free - amount }));
  if (!left.ok) return left;
  const arrived = mutateBalance(ctx, to, (data) => ({ ...data, free: data.free + amount }));
  if (!arrived.ok) return arrived;
  ctx.deposit(balancesEvents.Transfer, { from, to, amount });
  return ok(undefined);
}

/** Takes units from an account that must survive, without destroying them: the caller puts them somewhere. */
export function withdraw(ctx: ExecutionContext, who: Uint8Array, amount: bigint): Result<undefined, DispatchError> {
  if (amount > reducibleBalance(ctx, who, "Preserve")) return token("FundsUnavailable");
  const taken = mutateBalance(ctx, who, (data) => ({ ...data, free: data.free - amount }));
  if (taken.ok) ctx.deposit(balancesEvents.Withdraw, { who, amount });
  return taken;
}

/** Puts withdrawn units into an account; what the account cannot hold is destroyed. */
export function resolve(ctx: ExecutionContext, who: Uint8Array, amount: bigint): void {
  if (amount === 0n) return;
  if (!checkDeposit(ctx, who, amount).ok) return burn(ctx, amount);
  mutateBalance(ctx, who, (data) => ({ ...data, free: data.free + amount }));
  ctx.deposit(balancesEvents.Deposit, { who, amount });
}

/** Sets aside units for a deposit. */
export function reserve(ctx: ExecutionContext, who: Uint8Array, amount: bigint): Result<undefined, DispatchError> {
  if (amount === 0n) return ok(undefined);
  const { free, frozen } = accountOf(ctx, who).data;
  const left = free - amount;
  if (left < ctx.parameters.existentialDeposit || left < frozen) {
    return fail(ctx, balancesErrors.InsufficientBalance);
  }
  const changed = mutateBalance(ctx, who, (data) => ({ ...data, free: left, reserved: data.reserved + amount }));
  if (changed.ok) ctx.deposit(balancesEvents.Reserved, { who, amount });
  return changed;
}

/** Gives back units set aside; as many as there are. */
export function unreserve(ctx: ExecutionContext, who: Uint8Array, amount: bigint): void {
  const { reserved } = accountOf(ctx, who).data;
  const actual = amount < reserved ? amount : reserved;
  if (actual === 0n) return;
  mutateBalance(ctx, who, (data) => ({
    ...data,
    free: data.free + actual,
    reserved: data.reserved - actual,
  }));
  ctx.deposit(balancesEvents.Unreserved, { who, amount: actual });
}

/** Sets a balance, and the issuance with it; below the existential deposit means nothing at all. */
export function setBalance(ctx: ExecutionContext, who: Uint8Array, wanted: bigint): Result<bigint, DispatchError> {
  const free = wanted < ctx.parameters.existentialDeposit ? 0n : wanted;
  const before = accountOf(ctx, who).data.free;
  if (totalIssuance.get(ctx.store) + free - before > MAX_BALANCE) return err({ type: "Arithmetic", value: "Overflow" });
  const changed = mutateBalance(ctx, who, (data) => ({ ...data, free }));
  if (!changed.ok) return changed;
  if (free > before) issue(ctx, free - before);
  else burn(ctx, before - free);
  return ok(free);
}
