/**
 * Time of the block that is executed.
 *
 * Source: worker `app-libs/sgx-runtime/src/lib.rs#Timestamp` (839eda024)
 *
 * @module
 */
import { u64 } from "../../codec/codec.ts";
import { type StorageValue, storageValue } from "../storage.ts";

/** `Timestamp.Now`: ms since the epoch. */
export const timestampNow: StorageValue<bigint> = storageValue("Timestamp", "Now", u64);
