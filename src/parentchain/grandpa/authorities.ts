/**
 * Voters of GRANDPA and the weight that finality takes.
 *
 * Source: finality-grandpa `src/voter_set.rs#VoterSet`, substrate `primitives/consensus/grandpa/src/lib.rs#AuthorityList`
 *
 * @module
 */
import { bytesOf, type Codec, struct, u64, vec } from "../../codec/codec.ts";
import { toHex } from "../../primitives/hex.ts";

/** Most voters of a set: live chains have up to a thousand. */
export const MAX_GRANDPA_AUTHORITIES = 1_024;

/** One voter. */
export interface GrandpaAuthority {
  /** Its ed25519 public key. */
  readonly id: Uint8Array;
  /** Its weight; zero counts as absent. */
  readonly weight: bigint;
}

/** The voters of one set in storage order. */
export type AuthorityList = readonly GrandpaAuthority[];

/** SCALE codec of {@linkcode AuthorityList}. */
export const authorityList: Codec<AuthorityList> = vec(
  struct<GrandpaAuthority>({ id: bytesOf(32), weight: u64 }),
  MAX_GRANDPA_AUTHORITIES,
);

/** Weights by voter and what finality takes. */
export interface VoterSet {
  /** Weight by the hexadecimal public key; several entries of one key add up. */
  readonly weights: ReadonlyMap<string, bigint>;
  /** Sum of all weights. */
  readonly totalWeight: bigint;
  /** Least weight that finalizes: total − ⌊(total − 1) / 3⌋. */
  readonly threshold: bigint;
}

/** The voters of a list, or `undefined` if nobody has weight or the sum exceeds u64. */
export function computeVoterSet(authorities: AuthorityList): VoterSet | undefined {
  const weights = new Map<string, bigint>();
  let totalWeight = 0n;
  for (const { id, weight } of authorities) {
    if (weight === 0n) continue;
    const key = toHex(id);
    weights.set(key, (weights.get(key) ?? 0n) + weight);
    totalWeight += weight;
  }
  if (totalWeight === 0n || totalWeight >= 1n << 64n) return undefined;
  return { weights, totalWeight, threshold: totalWeight - (totalWeight - 1n) / 3n };
}
