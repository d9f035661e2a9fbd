/**
 * One vote of GRANDPA: a signed prevote or precommit.
 *
 * @module
 */
import { bytesOf, type Codec, mapped, struct, u32, u64, u8 } from "../../codec/codec.ts";
import { type Ed25519Pair, ed25519Sign, ed25519Verify } from "../../crypto/ed25519.ts";
import { encodePrecommitPayload } from "../../parentchain/grandpa/justification.ts";
import { type BlockHash, blockHash } from "../../primitives/branded.ts";
import type { VoteTarget } from "../grandpa.ts";

/** The two votes that each voter casts in a round. */
export type VoteStage = "prevote" | "precommit";

/** A vote and all that its signature covers. */
export interface Vote {
  readonly stage: VoteStage;
  readonly setId: bigint;
  readonly round: bigint;
  readonly targetHash: BlockHash;
  readonly targetNumber: number;
  /** The voter's ed25519 public key. */
  readonly authority: Uint8Array;
  readonly signature: Uint8Array;
}

const STAGES: readonly VoteStage[] = ["prevote", "precommit"];

/** SCALE codec of {@linkcode Vote}. */
export const vote: Codec<Vote> = struct<Vote>({
  stage: mapped(u8, stageOf, (stage) => STAGES.indexOf(stage)),
  setId: u64,
  round: u64,
  targetHash: mapped(bytesOf(32), blockHash, (hash) => hash),
  targetNumber: u32,
  authority: bytesOf(32),
  signature: bytesOf(64),
});

function stageOf(index: number): VoteStage {
  const stage = STAGES[index];
  if (stage === undefined) throw new RangeError(`Cannot read a vote of stage ${index}`);
  return stage;
}

/**
 * What a voter signs. Prevotes and precommits differ in their first byte.
 *
 * Source: finality-grandpa `src/lib.rs#Message`, substrate `primitives/consensus/grandpa/src/lib.rs#localized_payload`
 */
export function votePayload(unsigned: Omit<Vote, "authority" | "signature">): Uint8Array {
  const payload = encodePrecommitPayload(unsigned, unsigned.round, unsigned.setId);
  payload[0] = STAGES.indexOf(unsigned.stage);
  return payload;
}

/** A voter's key. */
export interface VoteSigner {
  readonly publicKey: Uint8Array;
  readonly sign: (payload: Uint8Array) => Uint8Array;
}

/** The key of a pair. */
export function voteSigner(pair: Ed25519Pair): VoteSigner {
  return { publicKey: pair.publicKey, sign: (payload) => ed25519Sign(pair, payload) };
}

/** Signs a vote. */
export function signVote(key: VoteSigner, stage: VoteStage, setId: bigint, round: bigint, target: VoteTarget): Vote {
  const unsigned = { stage, setId, round, targetHash: target.hash, targetNumber: target.number };
  return { ...unsigned, authority: key.publicKey, signature: key.sign(votePayload(unsigned)) };
}

/** Whether a signature is the voter's. */
export type VoteVerifier = (vote: Vote) => boolean;

/** Whether the signature is the voter's, by ed25519. */
export function isSigned(vote: Vote): boolean {
  return ed25519Verify(vote.signature, votePayload(vote), vote.authority);
}
