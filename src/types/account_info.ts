/**
 * Nonce and balances of an account of the shard; 80 bytes, the layout of FRAME's `System.Account`.
 *
 * Source: worker `app-libs/sgx-runtime/src/lib.rs#AccountInfo` (839eda024)
 *
 * @module
 */
import { type Codec, struct, u128, u32 } from "../codec/codec.ts";

/** Balances of an account, in the smallest unit. */
export interface AccountData {
  /** What can be spent. */
  readonly free: bigint;
  /** What is set aside. */
  readonly reserved: bigint;
  /** What may not be spent of the free balance. */
  readonly frozen: bigint;
  /** Marks of the balances pallet; {@linkcode NEW_LOGIC_FLAG} by default. */
  readonly flags: bigint;
}

/** Nonce, reference counters and balances; the fields are in wire order. */
export interface AccountInfo {
  /** Nonce of the next trusted call. */
  readonly nonce: number;
  /** How many others need this account to exist. */
  readonly consumers: number;
  /** How many reasons this account has to exist; 1 if its balance reaches the existential deposit. */
  readonly providers: number;
  /** Reasons to exist of its own, unused here. */
  readonly sufficients: number;
  /** Balances. */
  readonly data: AccountData;
}

/**
 * The mark that a fresh account carries: bit 127, "new logic" of the balances pallet.
 *
 * Source: Substrate `pallet_balances::ExtraFlags` (polkadot-v0.9.42)
 */
export const NEW_LOGIC_FLAG: bigint = 1n << 127n;

/** The value of an account that was never written. */
export const DEFAULT_ACCOUNT_INFO: AccountInfo = {
  nonce: 0,
  consumers: 0,
  providers: 0,
  sufficients: 0,
  data: { free: 0n, reserved: 0n, frozen: 0n, flags: NEW_LOGIC_FLAG },
};

/** SCALE codec of {@linkcode AccountInfo}. */
export const accountInfo: Codec<AccountInfo> = struct<AccountInfo>({
  nonce: u32,
  consumers: u32,
  providers: u32,
  sufficients: u32,
  data: struct<AccountData>({ free: u128, reserved: u128, frozen: u128, flags: u128 }),
});
