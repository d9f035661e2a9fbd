/**
 * SCALE forms of what the database keeps as one value.
 *
 * @module
 */
import { bytes, type Codec, option, struct, vec } from "../codec/codec.ts";
import type { StateChange } from "./state_diff.ts";

/** Longest storage key: hashes of a pallet, an item and two long map keys are far below it. */
export const MAX_STORAGE_KEY_BYTES = 4096;
/** Longest storage value: runtime code and block bodies are at most 5 MiB. */
export const MAX_STORAGE_VALUE_BYTES = 8 * 1024 * 1024;
/** Most keys that one block changes; genesis counts as a block. */
export const MAX_CHANGES_PER_BLOCK = 1_000_000;
/** Most extrinsics of a block: transactions and inherents. */
const MAX_STORED_EXTRINSICS = 10_000;

/** Changes of one block. */
export const stateChanges: Codec<readonly StateChange[]> = vec(
  struct<StateChange>({ key: bytes(MAX_STORAGE_KEY_BYTES), value: option(bytes(MAX_STORAGE_VALUE_BYTES)) }),
  MAX_CHANGES_PER_BLOCK,
);

/** Extrinsics of one block, each with its own length prefix inside. */
export const storedExtrinsics: Codec<readonly Uint8Array[]> = vec(
  bytes(MAX_STORAGE_VALUE_BYTES),
  MAX_STORED_EXTRINSICS,
);
