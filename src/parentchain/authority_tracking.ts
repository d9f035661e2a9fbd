/**
 * Which voters prove which headers: what digests announce caps what the old set may prove.
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { FollowerError } from "./follower_error.ts";
import { type AuthoritySet, type BlockRef, MAX_PENDING_CHANGES, type PendingChange } from "./follower_state.ts";
import type { AuthorityList } from "./grandpa/authorities.ts";
import { findAuthorityChange } from "./grandpa/changes.ts";
import { verifyJustification } from "./grandpa/verify.ts";
import type { ParentchainHeader } from "./header.ts";

/** Adds what a header announces to the pending changes. */
export function noteAuthorityChange(
  pending: readonly PendingChange[],
  header: ParentchainHeader,
): Result<readonly PendingChange[], FollowerError> {
  const block = header.number;
  const found = findAuthorityChange(header);
  if (!found.ok) return err({ code: "DigestUndecodable", block });
  if (found.value.type === "none") return ok(pending);
  if (found.value.type === "forced") return err({ code: "ForcedChange", block });
  if (pending.length >= MAX_PENDING_CHANGES) return err({ code: "TooManyPendingChanges", block });
  const { authorities, delay } = found.value.change;
  return ok([...pending, { signalledAt: block, effectiveAt: block + delay, authorities }]);
}

/** Voters after a block became final, and the changes that still wait. */
export interface EnactedSet {
  /** Voters of the next blocks. */
  readonly set: AuthoritySet;
  /** Changes that lie above the block. */
  readonly pending: readonly PendingChange[];
}

/** Verifies that a justification by the current voters proves `target`, and enacts the change that ends at it. */
export function proveWith(
  set: AuthoritySet,
  pending: readonly PendingChange[],
  target: BlockRef,
  justification: Uint8Array,
): Result<EnactedSet, FollowerError> {
  const block = target.number;
  const cap = pending.find(({ effectiveAt }) => effectiveAt < block);
  if (cap !== undefined) return err({ code: "AuthoritySetChangeUnproven", block, changeAt: cap.effectiveAt });
  const verified = verifyJustification(justification, target, set);
  if (!verified.ok) return err({ code: "JustificationInvalid", block, cause: verified.error });
  return ok(enactChanges(set, pending, block));
}

/** Applies the changes whose last old block is at or below `block`. */
export function enactChanges(set: AuthoritySet, pending: readonly PendingChange[], block: number): EnactedSet {
  let current = set;
  for (const { effectiveAt, authorities } of pending) {
    if (effectiveAt <= block) current = { setId: current.setId + 1n, authorities };
  }
  return { set: current, pending: pending.filter(({ effectiveAt }) => effectiveAt > block) };
}

/**
 * Whether the voters in the state after `block` are those that the digests lead to. While an announced change waits for
 * its delay, the state runs ahead of the digests in part, so nothing is compared.
 */
export function agreesWithState(
  set: AuthoritySet,
  pending: readonly PendingChange[],
  block: number,
  inState: AuthoritySet,
): boolean {
  const { set: expected, pending: waiting } = enactChanges(set, pending, block);
  if (waiting.some(({ signalledAt }) => signalledAt <= block)) return true;
  return expected.setId === inState.setId && sameAuthorities(expected.authorities, inState.authorities);
}

function sameAuthorities(a: AuthorityList, b: AuthorityList): boolean {
  return a.length === b.length &&
    a.every((entry, i) => {
      const other = b[i];
      return other !== undefined && entry.weight === other.weight && equalBytes(entry.id, other.id);
    });
}
