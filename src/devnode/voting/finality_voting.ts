/**
 * The voter of a running node: it lives as long as a set of voters, keeps its state on disk before it votes, and makes
 * justifications of what the votes prove.
 *
 * @module
 */
import type { Ed25519Pair } from "../../crypto/ed25519.ts";
import { grandpaJustification } from "../../parentchain/grandpa/justification.ts";
import type { ParentchainHeader } from "../../parentchain/header.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import { setOfBlock } from "../authority_history.ts";
import { createJustification, type VoteTarget } from "../grandpa.ts";
import type { DevNode } from "../node.ts";
import { chainVoteTree } from "./chain_vote_tree.ts";
import type { PrevoteProof } from "./prevote_proofs.ts";
import { isSigned, type Vote, voteSigner } from "./vote.ts";
import { Voter, type VoterEffect, type VoteRefusal, type VoterTiming } from "./voter.ts";
import { voterRecord } from "./voter_record.ts";

/** Under this name the store keeps what the voter must not forget. */
export const VOTER_RECORD = "voter";

/** Longest wait from a head to the prevote for it: two network turns of a slow client, which sees "in block" first. */
export const MAX_SETTLE_MS = 400;
/** Longest wait for the prevotes of all voters: one that is gone costs each round so much. */
export const MAX_PREVOTE_WAIT_MS = 500;
/** Shortest and longest time between two sendings of the same votes. */
export const RESEND_MS = { min: 500, max: 2000 } as const;

/** The waiting times of a voter for a block time. */
export function voterTiming(slotDurationMs: number): VoterTiming {
  const prevoteWaitMs = Math.min(MAX_PREVOTE_WAIT_MS, slotDurationMs / 4);
  return {
    settleMs: Math.min(MAX_SETTLE_MS, slotDurationMs / 4),
    prevoteWaitMs,
    emptyWaitMs: 4 * prevoteWaitMs,
    resendMs: Math.min(RESEND_MS.max, Math.max(RESEND_MS.min, slotDurationMs)),
  };
}

/** What the node wants sent to its peers. */
export interface VotingMessages {
  readonly votes: readonly Vote[];
  readonly proofs: readonly PrevoteProof[];
  /** Encoded justifications. */
  readonly justifications: readonly Uint8Array[];
}

/** Counts for metrics. */
export interface VotingCounts {
  prevotes: number;
  precommits: number;
  equivocations: number;
}

/** The voting of a node. */
export class FinalityVoting<Block> {
  readonly #node: DevNode<Block>;
  readonly #key: Ed25519Pair | undefined;
  readonly #nowMs: () => number;
  readonly counts: VotingCounts = { prevotes: 0, precommits: 0, equivocations: 0 };
  #voter: Voter;

  /** Begins where the chain's store says. `key` is the node's own; without one it only counts. */
  constructor(node: DevNode<Block>, key: Ed25519Pair | undefined, nowMs: () => number) {
    this.#node = node;
    this.#key = key;
    this.#nowMs = nowMs;
    this.#voter = this.#createVoter();
  }

  /** Whether the node has a key to vote with. */
  get isAuthority(): boolean {
    return this.#key !== undefined;
  }

  /** The voter of the present set. */
  get voter(): Voter {
    return this.#voter;
  }

  /** Takes votes; the answer are those to be passed on, and why one was refused. */
  receive(votes: readonly Vote[]): { readonly fresh: readonly Vote[]; readonly refusal: VoteRefusal | undefined } {
    const fresh: Vote[] = [];
    const before = this.#voter.equivocations;
    let refusal: VoteRefusal | undefined;
    for (const vote of votes) {
      const received = this.#voter.receive(vote);
      if (received.isNew) fresh.push(vote);
      refusal ??= received.refusal;
    }
    this.counts.equivocations += this.#voter.equivocations - before;
    for (const { stage } of fresh) this.counts[stage === "prevote" ? "prevotes" : "precommits"]++;
    return { fresh, refusal };
  }

  /** Takes proofs of prevotes. */
  receiveProofs(proofs: readonly PrevoteProof[]): VoteRefusal | undefined {
    let refusal: VoteRefusal | undefined;
    for (const proof of proofs) refusal ??= this.#voter.receiveProof(proof);
    return refusal;
  }

  /** Blocks that were voted for and are not here. */
  wanted(): readonly VoteTarget[] {
    return this.#voter.wanted();
  }

  /** Does what is due; the answer is what to send. What must not be forgotten is on disk by then. */
  step(): VotingMessages {
    const sent = { votes: [] as Vote[], proofs: [] as PrevoteProof[], justifications: [] as Uint8Array[] };
    for (let isFinal = true; isFinal;) {
      this.#followSet();
      isFinal = false;
      for (const effect of this.#voter.step(this.#nowMs())) {
        if (effect.type === "save") this.#node.chain.saveMeta(VOTER_RECORD, voterRecord.encode(effect.record));
        else if (effect.type === "send") {
          sent.votes.push(...effect.votes);
          sent.proofs.push(...effect.proofs);
        } else {
          const justification = this.#justify(effect);
          isFinal = this.#node.importJustification(justification).ok;
          if (isFinal) sent.justifications.push(justification);
        }
      }
    }
    return sent;
  }

  #createVoter(): Voter {
    const { chain } = this.#node;
    const { set } = setOfBlock(chain.tree.root.authorities, chain.finalizedNumber + 1);
    const stored = chain.meta(VOTER_RECORD);
    return new Voter({
      set,
      key: this.#key === undefined ? undefined : voteSigner(this.#key),
      isSigned,
      tree: chainVoteTree(chain),
      timing: voterTiming(chain.runtime.slotDurationMs),
      record: stored === undefined ? undefined : voterRecord.decode(stored),
    });
  }

  /** The voter of a new set begins when the last block of the old one is final. */
  #followSet(): void {
    const { chain } = this.#node;
    const { set } = setOfBlock(chain.tree.root.authorities, chain.finalizedNumber + 1);
    if (set.setId !== this.#voter.setId) this.#voter = this.#createVoter();
  }

  #justify({ round, target, precommits }: Extract<VoterEffect, { type: "final" }>): Uint8Array {
    const { tree } = this.#node.chain;
    const headers = new Map<Hex, ParentchainHeader>();
    for (const { targetHash } of precommits) {
      let at = tree.get(targetHash);
      while (at !== undefined && at.number > target.number && !headers.has(toHex(at.hash))) {
        headers.set(toHex(at.hash), at.header);
        at = tree.parentOf(at);
      }
    }
    return grandpaJustification.encode(createJustification(round, target, precommits, [...headers.values()]));
  }
}
