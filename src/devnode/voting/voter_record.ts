/**
 * What a voter must not forget: it is made durable before a vote leaves the node.
 *
 * @module
 */
import { type Codec, struct, u64, vec } from "../../codec/codec.ts";
import { type PrevoteProof, prevoteProofs } from "./prevote_proofs.ts";
import { type Vote, vote } from "./vote.ts";

/** Own votes that are kept: two of this round and two of the one before. */
export const MAX_OWN_VOTES = 4;

/** State of a voter on disk. */
export interface VoterRecord {
  /** The set of voters; of another set a record is of no use. */
  readonly setId: bigint;
  /** The round it is in. */
  readonly round: bigint;
  /** Its own votes of this round and the one before. */
  readonly votes: readonly Vote[];
  /** Its proofs of prevotes. */
  readonly proofs: readonly PrevoteProof[];
}

/** SCALE codec of {@linkcode VoterRecord}. */
export const voterRecord: Codec<VoterRecord> = struct<VoterRecord>({
  setId: u64,
  round: u64,
  votes: vec(vote, MAX_OWN_VOTES),
  proofs: prevoteProofs,
});
