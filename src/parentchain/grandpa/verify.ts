/**
 * Verification of a GRANDPA justification. Fails closed: one bad signature anywhere, a header too few or a header too many
 * refuses the whole.
 *
 * Source: finality-grandpa `src/lib.rs#validate_commit`, substrate `client/consensus/grandpa/src/justification.rs#verify_with_voter_set`
 * Differs: stricter than `worker core/parentchain/light-client/src/justification.rs` (839eda024): nothing is tolerated
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import type { CodecError } from "../../codec/error.ts";
import { ed25519Verify } from "../../crypto/ed25519.ts";
import type { BlockHash } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { computeHeaderHash } from "../header.ts";
import { type AuthorityList, computeVoterSet } from "./authorities.ts";
import {
  encodePrecommitPayload,
  type GrandpaJustification,
  grandpaJustification,
  type SignedPrecommit,
} from "./justification.ts";

/** Why a justification proves nothing. */
export type JustificationError =
  /** The bytes are not a justification. */
  | { readonly code: "JustificationUndecodable"; readonly cause: CodecError }
  /** It proves another block than the one asked for. */
  | { readonly code: "TargetMismatch"; readonly targetNumber: number }
  /** Nobody in the set has weight, or the weights exceed u64. */
  | { readonly code: "InvalidAuthoritySet" }
  /** There is no precommit at all. */
  | { readonly code: "NoPrecommits" }
  /** A precommit is for a block below the target, or the target's number with another hash. */
  | { readonly code: "PrecommitBelowTarget"; readonly index: number }
  /** Voters of too little weight. */
  | { readonly code: "WeightTooLow"; readonly weight: bigint; readonly threshold: bigint }
  /** A signature does not verify, a member's or not. */
  | { readonly code: "BadSignature"; readonly index: number }
  /** A header between a vote's target and the lowest target is missing, or its number does not fit. */
  | { readonly code: "AncestryMissing"; readonly index: number }
  /** Headers that no vote needs, or the same header twice. */
  | { readonly code: "AncestryUnused"; readonly unused: number };

/** The voters that a verifier supplies. */
export interface VerifyingSet {
  /** Number of the set. */
  readonly setId: bigint;
  /** Its voters. */
  readonly authorities: AuthorityList;
}

/** Decodes a justification and verifies that it proves the block `hash`, `number` under the given set. */
export function verifyJustification(
  bytes: Uint8Array,
  target: { readonly hash: BlockHash; readonly number: number },
  set: VerifyingSet,
): Result<GrandpaJustification, JustificationError> {
  const decoded = tryDecode(grandpaJustification, bytes);
  if (!decoded.ok) return err({ code: "JustificationUndecodable", cause: decoded.error });
  const justification = decoded.value;
  if (justification.targetNumber !== target.number || !equalBytes(justification.targetHash, target.hash)) {
    return err({ code: "TargetMismatch", targetNumber: justification.targetNumber });
  }
  const checked = verifyWeight(justification, set.authorities);
  if (!checked.ok) return checked;
  const ancestry = verifyAncestries(justification);
  if (!ancestry.ok) return ancestry;
  const signatures = verifySignatures(justification, set.setId);
  return signatures.ok ? ok(justification) : signatures;
}

/**
 * Sums the weight of the distinct members. Votes of others and further votes of the same member carry none; that every
 * vote is on the target's chain is what {@linkcode verifyAncestries} shows.
 */
function verifyWeight(
  justification: GrandpaJustification,
  authorities: AuthorityList,
): Result<undefined, JustificationError> {
  const set = computeVoterSet(authorities);
  if (set === undefined) return err({ code: "InvalidAuthoritySet" });
  const voted = new Set<string>();
  let weight = 0n;
  for (const { authority } of justification.precommits) {
    const key = toHex(authority);
    if (voted.has(key)) continue;
    voted.add(key);
    weight += set.weights.get(key) ?? 0n;
  }
  return weight >= set.threshold ? ok(undefined) : err({ code: "WeightTooLow", weight, threshold: set.threshold });
}

/** Parent hashes by header hash, and the headers that some vote needed. */
interface Ancestry {
  readonly parents: ReadonlyMap<string, string>;
  readonly visited: Set<string>;
}

/**
 * Checks that every precommit's target is the commit's target or descends from it, by exactly the headers given: the set
 * of headers on the ways from all targets down to the lowest one (that one left out) equals the set of headers.
 */
function verifyAncestries(justification: GrandpaJustification): Result<undefined, JustificationError> {
  const { precommits, votesAncestries, targetHash, targetNumber } = justification;
  let base = precommits[0];
  if (base === undefined) return err({ code: "NoPrecommits" });
  const parents = new Map<string, string>();
  for (const header of votesAncestries) parents.set(toHex(computeHeaderHash(header)), toHex(header.parentHash));
  const repeated = votesAncestries.length - parents.size;
  if (repeated > 0) return err({ code: "AncestryUnused", unused: repeated });
  for (const [index, vote] of precommits.entries()) {
    if (vote.targetNumber < targetNumber) return err({ code: "PrecommitBelowTarget", index });
    if (vote.targetNumber < base.targetNumber) base = vote;
  }
  const ancestry: Ancestry = { parents, visited: new Set() };
  for (const [index, vote] of precommits.entries()) {
    const reaches = walkDown({ parents, visited: new Set() }, vote, targetHash) &&
      walkDown(ancestry, vote, base.targetHash);
    if (!reaches) return err({ code: "AncestryMissing", index });
  }
  const unused = parents.size - ancestry.visited.size;
  return unused === 0 ? ok(undefined) : err({ code: "AncestryUnused", unused });
}

/** Walks from a vote's target to `end` by parent hashes, noting the headers on the way; false if one is missing. */
function walkDown(ancestry: Ancestry, vote: SignedPrecommit, end: BlockHash): boolean {
  const stop = toHex(end);
  let at: string = toHex(vote.targetHash);
  while (at !== stop) {
    const parent = ancestry.parents.get(at);
    if (parent === undefined) return false;
    // Hashes cannot form a circle, so this ends; a way walked before needs no second walk.
    if (ancestry.visited.has(at)) return true;
    ancestry.visited.add(at);
    at = parent;
  }
  return true;
}

/** Every signature must verify, those of non-members and of further votes too. */
function verifySignatures(
  { round, precommits }: GrandpaJustification,
  setId: bigint,
): Result<undefined, JustificationError> {
  for (const [index, vote] of precommits.entries()) {
    if (!ed25519Verify(vote.signature, encodePrecommitPayload(vote, round, setId), vote.authority)) {
      return err({ code: "BadSignature", index });
    }
  }
  return ok(undefined);
}
