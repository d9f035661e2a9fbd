/**
 * The votes of one round.
 *
 * @module
 */
import type { VoterSet } from "../../parentchain/grandpa/authorities.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import type { VoteTarget } from "../grandpa.ts";
import type { Vote, VoteStage } from "./vote.ts";
import { computeGhost, type VoteTree } from "./vote_tree.ts";

/** What became of a vote that was added. */
export type AddedVote = "new" | "known" | "equivocation";

/** Votes of a round, the first of each voter and stage. */
export class RoundTally {
  readonly #voters: VoterSet;
  readonly #votes = { prevote: new Map<Hex, Vote>(), precommit: new Map<Hex, Vote>() };

  /** Makes an empty tally. */
  constructor(voters: VoterSet) {
    this.#voters = voters;
  }

  /** The vote of a voter. */
  of(stage: VoteStage, authority: Uint8Array): Vote | undefined {
    return this.#votes[stage].get(toHex(authority));
  }

  /** Whether anybody has voted. */
  get isEmpty(): boolean {
    return this.#votes.prevote.size + this.#votes.precommit.size === 0;
  }

  /** All votes, prevotes first. */
  all(): readonly Vote[] {
    return [...this.#votes.prevote.values(), ...this.#votes.precommit.values()];
  }

  /** Takes a vote whose signature is verified; of a voter that signs two different ones, the first counts. */
  add(vote: Vote): AddedVote {
    const votes = this.#votes[vote.stage];
    const before = votes.get(toHex(vote.authority));
    if (before !== undefined) return equalBytes(before.targetHash, vote.targetHash) ? "known" : "equivocation";
    votes.set(toHex(vote.authority), vote);
    return "new";
  }

  /** Weight of all votes, whatever they are for. */
  weight(stage: VoteStage): bigint {
    let sum = 0n;
    for (const id of this.#votes[stage].keys()) sum += this.#voters.weights.get(id) ?? 0n;
    return sum;
  }

  /** Voters whose vote is not here. */
  missing(stage: VoteStage): readonly string[] {
    return [...this.#voters.weights.keys()].filter((id) => !this.#votes[stage].has(id as Hex));
  }

  /** The highest block that has the votes of enough voters. */
  ghost(stage: VoteStage, tree: VoteTree): VoteTarget | undefined {
    const votes = [];
    for (const [id, { targetHash, targetNumber }] of this.#votes[stage]) {
      const target = tree.find(targetHash);
      if (target?.number === targetNumber) votes.push({ target, weight: this.#voters.weights.get(id) ?? 0n });
    }
    return computeGhost(votes, this.#voters.threshold, tree);
  }

  /** The votes for a block or its descendants. */
  supporters(stage: VoteStage, block: VoteTarget, tree: VoteTree): readonly Vote[] {
    return [...this.#votes[stage].values()].filter(({ targetHash, targetNumber }) => {
      const target = tree.find(targetHash);
      return target?.number === targetNumber && tree.isDescendant(target, block);
    });
  }

  /** Blocks of votes that are not in the tree. */
  unknown(tree: VoteTree): readonly VoteTarget[] {
    return this.all()
      .filter(({ targetHash, targetNumber }) =>
        targetNumber > tree.finalized().number && tree.find(targetHash) === undefined
      )
      .map(({ targetHash, targetNumber }) => ({ hash: targetHash, number: targetNumber }));
  }
}
