/**
 * Reference counting of accounts: an account exists while something provides for it.
 *
 * Source: polkadot-sdk `substrate/frame/system/src/lib.rs#Pallet::inc_providers`
 *
 * @module
 */
import { err, ok, type Result } from "../../../../primitives/result.ts";
import type { ExecutionContext } from "../../dispatch/context.ts";
import { type DispatchError, plainError } from "../../types/dispatch_types.ts";
import { systemEvents } from "./events.ts";
import { account } from "./storage.ts";
import type { AccountInfo } from "./types.ts";

/** The account's entry; the empty one if it does not exist. */
export function accountOf(ctx: Pick<ExecutionContext, "store">, who: Uint8Array): AccountInfo {
  return account.get(ctx.store, who);
}

/** Whether the account could lose a provider. */
export function canDecProvider(info: AccountInfo): boolean {
  return info.providers > 1 || info.consumers === 0;
}

/** Adds a provider; the first one makes the account. */
export function incProviders(ctx: ExecutionContext, who: Uint8Array): void {
  const info = accountOf(ctx, who);
  const isNew = info.providers === 0 && info.sufficients === 0;
  account.insert(ctx.store, who, { ...info, providers: info.providers + 1 });
  if (isNew) ctx.deposit(systemEvents.NewAccount, { account: who });
}

/** Takes a provider; the last one removes the account with its nonce, unless something still refers to it. */
export function decProviders(ctx: ExecutionContext, who: Uint8Array): Result<undefined, DispatchError> {
  const info = accountOf(ctx, who);
  if (info.providers > 1 || info.sufficients > 0) {
    account.insert(ctx.store, who, { ...info, providers: Math.max(0, info.providers - 1) });
    return ok(undefined);
  }
  if (info.consumers > 0) return err(plainError("ConsumerRemaining"));
  account.remove(ctx.store, who);
  ctx.deposit(systemEvents.KilledAccount, { account: who });
  return ok(undefined);
}

/** Adds a reference that forbids to remove the account. */
export function incConsumers(ctx: ExecutionContext, who: Uint8Array): Result<undefined, DispatchError> {
  const info = accountOf(ctx, who);
  if (info.providers === 0) return err(plainError("NoProviders"));
  account.insert(ctx.store, who, { ...info, consumers: info.consumers + 1 });
  return ok(undefined);
}

/** Takes such a reference. */
export function decConsumers(ctx: ExecutionContext, who: Uint8Array): void {
  const info = accountOf(ctx, who);
  account.insert(ctx.store, who, { ...info, consumers: Math.max(0, info.consumers - 1) });
}
