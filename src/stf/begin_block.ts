/**
 * What happens in the state before the prologue and the calls of a block.
 *
 * Source: worker `app-libs/stf/src/stf_sgx.rs#on_initialize` (839eda024)
 *
 * @module
 */
import type { KvStore } from "../state/kv_store.ts";
import { readBlockNumber, systemNumber } from "./pallets/system.ts";
import { timestampNow } from "./pallets/timestamp.ts";

/** What the new block knows of itself. */
export interface BlockStart {
  /** Its number. */
  readonly blockNumber: bigint;
  /** Its time, ms since the epoch. */
  readonly timestampMs: bigint;
}

/** Sets number and time. @throws {RangeError} If the number is not the one after the newest block's. */
export function beginBlock(store: KvStore, { blockNumber, timestampMs }: BlockStart): void {
  const newest = readBlockNumber(store);
  if (blockNumber !== newest + 1n) throw new RangeError(`Cannot begin block ${blockNumber}: want ${newest + 1n}`);
  systemNumber.set(store, blockNumber);
  timestampNow.set(store, timestampMs);
}
