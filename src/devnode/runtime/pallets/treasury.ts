/**
 * Accounts that belong to pallets, without the pallets that use them in the original.
 *
 * @module
 */
import { concatBytes, utf8 } from "../../../primitives/bytes.ts";

/** Account of a pallet: `modl`, its id, and zeros. */
export function palletAccount(palletId: string): Uint8Array {
  const account = new Uint8Array(32);
  account.set(concatBytes(utf8("modl"), utf8(palletId)));
  return account;
}

/** The treasury, which gets one percent of the fees and all tips, as in integritee-node's `runtime/src/lib.rs` (359c5fe). */
export const TREASURY_ACCOUNT: Uint8Array = palletAccount("py/trsry");
