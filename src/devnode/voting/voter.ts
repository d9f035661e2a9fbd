/**
 * One voter of GRANDPA as a state machine: votes and time in, votes and proofs of finality out. Without a key it counts
 * and passes on the votes of others.
 *
 * **The rounds.** Each voter prevotes once in a round, then precommits once, then goes on to the next.
 * - A *proof of prevotes* is a round's prevotes of enough weight (the threshold) for one block. The voter keeps such
 *   proofs and walks through them from the newest round to the oldest: its *base* begins at the newest final block and
 *   moves up to each proven block that descends from it. A proof that contradicts a newer one is of no effect.
 * - Prevote: the head of the best chain that contains the base.
 * - Precommit: the highest block with prevotes of enough weight in this round; if there is none in time, the newest
 *   final block, which adds nothing and lets the round end.
 * - Final is a block that the precommits of one round, of enough weight, are for.
 * - The next round begins after precommits of enough weight, or when so many voters are ahead that one of them is honest.
 *
 * **Why two blocks on different forks never become final**, while voters of less than a third of the weight break the
 * rules. Let B be final by precommits of round r. Each honest voter among them has a proof for B or a descendant from
 * round r. Claim: every proof of a round after r is for a block on one line with B. Take the first round that broke it:
 * all proofs between r and it are on one line with B, so each of those voters' base, which is reached from newer to older
 * proofs, is B or above it, and so was its prevote. The others weigh too little for a proof. Hence no later round proves
 * or precommits a block besides B's line. Two proofs of one round are on one line as well, since they share an honest
 * voter. It takes that no voter votes twice in a round and that none forgets its proofs: both are made durable before a
 * vote is sent.
 *
 * **What it does not do.** Voters that break the rules can stop finality (there is no punishment and no accountability);
 * GRANDPA's estimates and its primary are left out, proofs of prevotes are exchanged instead, so this is not the voting
 * of Substrate nodes on the wire. Its votes and justifications are.
 *
 * Differs: substrate `client/consensus/grandpa` (finality-grandpa `src/voter/mod.rs`)
 *
 * @module
 */
import { type AuthorityList, computeVoterSet, type VoterSet } from "../../parentchain/grandpa/authorities.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import type { VoteTarget } from "../grandpa.ts";
import { type PrevoteProof, PrevoteProofs } from "./prevote_proofs.ts";
import { RoundTally } from "./round_tally.ts";
import { signVote, type Vote, type VoteSigner, type VoteStage, type VoteVerifier } from "./vote.ts";
import type { VoterRecord } from "./voter_record.ts";
import type { VoteTree } from "./vote_tree.ts";

/** Rounds after the present one whose votes are kept until it is reached. */
export const MAX_ROUNDS_AHEAD = 2n;

/** How long a voter waits, in milliseconds. */
export interface VoterTiming {
  /** From a new head to the prevote for it. */
  readonly settleMs: number;
  /** From the beginning of a round to a precommit without the prevotes of all. */
  readonly prevoteWaitMs: number;
  /** From the beginning of a round to a precommit for nothing new. */
  readonly emptyWaitMs: number;
  /** Between two sendings of the same votes. */
  readonly resendMs: number;
}

/** What a voter wants done, in this order. */
export type VoterEffect =
  /** Make this durable BEFORE the effects after it. */
  | { readonly type: "save"; readonly record: VoterRecord }
  /** Send these to all peers. */
  | { readonly type: "send"; readonly votes: readonly Vote[]; readonly proofs: readonly PrevoteProof[] }
  /** These precommits make a block final. */
  | {
    readonly type: "final";
    readonly round: bigint;
    readonly target: VoteTarget;
    readonly precommits: readonly Vote[];
  };

/** Why a vote is refused. */
export type VoteRefusal =
  /** Its voter is not in the set. */
  | "UnknownVoter"
  /** Its signature is not the voter's. */
  | "BadVoteSignature";

/** The voters of a set. */
export interface VotingSet {
  readonly setId: bigint;
  readonly authorities: AuthorityList;
}

/** What one voter is made of. */
export interface VoterParts {
  readonly set: VotingSet;
  /** The voter's key; `undefined`, or of nobody in the set, it only counts. */
  readonly key: VoteSigner | undefined;
  readonly isSigned: VoteVerifier;
  readonly tree: VoteTree;
  readonly timing: VoterTiming;
  /** What it kept; of another set it is of no use. */
  readonly record: VoterRecord | undefined;
}

/** A voter for the life of one set. */
export class Voter {
  readonly #parts: VoterParts;
  readonly #voters: VoterSet;
  readonly #key: VoteSigner | undefined;
  readonly #proofs: PrevoteProofs;
  readonly #tallies = new Map<bigint, RoundTally>();
  /** The newest round that each voter has voted in. */
  readonly #newest = new Map<Hex, bigint>();
  #round: bigint;
  #enteredMs: number | undefined;
  #best: { readonly hash: Hex; readonly sinceMs: number } | undefined;
  #sentMs = Number.NEGATIVE_INFINITY;
  #equivocations = 0;
  /** Blocks of the proof that came last, as far as they were not in the tree. */
  #unproven: readonly VoteTarget[] = [];

  /** Makes a voter. @throws {RangeError} If nobody in the set has weight. */
  constructor(parts: VoterParts) {
    const { set, key, record } = parts;
    const voters = computeVoterSet(set.authorities);
    if (voters === undefined) throw new RangeError("Cannot vote: nobody in the set has weight");
    this.#parts = parts;
    this.#voters = voters;
    this.#key = key !== undefined && voters.weights.has(toHex(key.publicKey)) ? key : undefined;
    const kept = record?.setId === set.setId ? record : undefined;
    this.#round = kept?.round ?? 1n;
    this.#proofs = new PrevoteProofs(kept?.proofs ?? []);
    for (const vote of kept?.votes ?? []) this.#tallyOf(vote.round).add(vote);
  }

  /** Number of the set. */
  get setId(): bigint {
    return this.#parts.set.setId;
  }

  /** The round it is in. */
  get round(): bigint {
    return this.#round;
  }

  /** Whether it may vote itself. */
  get isVoting(): boolean {
    return this.#key !== undefined;
  }

  /** Voters that were seen to sign two different votes. */
  get equivocations(): number {
    return this.#equivocations;
  }

  /** Weights of the present round. */
  roundState(): { readonly voters: VoterSet; readonly tally: RoundTally } {
    return { voters: this.#voters, tally: this.#tallyOf(this.#round) };
  }

  /** All that a new peer has to know. */
  snapshot(): { readonly votes: readonly Vote[]; readonly proofs: readonly PrevoteProof[] } {
    const votes = [...this.#tallies].sort(([a], [b]) => Number(a - b)).flatMap(([, tally]) => tally.all());
    return { votes, proofs: this.#proofs.all() };
  }

  /** Blocks that were voted for and are not in the tree. */
  wanted(): readonly VoteTarget[] {
    const { tree } = this.#parts;
    const isMissing = ({ hash, number }: VoteTarget) =>
      number > tree.finalized().number && tree.find(hash) === undefined;
    return [
      ...[...this.#tallies.values()].flatMap((tally) => tally.unknown(tree)),
      ...this.#unproven.filter(isMissing),
    ];
  }

  /** Takes a vote of this set; the answer tells whether it is new, so that it is passed on. */
  receive(vote: Vote): { readonly isNew: boolean; readonly refusal: VoteRefusal | undefined } {
    const refused = (refusal?: VoteRefusal) => ({ isNew: false, refusal });
    if (vote.setId !== this.setId) return refused();
    const id = toHex(vote.authority);
    if (!this.#voters.weights.has(id)) return refused("UnknownVoter");
    const isAhead = vote.round > (this.#newest.get(id) ?? 0n);
    const isKept = vote.round >= this.#round - 1n && vote.round <= this.#round + MAX_ROUNDS_AHEAD;
    if (!isAhead && !isKept) return refused();
    if (isKept && this.#tallyOf(vote.round).of(vote.stage, vote.authority) !== undefined) {
      if (this.#isEquivocation(vote)) this.#equivocations++;
      return refused();
    }
    if (!this.#parts.isSigned(vote)) return refused("BadVoteSignature");
    if (isAhead) this.#newest.set(id, vote.round);
    if (isKept) this.#tallyOf(vote.round).add(vote);
    return { isNew: true, refusal: undefined };
  }

  /** Takes a proof of prevotes that a peer has. */
  receiveProof(proof: PrevoteProof): VoteRefusal | undefined {
    const { tree } = this.#parts;
    const [first] = proof.votes;
    if (first === undefined || first.setId !== this.setId || this.#proofs.has(proof, tree)) return undefined;
    const tally = new RoundTally(this.#voters);
    for (const vote of proof.votes) {
      const isOfRound = vote.stage === "prevote" && vote.round === first.round && vote.setId === first.setId;
      const id = toHex(vote.authority);
      if (!isOfRound || !this.#voters.weights.has(id)) return "UnknownVoter";
      if (!this.#parts.isSigned(vote)) return "BadVoteSignature";
      if (vote.round > (this.#newest.get(id) ?? 0n)) this.#newest.set(id, vote.round);
      tally.add(vote);
    }
    this.#prove(first.round, tally);
    this.#unproven = tally.unknown(tree);
    return undefined;
  }

  /** Does what is due. After a `final` effect it is to be called again, once the block is final in the tree. */
  step(nowMs: number): readonly VoterEffect[] {
    const effects: VoterEffect[] = [];
    for (const [round, tally] of this.#tallies) this.#prove(round, tally);
    const final = this.#findFinal();
    if (final !== undefined) return [final];
    this.#proofs.prune(this.#parts.tree);
    this.#catchUp();
    do {
      this.#vote(nowMs, effects);
      if (!this.#isRoundOver()) break;
      this.#goTo(this.#round + 1n);
      // A round of which nobody has voted yet begins with the next step, when what is final is final in the tree.
    } while (!this.#tallyOf(this.#round).isEmpty);
    if (nowMs - this.#sentMs >= this.#parts.timing.resendMs) {
      this.#sentMs = nowMs;
      const { votes, proofs } = this.snapshot();
      if (votes.length + proofs.length > 0) effects.push({ type: "send", votes, proofs });
    }
    return effects;
  }

  #tallyOf(round: bigint): RoundTally {
    let tally = this.#tallies.get(round);
    if (tally === undefined) this.#tallies.set(round, tally = new RoundTally(this.#voters));
    return tally;
  }

  #isEquivocation(vote: Vote): boolean {
    const before = this.#tallyOf(vote.round).of(vote.stage, vote.authority);
    return before !== undefined && toHex(before.targetHash) !== toHex(vote.targetHash) && this.#parts.isSigned(vote);
  }

  #prove(round: bigint, tally: RoundTally): void {
    const { tree } = this.#parts;
    const target = tally.ghost("prevote", tree);
    if (target === undefined || target.number <= tree.finalized().number) return;
    this.#proofs.add({ round, target, votes: tally.supporters("prevote", target, tree) }, tree);
  }

  #findFinal(): VoterEffect | undefined {
    const { tree } = this.#parts;
    for (const [round, tally] of this.#tallies) {
      const target = tally.ghost("precommit", tree);
      if (target === undefined || target.number <= tree.finalized().number) continue;
      const precommits = tally.supporters("precommit", target, tree);
      // Honest votes of a round are on one line, so the lowest of them is the block itself, as a justification wants it.
      const isLowest = precommits.some(({ targetNumber }) => targetNumber === target.number);
      if (isLowest) return { type: "final", round, target, precommits };
    }
    return undefined;
  }

  /** Goes to the newest round that an honest voter must have reached. */
  #catchUp(): void {
    const { totalWeight, threshold, weights } = this.#voters;
    let weight = 0n;
    for (const [id, round] of [...this.#newest].sort(([, a], [, b]) => a < b ? 1 : a > b ? -1 : 0)) {
      weight += weights.get(id) ?? 0n;
      if (weight <= totalWeight - threshold) continue;
      if (round > this.#round) this.#goTo(round);
      return;
    }
  }

  #goTo(round: bigint): void {
    this.#round = round;
    this.#enteredMs = undefined;
    for (const old of this.#tallies.keys()) if (old < round - 1n) this.#tallies.delete(old);
  }

  #vote(nowMs: number, effects: VoterEffect[]): void {
    const { tree, timing } = this.#parts;
    const tally = this.#tallyOf(this.#round);
    const best = tree.best(this.#proofs.base(tree));
    if (!this.#isEntered(tally, best, nowMs)) return;
    const waitedMs = nowMs - (this.#enteredMs ?? nowMs);
    if (!this.#hasVoted("prevote")) this.#cast("prevote", best, effects);
    if (this.#hasVoted("precommit") || tally.weight("prevote") < this.#voters.threshold) return;
    this.#prove(this.#round, tally);
    const ghost = tally.ghost("prevote", tree);
    const isAll = tally.missing("prevote").length === 0;
    if (ghost !== undefined && (isAll || waitedMs >= timing.prevoteWaitMs)) this.#cast("precommit", ghost, effects);
    else if (waitedMs >= timing.emptyWaitMs) this.#cast("precommit", tree.finalized(), effects);
  }

  /** A round begins when there is something to vote for, or when others vote in it. */
  #isEntered(tally: RoundTally, best: VoteTarget, nowMs: number): boolean {
    if (this.#enteredMs !== undefined) return true;
    const hash = toHex(best.hash);
    if (this.#best?.hash !== hash) this.#best = { hash, sinceMs: nowMs };
    const isNew = best.number > this.#parts.tree.finalized().number;
    const isDue = isNew && nowMs - this.#best.sinceMs >= this.#parts.timing.settleMs;
    if (isDue || !tally.isEmpty) this.#enteredMs = nowMs;
    return this.#enteredMs !== undefined;
  }

  #hasVoted(stage: VoteStage): boolean {
    return this.#key !== undefined && this.#tallyOf(this.#round).of(stage, this.#key.publicKey) !== undefined;
  }

  #cast(stage: VoteStage, target: VoteTarget, effects: VoterEffect[]): void {
    if (this.#key === undefined) return;
    const vote = signVote(this.#key, stage, this.setId, this.#round, target);
    this.#tallyOf(this.#round).add(vote);
    if (stage === "prevote") this.#prove(this.#round, this.#tallyOf(this.#round));
    effects.push({ type: "save", record: this.#record(this.#key) }, { type: "send", votes: [vote], proofs: [] });
  }

  #record(key: VoteSigner): VoterRecord {
    const rounds = [this.#round - 1n, this.#round].map((round) => this.#tallies.get(round));
    const own = rounds.flatMap((tally) => [tally?.of("prevote", key.publicKey), tally?.of("precommit", key.publicKey)]);
    return {
      setId: this.setId,
      round: this.#round,
      votes: own.filter((vote) => vote !== undefined),
      proofs: this.#proofs.all(),
    };
  }

  #isRoundOver(): boolean {
    return this.#tallyOf(this.#round).weight("precommit") >= this.#voters.threshold;
  }
}
