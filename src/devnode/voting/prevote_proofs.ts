/**
 * The proofs of prevotes that a voter keeps, and the block they lead to.
 *
 * @module
 */
import { bytesOf, type Codec, mapped, struct, u32, u64, vec } from "../../codec/codec.ts";
import { blockHash } from "../../primitives/branded.ts";
import type { VoteTarget } from "../grandpa.ts";
import { type Vote, vote } from "./vote.ts";
import type { VoteTree } from "./vote_tree.ts";

/** Most votes of a proof: one of each authority of the largest network. */
export const MAX_VOTES_PER_PROOF = 32;
/** Most proofs that a voter keeps; each newer one is for a lower block than the one before, so there are hardly two. */
export const MAX_PREVOTE_PROOFS = 64;

/** Prevotes of one round, of enough weight, for a block or its descendants. */
export interface PrevoteProof {
  readonly round: bigint;
  /** The highest such block that the sender knows; who receives it finds it out anew. */
  readonly target: VoteTarget;
  readonly votes: readonly Vote[];
}

/** SCALE codec of {@linkcode PrevoteProof}. */
export const prevoteProof: Codec<PrevoteProof> = struct<PrevoteProof>({
  round: u64,
  target: struct<VoteTarget>({ hash: mapped(bytesOf(32), blockHash, (hash) => hash), number: u32 }),
  votes: vec(vote, MAX_VOTES_PER_PROOF),
});

/** SCALE codec of a voter's proofs. */
export const prevoteProofs: Codec<readonly PrevoteProof[]> = vec(prevoteProof, MAX_PREVOTE_PROOFS);

/** Proofs of different rounds; those that have no effect are forgotten. */
export class PrevoteProofs {
  /** The newest round first. */
  #proofs: readonly PrevoteProof[];

  /** Begins with proofs that were kept. */
  constructor(kept: readonly PrevoteProof[]) {
    this.#proofs = kept;
  }

  /** All proofs, that of the newest round first. */
  all(): readonly PrevoteProof[] {
    return this.#proofs;
  }

  /** Whether a proof adds nothing to what is here. */
  has({ round, target }: PrevoteProof, tree: VoteTree): boolean {
    const known = tree.find(target.hash);
    const before = this.#proofs.find((proof) => proof.round === round);
    if (known === undefined) return false;
    if (known.number <= tree.finalized().number) return true;
    return before !== undefined && tree.isDescendant(before.target, known);
  }

  /** Takes a verified proof whose block is in the tree. */
  add(proof: PrevoteProof, tree: VoteTree): void {
    const before = this.#proofs.find(({ round }) => round === proof.round);
    if (before !== undefined) {
      const isInTree = tree.find(before.target.hash) !== undefined;
      if (!isInTree && tree.isStored(before.target.hash)) return;
      if (isInTree && tree.isDescendant(before.target, proof.target)) return;
    }
    const others = this.#proofs.filter((other) => other !== before);
    this.#proofs = [...others, proof].sort((a, b) => a.round < b.round ? 1 : -1);
    this.prune(tree);
  }

  /**
   * The block that a prevote must be for, or a descendant: from the newest round to the oldest, each proven block that
   * descends from the ones before.
   */
  base(tree: VoteTree): VoteTarget {
    let base = tree.finalized();
    for (const { target } of this.#proofs) {
      if (tree.find(target.hash) !== undefined && tree.isDescendant(target, base)) base = target;
    }
    return base;
  }

  /**
   * Forgets proofs that are of no effect now and never again: the block is final or ruled out, an ancestor of what newer
   * proofs lead to, or contradicts it.
   */
  prune(tree: VoteTree): void {
    let base = tree.finalized();
    const { number: final } = base;
    this.#proofs = this.#proofs.filter(({ target }) => {
      if (tree.find(target.hash) === undefined) return target.number > final && tree.isStored(target.hash);
      if (target.number <= base.number || !tree.isDescendant(target, base)) return false;
      base = target;
      return true;
    });
  }
}
