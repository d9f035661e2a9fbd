/**
 * Which voters prove which blocks: every set of the chain with the first block that it proves.
 *
 * @module
 */
import { type Codec, struct, u32, u64, vec } from "../codec/codec.ts";
import { type AuthorityList, authorityList } from "../parentchain/grandpa/authorities.ts";
import { findAuthorityChange } from "../parentchain/grandpa/changes.ts";
import type { ParentchainHeader } from "../parentchain/header.ts";

/** Most changes of the voters in the life of a development chain. */
export const MAX_AUTHORITY_SETS = 100_000;

/** One set of voters. */
export interface AuthoritySet {
  /** Number of the set; the first is 0. */
  readonly setId: bigint;
  /** First block that it proves; it begins with round 1. */
  readonly firstBlock: number;
  readonly authorities: AuthorityList;
}

/** All sets in order; the last one may begin in the future. */
export type AuthorityHistory = readonly AuthoritySet[];

/** SCALE codec of {@linkcode AuthorityHistory}, for the store. */
export const authorityHistory: Codec<AuthorityHistory> = vec(
  struct<AuthoritySet>({ setId: u64, firstBlock: u32, authorities: authorityList }),
  MAX_AUTHORITY_SETS,
);

/** The history of a chain that has its genesis block only. */
export function genesisHistory(authorities: AuthorityList): AuthorityHistory {
  return [{ setId: 0n, firstBlock: 0, authorities }];
}

/**
 * Notes what a header announces: the next set proves the blocks after the delay. While a change waits, a further one is
 * refused, as the pallet does. On a chain without forks a forced change is no different.
 */
export function noteHeader(history: AuthorityHistory, header: ParentchainHeader): AuthorityHistory {
  const found = findAuthorityChange(header);
  if (!found.ok || found.value.type === "none") return history;
  const last = history.at(-1);
  if (last === undefined || last.firstBlock > header.number) return history;
  const { authorities, delay } = found.value.change;
  return [...history, { setId: last.setId + 1n, firstBlock: header.number + delay + 1, authorities }];
}

/** The history before a header: the reverse of {@linkcode noteHeader}. */
export function withoutHeader(history: AuthorityHistory, header: ParentchainHeader): AuthorityHistory {
  const found = findAuthorityChange(header);
  if (!found.ok || found.value.type === "none" || history.length < 2) return history;
  const announced = header.number + found.value.change.delay + 1;
  return history.at(-1)?.firstBlock === announced ? history.slice(0, -1) : history;
}

/** The set that proves a block, and the last block that it proves if another set follows. */
export function setOfBlock(
  history: AuthorityHistory,
  number: number,
): { readonly set: AuthoritySet; readonly lastBlock: number | undefined } {
  for (let i = history.length - 1; i >= 0; i--) {
    const set = history[i] as AuthoritySet;
    const next = history[i + 1];
    if (set.firstBlock <= number) return { set, lastBlock: next === undefined ? undefined : next.firstBlock - 1 };
  }
  throw new RangeError(`Cannot find the voters of block ${number}: the history is empty`);
}
