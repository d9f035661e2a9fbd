/**
 * Changes of the voters that a header's digest announces.
 *
 * Source: substrate `primitives/consensus/grandpa/src/lib.rs#ConsensusLog`, `client/consensus/grandpa/src/import.rs`
 *
 * @module
 */
import { type Codec, struct, tryDecode, u32, u64, type Variant, variant } from "../../codec/codec.ts";
import type { CodecError } from "../../codec/error.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { GRANDPA_ENGINE } from "../digest.ts";
import type { ParentchainHeader } from "../header.ts";
import { type AuthorityList, authorityList } from "./authorities.ts";

/** Voters from the end of a delay on. */
export interface ScheduledChange {
  /** The next voters. */
  readonly authorities: AuthorityList;
  /** Blocks after the announcement that the old voters still prove. */
  readonly delay: number;
}

/** Voters that an operator's intervention imposes. */
export interface ForcedChange extends ScheduledChange {
  /** Median of the voters' last final blocks, as the intervention estimates it. */
  readonly medianLastFinalized: number;
}

/** Message of the runtime to GRANDPA. */
export type GrandpaLog = Variant<{
  /** Takes effect when the block at the end of the delay is final. */
  ScheduledChange: ScheduledChange;
  /** Takes effect without finality: breaks the chain of proofs. */
  ForcedChange: ForcedChange;
  /** A voter was switched off; of no effect on proofs. */
  OnDisabled: bigint;
  /** Voting pauses after so many blocks; of no effect on proofs. */
  Pause: number;
  /** Voting goes on after so many blocks; of no effect on proofs. */
  Resume: number;
}>;

/** SCALE codec of {@linkcode GrandpaLog}. */
export const grandpaLog: Codec<GrandpaLog> = variant({
  ScheduledChange: [1, struct<ScheduledChange>({ authorities: authorityList, delay: u32 })],
  ForcedChange: [
    2,
    struct<ForcedChange>({ medianLastFinalized: u32, authorities: authorityList, delay: u32 }),
  ],
  OnDisabled: [3, u64],
  Pause: [4, u32],
  Resume: [5, u32],
});

/** What a header does to the voters. */
export type AuthorityChange =
  /** Nothing. */
  | { readonly type: "none" }
  /** A scheduled change. */
  | { readonly type: "scheduled"; readonly change: ScheduledChange }
  /** A forced change. */
  | { readonly type: "forced"; readonly change: ForcedChange };

/**
 * Finds the change that a header announces: the first of a kind counts, and a forced one beats a scheduled one. A GRANDPA
 * message that does not decode is an error: it could hide a change.
 */
export function findAuthorityChange(header: ParentchainHeader): Result<AuthorityChange, CodecError> {
  let scheduled: ScheduledChange | undefined;
  let forced: ForcedChange | undefined;
  for (const item of header.digest) {
    if (item.type !== "Consensus" || !equalBytes(item.value.engine, GRANDPA_ENGINE)) continue;
    const log = tryDecode(grandpaLog, item.value.payload);
    if (!log.ok) return err(log.error);
    if (log.value.type === "ScheduledChange") scheduled ??= log.value.value;
    if (log.value.type === "ForcedChange") forced ??= log.value.value;
  }
  if (forced !== undefined) return ok({ type: "forced", change: forced });
  return ok(scheduled === undefined ? { type: "none" } : { type: "scheduled", change: scheduled });
}
