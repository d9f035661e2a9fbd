/**
 * Storage, events and errors of the Balances pallet.
 *
 * Source: polkadot-sdk `substrate/frame/balances/src/lib.rs`
 *
 * @module
 */
import { defineErrors, defineEvents } from "../../dispatch/event.ts";
import {
  blake2Concat,
  defaultMap,
  defaultValue,
  type StorageMap,
  type StorageValue,
} from "../../storage/storage_item.ts";
import {
  boundedVecOf,
  byteArray,
  namesOf,
  newtypeOf,
  structOf,
  structVariant,
  u128,
  vecOf,
} from "../../types/builders.ts";
import { accountId32 } from "../../types/common.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";
import { type AccountData, accountData, EMPTY_ACCOUNT_DATA } from "../system/types.ts";

const PALLET = "Balances";

/** All units that exist. */
export const totalIssuance: StorageValue<bigint, never> = defaultValue(PALLET, "TotalIssuance", u128, 0n);
/** Units that count as inactive; none do. */
export const inactiveIssuance: StorageValue<bigint, never> = defaultValue(PALLET, "InactiveIssuance", u128, 0n);
/** Balances of chains that do not keep them in System; empty here, as there. */
export const balancesAccount: StorageMap<Uint8Array, AccountData, never> = defaultMap(
  PALLET,
  "Account",
  blake2Concat(accountId32),
  accountData,
  EMPTY_ACCOUNT_DATA,
);

interface BalanceLock {
  readonly id: Uint8Array;
  readonly amount: bigint;
  readonly reasons: "Fee" | "Misc" | "All";
}

const balanceLock: RuntimeType<BalanceLock> = structOf("pallet_balances::types::BalanceLock", {
  id: byteArray(8),
  amount: u128,
  reasons: namesOf("pallet_balances::types::Reasons", ["Fee", "Misc", "All"]),
}, { params: [{ name: "Balance", type: u128 }] });

/** Most locks of an account, as in the original. */
export const MAX_LOCKS = 50;

/** Locks of accounts; wallets read them, nothing here writes them. */
export const locks: StorageMap<Uint8Array, readonly BalanceLock[], never> = defaultMap(
  PALLET,
  "Locks",
  blake2Concat(accountId32),
  newtypeOf("bounded_collections::weak_bounded_vec::WeakBoundedVec", vecOf(balanceLock, MAX_LOCKS), {
    params: [{ name: "T", type: balanceLock }, { name: "S", type: undefined }],
  }),
  [],
);

interface ReserveData {
  readonly id: Uint8Array;
  readonly amount: bigint;
}

const reserveIdentifier = byteArray(8);
const reserveData: RuntimeType<ReserveData> = structOf("pallet_balances::types::ReserveData", {
  id: reserveIdentifier,
  amount: u128,
}, { params: [{ name: "ReserveIdentifier", type: reserveIdentifier }, { name: "Balance", type: u128 }] });

/** Named reserves of accounts; wallets read them, nothing here writes them. */
export const reserves: StorageMap<Uint8Array, readonly ReserveData[], never> = defaultMap(
  PALLET,
  "Reserves",
  blake2Concat(accountId32),
  boundedVecOf(reserveData, MAX_LOCKS),
  [],
);

const balanceStatus = namesOf("frame_support::traits::tokens::misc::BalanceStatus", ["Free", "Reserved"]);
const whoAmount = { who: accountId32, amount: u128 };

/** Events of the Balances pallet. */
export const balancesEvents = defineEvents(PALLET, {
  Endowed: structVariant(0, { account: accountId32, free_balance: u128 }),
  DustLost: structVariant(1, { account: accountId32, amount: u128 }),
  Transfer: structVariant(2, { from: accountId32, to: accountId32, amount: u128 }),
  BalanceSet: structVariant(3, { who: accountId32, free: u128 }),
  Reserved: structVariant(4, whoAmount),
  Unreserved: structVariant(5, whoAmount),
  ReserveRepatriated: structVariant(6, {
    from: accountId32,
    to: accountId32,
    amount: u128,
    destination_status: balanceStatus,
  }),
  Deposit: structVariant(7, whoAmount),
  Withdraw: structVariant(8, whoAmount),
  Slashed: structVariant(9, whoAmount),
  Minted: structVariant(10, whoAmount),
  Burned: structVariant(11, whoAmount),
  Suspended: structVariant(12, whoAmount),
  Restored: structVariant(13, whoAmount),
  Upgraded: structVariant(14, { who: accountId32 }),
  Issued: structVariant(15, { amount: u128 }),
  Rescinded: structVariant(16, { amount: u128 }),
  Locked: structVariant(17, whoAmount),
  Unlocked: structVariant(18, whoAmount),
  Frozen: structVariant(19, whoAmount),
  Thawed: structVariant(20, whoAmount),
  TotalIssuanceForced: structVariant(21, { old: u128, new: u128 }),
});

/** Errors of the Balances pallet. */
export const balancesErrors = defineErrors(PALLET, {
  VestingBalance: 0,
  LiquidityRestrictions: 1,
  InsufficientBalance: 2,
  ExistentialDeposit: 3,
  Expendability: 4,
  ExistingVestingSchedule: 5,
  DeadAccount: 6,
  TooManyReserves: 7,
  TooManyHolds: 8,
  TooManyFreezes: 9,
  IssuanceDeactivated: 10,
  DeltaZero: 11,
});
