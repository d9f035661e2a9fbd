/**
 * GRANDPA's proof of finality: the precommits of one round.
 *
 * Source: substrate `primitives/consensus/grandpa/src/lib.rs#GrandpaJustification` (the parentchain's own format)
 *
 * @module
 */
import { bytesOf, type Codec, mapped, struct, u32, u64, vec } from "../../codec/codec.ts";
import { concatBytes } from "../../primitives/bytes.ts";
import { type BlockHash, blockHash } from "../../primitives/branded.ts";
import { type ParentchainHeader, parentchainHeader } from "../header.ts";

/** Most precommits: each voter may stand twice (an equivocation). */
export const MAX_PRECOMMITS = 2_048;
/** Most ancestry headers: voters are at most some blocks apart; far beyond what a live round spans. */
export const MAX_VOTES_ANCESTRIES = 1_024;

const hash: Codec<BlockHash> = mapped(bytesOf(32), blockHash, (value) => value);

/** One voter's signed precommit. */
export interface SignedPrecommit {
  /** Block it votes for. */
  readonly targetHash: BlockHash;
  /** Number of that block. */
  readonly targetNumber: number;
  /** Its ed25519 signature over {@linkcode encodePrecommitPayload}. */
  readonly signature: Uint8Array;
  /** Its public key. */
  readonly authority: Uint8Array;
}

/** Proof that the commit's target is final. */
export interface GrandpaJustification {
  /** Round of the votes. */
  readonly round: bigint;
  /** The final block. */
  readonly targetHash: BlockHash;
  /** Number of the final block. */
  readonly targetNumber: number;
  /** Votes for the block or its descendants. */
  readonly precommits: readonly SignedPrecommit[];
  /** Headers from the votes' targets down to the lowest of them, that one left out; neither less nor more. */
  readonly votesAncestries: readonly ParentchainHeader[];
}

/** SCALE codec of {@linkcode GrandpaJustification}. */
export const grandpaJustification: Codec<GrandpaJustification> = struct<GrandpaJustification>({
  round: u64,
  targetHash: hash,
  targetNumber: u32,
  precommits: vec(
    struct<SignedPrecommit>({ targetHash: hash, targetNumber: u32, signature: bytesOf(64), authority: bytesOf(32) }),
    MAX_PRECOMMITS,
  ),
  votesAncestries: vec(parentchainHeader, MAX_VOTES_ANCESTRIES),
});

/** Tag of a precommit among the votes that are signed. */
const PRECOMMIT = new Uint8Array([1]);

/** What a voter signs: vote, round and the id of its set, which is not in the justification. */
export function encodePrecommitPayload(
  vote: Pick<SignedPrecommit, "targetHash" | "targetNumber">,
  round: bigint,
  setId: bigint,
): Uint8Array {
  return concatBytes(
    PRECOMMIT,
    vote.targetHash,
    u32.encode(vote.targetNumber),
    u64.encode(round),
    u64.encode(setId),
  );
}
