/**
 * The Balances pallet.
 *
 * Source: polkadot-sdk `substrate/frame/balances/src/lib.rs`
 *
 * @module
 */
import { err, ok, type Result } from "../../../../primitives/result.ts";
import { type CallDefinition, defineCall, defineConstant, EMPTY_PALLET, type PalletFactory } from "../../definition.ts";
import { type DispatchResult, PAYS } from "../../dispatch/call.ts";
import type { ExecutionContext } from "../../dispatch/context.ts";
import { ensureRoot, ensureSigned, type Origin } from "../../dispatch/origin.ts";
import { bool, compactU128, u128, u32 } from "../../types/builders.ts";
import { lookupAddress, type MultiAddress, multiAddress } from "../../types/common.ts";
import { type DispatchError, plainError } from "../../types/dispatch_types.ts";
import { type Preservation, reducibleBalance, setBalance, transfer } from "./currency.ts";
import {
  balancesAccount,
  balancesErrors,
  balancesEvents,
  inactiveIssuance,
  locks,
  MAX_LOCKS,
  reserves,
  totalIssuance,
} from "./definitions.ts";

/** Weight of a transfer: two accounts read and written. */
const TRANSFER_REF_TIME = 250_000_000n;
/** Weight of setting a balance. */
const SET_BALANCE_REF_TIME = 150_000_000n;

/** Resolves an address, or CannotLookup. */
export function lookup(address: MultiAddress): Result<Uint8Array, DispatchError> {
  const account = lookupAddress(address);
  return account === undefined ? err(plainError("CannotLookup")) : ok(account);
}

function transferTo(
  ctx: ExecutionContext,
  origin: Origin,
  dest: MultiAddress,
  amount: (from: Uint8Array) => bigint,
  preservation: Preservation,
): DispatchResult {
  const from = ensureSigned(origin);
  if (!from.ok) return from;
  const to = lookup(dest);
  if (!to.ok) return to;
  const moved = transfer(ctx, from.value, to.value, amount(from.value), preservation);
  return moved.ok ? ok(PAYS) : moved;
}

const transferArgs = { dest: multiAddress, value: compactU128 };

const calls: Readonly<Record<string, CallDefinition>> = {
  transfer_allow_death: defineCall(
    0,
    transferArgs,
    TRANSFER_REF_TIME,
    (ctx, origin, { dest, value }) => transferTo(ctx, origin, dest, () => value, "Expendable"),
  ),
  transfer_keep_alive: defineCall(
    3,
    transferArgs,
    TRANSFER_REF_TIME,
    (ctx, origin, { dest, value }) => transferTo(ctx, origin, dest, () => value, "Preserve"),
  ),
  transfer_all: defineCall(
    4,
    { dest: multiAddress, keep_alive: bool },
    TRANSFER_REF_TIME,
    (ctx, origin, { dest, keep_alive }) => {
      const preservation = keep_alive ? "Preserve" : "Expendable";
      return transferTo(ctx, origin, dest, (from) => reducibleBalance(ctx, from, preservation), preservation);
    },
  ),
  force_set_balance: defineCall(
    8,
    { who: multiAddress, new_free: compactU128 },
    SET_BALANCE_REF_TIME,
    (ctx, origin, { who, new_free }) => {
      const root = ensureRoot(origin);
      if (!root.ok) return root;
      const account = lookup(who);
      if (!account.ok) return account;
      const free = setBalance(ctx, account.value, new_free);
      if (!free.ok) return free;
      ctx.deposit(balancesEvents.BalanceSet, { who: account.value, free: free.value });
      return ok(PAYS);
    },
  ),
};

/** Creates the Balances pallet. */
export const balancesPallet: PalletFactory = ({ parameters }) => ({
  ...EMPTY_PALLET,
  name: "Balances",
  crate: "pallet_balances",
  storageVersion: 1,
  storage: [totalIssuance, inactiveIssuance, balancesAccount, locks, reserves].map(({ info }) => info),
  calls,
  events: balancesEvents,
  errors: balancesErrors,
  constants: {
    ExistentialDeposit: defineConstant(u128, parameters.existentialDeposit),
    MaxLocks: defineConstant(u32, MAX_LOCKS),
    MaxReserves: defineConstant(u32, 0),
    MaxFreezes: defineConstant(u32, 0),
  },
  hooks: {
    buildGenesis: (ctx, { balances }) => {
      for (const [who, amount] of balances) setBalance(ctx, who, amount);
    },
  },
});
