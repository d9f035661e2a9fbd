/**
 * Who may make a call at all: what is refused before nonce and fee count. Both the pool's door and the execution ask here.
 *
 * Source: worker `app-libs/stf/src/trusted_call.rs#TrustedCallSigned::execute` (839eda024)
 *
 * @module
 */
import type { StateReader } from "../state/kv_store.ts";
import { trustedCallSender } from "../types/trusted_call.ts";
import type { TrustedCallSigned } from "../types/trusted_call_signed.ts";
import { isRoot } from "./pallets/sudo.ts";

/** Whether the signer of a call may make it for its sender, in this state; the signature itself is the caller's to check. */
export function hasPrivileges(state: StateReader, { call, delegate }: TrustedCallSigned): boolean {
  // A delegate needs a session proxy in the state, and no call of this runtime can create one.
  if (delegate !== undefined) return false;
  return call.type !== "balance_set_balance" || isRoot(state, trustedCallSender(call));
}
