/**
 * What a block changes in the state: made by committing an overlay, carried encrypted in the block, applied by others.
 *
 * @module
 */
import { bytes, bytesOf, type Codec, option, struct, vec } from "../codec/codec.ts";
import { compareBytes, equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { MAX_STORAGE_KEY_BYTES, MAX_STORAGE_VALUE_BYTES } from "./kv_store.ts";
import { computeSalt, packEntry, SALT_LENGTH, saltOfEntry, valueOfEntry } from "./leaf.ts";
import type { Overlay } from "./overlay.ts";
import { StateSnapshot } from "./snapshot.ts";
import type { StateKeys } from "./state_keys.ts";

/** Most keys that one block may change: what a full block of calls and its prologue touch stays far below. */
export const MAX_DIFF_CHANGES = 65_536;

/** A value with the salt of its leaf. */
export interface SaltedValue {
  /** 32 bytes, fixed when the value was written. */
  readonly salt: Uint8Array;
  readonly value: Uint8Array;
}

/** One key that a block changes. */
export interface StateChange {
  readonly key: Uint8Array;
  /** The new value; `undefined` if the key is removed. */
  readonly entry: SaltedValue | undefined;
}

/**
 * The plain payload of a block.
 *
 * Differs: worker `core-primitives/stf-primitives/src/types.rs#StatePayload` (839eda024) carries the root afterwards too
 * and encodes the changes with postcard; here that root stands in the block data, where light clients see it, and all is SCALE.
 */
export interface StateDiff {
  /** State root that the changes are made on. */
  readonly aprioriRoot: Uint8Array;
  /** Changes in ascending order of keys, each key once. */
  readonly changes: readonly StateChange[];
}

/** SCALE codec of {@linkcode StateDiff}. */
export const stateDiff: Codec<StateDiff> = struct({
  aprioriRoot: bytesOf(32),
  changes: vec(
    struct<StateChange>({
      key: bytes(MAX_STORAGE_KEY_BYTES),
      entry: option(struct<SaltedValue>({ salt: bytesOf(SALT_LENGTH), value: bytes(MAX_STORAGE_VALUE_BYTES) })),
    }),
    MAX_DIFF_CHANGES,
  ),
});

/** Why a diff does not fit a state. */
export type ApplyDiffError =
  /** It was made on another state. */
  | { readonly code: "AprioriRootMismatch"; readonly want: Uint8Array; readonly got: Uint8Array }
  /** Its keys are not in strictly ascending order. */
  | { readonly code: "ChangesNotSorted" };

/**
 * Makes the overlay's changes a new version of the state. A key written with the value it had keeps its salt and is no
 * change.
 *
 * @throws {RangeError} If more than {@linkcode MAX_DIFF_CHANGES} keys change; the proposer stops long before.
 */
export function commitOverlay(
  base: StateSnapshot,
  overlay: Overlay,
  blockNumber: bigint,
  keys: StateKeys,
): { readonly snapshot: StateSnapshot; readonly diff: StateDiff } {
  const changes: StateChange[] = [];
  let snapshot = base;
  for (const { key, value } of overlay.changes()) {
    const old = base.get(key);
    if (value === undefined ? old === undefined : old !== undefined && equalBytes(old, value)) continue;
    const entry = value === undefined ? undefined : { salt: computeSalt(keys.saltKey, blockNumber, key, value), value };
    changes.push({ key, entry });
    snapshot = snapshot.with(key, entry && packEntry(entry.salt, entry.value), keys.pathKey);
  }
  if (changes.length > MAX_DIFF_CHANGES) {
    throw new RangeError(`Cannot commit ${changes.length} changes: at most ${MAX_DIFF_CHANGES}`);
  }
  return { snapshot, diff: { aprioriRoot: base.root, changes } };
}

/** The state after a diff; `base` stays as it is. The caller compares the root with the one in the block. */
export function applyDiff(
  base: StateSnapshot,
  diff: StateDiff,
  pathKey: Uint8Array,
): Result<StateSnapshot, ApplyDiffError> {
  if (!equalBytes(base.root, diff.aprioriRoot)) {
    return err({ code: "AprioriRootMismatch", want: base.root, got: diff.aprioriRoot });
  }
  let snapshot = base;
  let previous: Uint8Array | undefined;
  for (const { key, entry } of diff.changes) {
    if (previous !== undefined && compareBytes(previous, key) >= 0) return err({ code: "ChangesNotSorted" });
    snapshot = snapshot.with(key, entry && packEntry(entry.salt, entry.value), pathKey);
    previous = key;
  }
  return ok(snapshot);
}

/** The salted value of a key, or `undefined`. */
export function saltedValueOf(snapshot: StateSnapshot, key: Uint8Array): SaltedValue | undefined {
  const entry = snapshot.entry(key);
  return entry === undefined ? undefined : { salt: saltOfEntry(entry), value: valueOfEntry(entry) };
}
