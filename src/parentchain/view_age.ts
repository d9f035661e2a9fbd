/**
 * Whether what is known of the parentchain is recent enough to act on.
 *
 * @module
 */
import type { ParentchainView } from "./view.ts";

/** Oldest parentchain timestamp that is acted on: what an older view lacks may have been sent or changed long ago. */
export const MAX_VIEW_AGE_MS = 120_000;

/** Whether a view is too old to act on. On a chain without timestamps none is. */
export function isViewOld(view: Pick<ParentchainView, "nowMs">, nowMs: number): boolean {
  return view.nowMs !== undefined && nowMs - Number(view.nowMs) > MAX_VIEW_AGE_MS;
}
