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

/** Which justifications are made and kept. */
export interface JustificationPolicy {
  /** One for each block whose number is a multiple; there is always one for a block that ends a set. */
  readonly period: number;
}

/** What the voters did. */
export interface FinalityStep {
  /** Number of the newest final block. */
  readonly finalized: number;
  /** New justifications in ascending order. */
  readonly justifications: readonly StoredJustification[];
}

/** Most blocks that are proven in one step, so that a long stall is made up for bit by bit. */
export const MAX_BLOCKS_PER_STEP = 64;

/**
 * Proves blocks above `finalized` up to `head`: those that the policy names, the last block of each set, and the head.
 * Stops at the first set whose voters are not at hand in sufficient weight.
 *
 * @param targetOf The block of a number.
 */
export function advanceFinality(
  finalized: number,
  head: number,
  history: AuthorityHistory,
  keys: ReadonlyMap<Hex, Ed25519Pair>,
  policy: JustificationPolicy,
  targetOf: (number: number) => VoteTarget,
): FinalityStep {
  const justifications: StoredJustification[] = [];
  let newest = finalized;
  while (newest < head && justifications.length < MAX_BLOCKS_PER_STEP) {
    const { set, lastBlock } = setOfBlock(history, newest + 1);
    const nextOfPeriod = (Math.floor(newest / policy.period) + 1) * policy.period;
    const number = Math.min(head, lastBlock ?? head, nextOfPeriod);
    const round = BigInt(number - set.firstBlock + 1);
    const bytes = justifyBlock(targetOf(number), round, set, keys);
    if (bytes === undefined) break;
    justifications.push({ number, bytes });
    newest = number;
  }
  return { finalized: newest, justifications };
}

/** The justifications that a policy keeps: not those that are of the head alone. */
export function selectKept(
  justifications: readonly StoredJustification[],
  history: AuthorityHistory,
  policy: JustificationPolicy,
): StoredJustification[] {
  return justifications.filter(({ number }) =>
    number % policy.period === 0 || setOfBlock(history, number).lastBlock === number
  );
}

/**
 * Whether a policy keeps the justification of a block, if the one before it was for the block `previous`. Voters of a
 * network choose their blocks themselves, so the first justification of each period is kept, as Substrate does.
 */
export function isKept(
  number: number,
  previous: number,
  history: AuthorityHistory,
  { period }: JustificationPolicy,
): boolean {
  if (Math.floor(number / period) > Math.floor(previous / period)) return true;
  return setOfBlock(history, number).lastBlock === number;
}
