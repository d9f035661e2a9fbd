/**
 * Types of the System pallet.
 *
 * @module
 */
import {
  byteArray,
  compactU32,
  newtypeOf,
  structOf,
  text,
  tupleOf,
  u128,
  u32,
  u8,
  vecOf,
} from "../../types/builders.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";

/** Balances of an account, kept in its System entry. */
export interface AccountData {
  /** What it can spend; in the smallest unit, like all amounts. */
  readonly free: bigint;
  /** What is set aside for deposits. */
  readonly reserved: bigint;
  /** How much of the whole may not leave; nothing in this runtime freezes. */
  readonly frozen: bigint;
  /** Bit 127 says that the entry follows the rules of consumer references. */
  readonly flags: bigint;
}

/** Flag of entries that follow the newer reference counting, set on first change. */
export const NEW_LOGIC_FLAG: bigint = 1n << 127n;

/** No balance at all. */
export const EMPTY_ACCOUNT_DATA: AccountData = { free: 0n, reserved: 0n, frozen: 0n, flags: 0n };

const extraFlags: RuntimeType<bigint> = newtypeOf("pallet_balances::types::ExtraFlags", u128);

/** `AccountData<u128>`. */
export const accountData: RuntimeType<AccountData> = structOf("pallet_balances::types::AccountData", {
  free: u128,
  reserved: u128,
  frozen: u128,
  flags: extraFlags,
}, { params: [{ name: "Balance", type: u128 }] });

/** An account's entry. */
export interface AccountInfo {
  readonly nonce: number;
  /** References that forbid to remove the account. */
  readonly consumers: number;
  /** References that let it exist. */
  readonly providers: number;
  /** References that let it exist and need no balance. */
  readonly sufficients: number;
  readonly data: AccountData;
}

/** An account that does not exist. */
export const EMPTY_ACCOUNT: AccountInfo = {
  nonce: 0,
  consumers: 0,
  providers: 0,
  sufficients: 0,
  data: EMPTY_ACCOUNT_DATA,
};

/** `AccountInfo<u32, AccountData>`. */
export const accountInfo: RuntimeType<AccountInfo> = structOf("frame_system::AccountInfo", {
  nonce: u32,
  consumers: u32,
  providers: u32,
  sufficients: u32,
  data: accountData,
}, { params: [{ name: "Nonce", type: u32 }, { name: "AccountData", type: accountData }] });

/** What the last upgrade installed. */
export interface LastRuntimeUpgrade {
  readonly spec_version: number;
  readonly spec_name: string;
}

/** `LastRuntimeUpgradeInfo`. */
export const lastRuntimeUpgrade: RuntimeType<LastRuntimeUpgrade> = structOf("frame_system::LastRuntimeUpgradeInfo", {
  spec_version: compactU32,
  spec_name: text,
});

/** Runtime version as the metadata's constant and `Core_version` encode it. */
export interface EncodedVersion {
  readonly spec_name: string;
  readonly impl_name: string;
  readonly authoring_version: number;
  readonly spec_version: number;
  readonly impl_version: number;
  readonly apis: readonly (readonly [Uint8Array, number])[];
  readonly transaction_version: number;
  readonly state_version: number;
}

/** Most runtime APIs of a version. */
const MAX_APIS = 64;

/** `RuntimeVersion`. */
export const runtimeVersion: RuntimeType<EncodedVersion> = structOf("sp_version::RuntimeVersion", {
  spec_name: text,
  impl_name: text,
  authoring_version: u32,
  spec_version: u32,
  impl_version: u32,
  apis: vecOf(tupleOf<readonly [Uint8Array, number]>(byteArray(8), u32), MAX_APIS),
  transaction_version: u32,
  state_version: u8,
});
