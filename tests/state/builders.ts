/** Keys and snapshots for tests of the state. */
import { unwrap } from "../../src/primitives/result.ts";
import { applyDiff, commitOverlay } from "../../src/state/diff.ts";
import { Overlay } from "../../src/state/overlay.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";
import type { StateKeys } from "../../src/state/state_keys.ts";

/** Keys that are easily told apart. */
export const KEYS: StateKeys = {
  epoch: 3,
  stateKey: new Uint8Array(32).fill(1),
  pathKey: new Uint8Array(32).fill(2),
  saltKey: new Uint8Array(32).fill(4),
  olderStateKeys: new Map([[2, new Uint8Array(32).fill(5)]]),
};

/** Bytes of numbers. */
export function bytesFrom(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

/** A state with these entries, committed in block 1. */
export function snapshotOf(...entries: (readonly [key: Uint8Array, value: Uint8Array])[]): StateSnapshot {
  const overlay = new Overlay(StateSnapshot.empty());
  for (const [key, value] of entries) overlay.set(key, value);
  const { snapshot, diff } = commitOverlay(StateSnapshot.empty(), overlay, 1n, KEYS);
  unwrap(applyDiff(StateSnapshot.empty(), diff, KEYS.pathKey));
  return snapshot;
}
