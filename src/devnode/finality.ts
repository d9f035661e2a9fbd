/**
 * Finality of the development chain: after each block the voters at hand prove as much as they can.
 *
 * @module
 */
import type { Ed25519Pair } from "../crypto/ed25519.ts";
import type { Hex } from "../primitives/hex.ts";
import { type AuthorityHistory, setOfBlock } from "./authority_history.ts";
import type { StoredJustification } from "./chain_store.ts";
import { justifyBlock, type VoteTarget } from "./grandpa.ts";

/** How often a justification is stored by a node that offers none by subscription; Substrate's period. */
export const JUSTIFICATION_PERIOD = 512;

/** Which justifications are kept. */
export interface JustificationPolicy {
  /** Keep the one of each block whose number is a multiple; those that end a set are always kept. */
  readonly period: number;
}

/** What the voters did. */
export interface FinalityStep {
  /** Number of the newest final block. */
  readonly finalized: number;
  /** New justifications in ascending order. */
  readonly justifications: readonly StoredJustification[];
}

/**
 * Proves blocks above `finalized` up to `head`: the last block of each set that ends on the way, then the head. Stops at
 * the first set whose voters are not at hand in sufficient weight.
 *
 * @param targetOf The block of a number.
 */
export function advanceFinality(
  finalized: number,
  head: number,
  history: AuthorityHistory,
  keys: ReadonlyMap<Hex, Ed25519Pair>,
  targetOf: (number: number) => VoteTarget,
): FinalityStep {
  const justifications: StoredJustification[] = [];
  let newest = finalized;
  while (newest < head) {
    const { set, lastBlock } = setOfBlock(history, newest + 1);
    const number = Math.min(head, lastBlock ?? head);
    const round = BigInt(number - set.firstBlock + 1);
    const bytes = justifyBlock(targetOf(number), round, set, keys);
    if (bytes === undefined) break;
    justifications.push({ number, bytes });
    newest = number;
  }
  return { finalized: newest, justifications };
}

/** The justifications that a policy keeps. */
export function selectKept(
  justifications: readonly StoredJustification[],
  history: AuthorityHistory,
  policy: JustificationPolicy,
): StoredJustification[] {
  return justifications.filter(({ number }) =>
    number % policy.period === 0 || setOfBlock(history, number).lastBlock === number
  );
}
