/**
 * Storage of the Aura pallet.
 *
 * @module
 */
import { defaultValue, type StorageValue } from "../../storage/storage_item.ts";
import { boundedVecOf, vecOf } from "../../types/builders.ts";
import { auraAuthorityId, slot } from "../../types/common.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";

/** Most authorities, `MaxAuthorities` of integritee-node's `runtime/src/lib.rs` (359c5fe). */
export const MAX_AUTHORITIES = 32;

/** `Vec<AuthorityId>`. */
export const auraAuthorityList: RuntimeType<readonly Uint8Array[]> = vecOf(auraAuthorityId, MAX_AUTHORITIES);

/** Who authors, in the order of the slots. */
export const auraAuthorities: StorageValue<readonly Uint8Array[], never> = defaultValue(
  "Aura",
  "Authorities",
  boundedVecOf(auraAuthorityId, MAX_AUTHORITIES),
  [],
);
/** Slot of this block. */
export const currentSlot: StorageValue<bigint, never> = defaultValue("Aura", "CurrentSlot", slot, 0n);
