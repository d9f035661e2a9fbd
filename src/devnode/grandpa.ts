/**
 * GRANDPA as voters do it: precommits and the justification made of them. Pure, for any number of voters, so that tests
 * can make every kind of proof, sound or not.
 *
 * @module
 */
import { bytes, bytesOf, type Codec, mapped, struct, vec } from "../codec/codec.ts";
import { type Ed25519Pair, ed25519Sign } from "../crypto/ed25519.ts";
import { type BlockHash, blockHash } from "../primitives/branded.ts";
import type { Hex } from "../primitives/hex.ts";
import { type AuthorityList, computeVoterSet } from "../parentchain/grandpa/authorities.ts";
import {
  encodePrecommitPayload,
  type GrandpaJustification,
  grandpaJustification,
  type SignedPrecommit,
} from "../parentchain/grandpa/justification.ts";
import { type ParentchainHeader, parentchainHeader } from "../parentchain/header.ts";

/** A block that votes are for. */
export interface VoteTarget {
  readonly hash: BlockHash;
  readonly number: number;
}

/** Signs one precommit. */
export function signPrecommit(voter: Ed25519Pair, vote: VoteTarget, round: bigint, setId: bigint): SignedPrecommit {
  const unsigned = { targetHash: vote.hash, targetNumber: vote.number };
  const signature = ed25519Sign(voter, encodePrecommitPayload(unsigned, round, setId));
  return { ...unsigned, signature, authority: voter.publicKey };
}

/**
 * Makes a justification of precommits.
 *
 * @param votesAncestries Headers between the votes' targets and the lowest of them; none if all are for one block.
 */
export function createJustification(
  round: bigint,
  target: VoteTarget,
  precommits: readonly SignedPrecommit[],
  votesAncestries: readonly ParentchainHeader[] = [],
): GrandpaJustification {
  return { round, targetHash: target.hash, targetNumber: target.number, precommits, votesAncestries };
}

/**
 * Lets every voter whose key is at hand vote for a block.
 *
 * @returns The encoded justification, or `undefined` if those voters weigh too little.
 */
export function justifyBlock(
  target: VoteTarget,
  round: bigint,
  set: { readonly setId: bigint; readonly authorities: AuthorityList },
  keys: ReadonlyMap<Hex, Ed25519Pair>,
): Uint8Array | undefined {
  const voters = computeVoterSet(set.authorities);
  if (voters === undefined) return undefined;
  const precommits: SignedPrecommit[] = [];
  let weight = 0n;
  for (const [id, share] of voters.weights) {
    const key = keys.get(id as Hex);
    if (key === undefined) continue;
    precommits.push(signPrecommit(key, target, round, set.setId));
    weight += share;
  }
  if (weight < voters.threshold) return undefined;
  return grandpaJustification.encode(createJustification(round, target, precommits));
}

/** Longest chain of headers in a finality proof. */
export const MAX_UNKNOWN_HEADERS = 100_000;

/** Longest justification in a finality proof: 2,048 precommits and 1,024 headers are far below it. */
const MAX_JUSTIFICATION_BYTES = 16 * 1024 * 1024;

/** What `grandpa_proveFinality` answers: a justification for the block or a descendant, and the headers up to it. */
export interface FinalityProof {
  /** The block that the justification is for. */
  readonly block: BlockHash;
  /** SCALE-encoded justification. */
  readonly justification: Uint8Array;
  /** Headers after the block asked for, up to the justified one. */
  readonly unknownHeaders: readonly ParentchainHeader[];
}

/**
 * SCALE codec of {@linkcode FinalityProof}.
 *
 * Source: substrate `client/consensus/grandpa/src/finality_proof.rs#FinalityProof`
 */
export const finalityProof: Codec<FinalityProof> = struct<FinalityProof>({
  block: mapped(bytesOf(32), blockHash, (hash) => hash),
  justification: bytes(MAX_JUSTIFICATION_BYTES),
  unknownHeaders: vec(parentchainHeader, MAX_UNKNOWN_HEADERS),
});
