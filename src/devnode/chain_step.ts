/**
 * What happens to the chain, as its callers see it.
 *
 * @module
 */
import type { BlockHash } from "../primitives/branded.ts";
import type { AuthoredBlock } from "./block_author.ts";
import type { CandidateBlock } from "./block_import.ts";
import type { StoredJustification } from "./chain_store.ts";
import type { StateChange } from "./state_diff.ts";

/** A block with its body. */
export interface ChainBlock extends CandidateBlock {
  readonly number: number;
  readonly hash: BlockHash;
}

/** What a new block did. */
export interface ChainStep {
  /** The new block, or the new head if finality changed it. */
  readonly block: ChainBlock;
  /** Whether the block is the head now; if not, nothing else changed. */
  readonly isHead: boolean;
  /** How the state of the new head differs from that of the old one. */
  readonly changes: readonly StateChange[];
  /** Blocks that are on the chain no more, newest first. */
  readonly retracted: readonly ChainBlock[];
  /** Blocks that are on the chain now, oldest first. */
  readonly enacted: readonly ChainBlock[];
}

/** A block that this node made. */
export type AuthoredStep = ChainStep & Pick<AuthoredBlock, "included" | "invalid">;

/** What became final. */
export interface ChainFinality {
  /** Blocks that became final, in ascending order. */
  readonly finalized: readonly { readonly number: number; readonly hash: BlockHash }[];
  /** New proofs of finality, whether they are kept or not. */
  readonly justifications: readonly StoredJustification[];
  /** The change to the fork that became final, if the head was on another. */
  readonly step: ChainStep | undefined;
}

/** Why a state is not there. */
export type StateError =
  /** No block has this hash. */
  | { readonly code: "UnknownBlock" }
  /** The block is too old. */
  | { readonly code: "StateDiscarded" };
