/**
 * Answers to getters.
 *
 * Source: worker `app-libs/stf/src/getter.rs#ExecuteGetter` (839eda024)
 *
 * @module
 */
import { u128, u32 } from "../codec/codec.ts";
import type { StateReader } from "../state/kv_store.ts";
import { accountInfo } from "../types/account_info.ts";
import type { Getter, PublicGetter, TrustedGetter } from "../types/getter.ts";
import { parentchainsInfo } from "../types/parentchains_info.ts";
import { readTotalIssuance } from "./pallets/balances.ts";
import { readParentchainsInfo } from "./pallets/parentchain.ts";
import { readAccountInfo } from "./pallets/system.ts";

/**
 * The answer of `some_value`, for clients that want to see whether getters work.
 *
 * Source: worker `app-libs/stf/src/getter.rs#PublicGetter::some_value` (839eda024)
 */
const SOME_VALUE = 42;

/**
 * The SCALE bytes of the answer; undefined if there is none, which is also what a delegate without a session proxy gets.
 * The caller has verified the signature of a trusted getter.
 */
export function executeGetter(store: StateReader, getter: Getter): Uint8Array | undefined {
  if (getter.type === "public") return executePublicGetter(store, getter.value);
  // A delegate needs a session proxy in the state, and no call of this runtime can create one.
  if (getter.value.delegate !== undefined) return undefined;
  return executeTrustedGetter(store, getter.value.getter);
}

/** The SCALE bytes of the answer to a public getter. */
export function executePublicGetter(store: StateReader, getter: PublicGetter): Uint8Array {
  switch (getter.type) {
    case "some_value":
      return u32.encode(SOME_VALUE);
    case "total_issuance":
      return u128.encode(readTotalIssuance(store));
    case "parentchains_info":
      return parentchainsInfo.encode(readParentchainsInfo(store));
  }
}

/** The SCALE bytes of the answer to a trusted getter whose asker was authenticated some other way, as in a session. */
export function executeTrustedGetter(store: StateReader, getter: TrustedGetter): Uint8Array {
  switch (getter.type) {
    case "account_info":
      return accountInfo.encode(readAccountInfo(store, getter.value.owner));
  }
}
