/**
 * What the parentchain follower remembers between two imports: an immutable value, so that every imported block can
 * carry the state after it. The caller seals it (`followerState` codec) with the sidechain state whose cursor it fits.
 *
 * @module
 */
import { bytesOf, type Codec, mapped, option, struct, u32, u64, u8, vec } from "../codec/codec.ts";
import { type BlockHash, blockHash } from "../primitives/branded.ts";
import { auraAuthorityList } from "./aura.ts";
import { type AuthorityList, authorityList } from "./grandpa/authorities.ts";

/**
 * How much a block must show before it counts.
 *
 * - `proven`: it descends to a header with a verified GRANDPA justification.
 * - `sealed`: at most {@linkcode MAX_UNPROVEN_HEADERS} above the last proven header, each with its author's Aura seal.
 * - `trusted`: the node says so; also the only level at which storage values come without a read proof.
 */
export type FinalityLevel = "proven" | "sealed" | "trusted";

/** Levels by their index in the durable state. */
const LEVELS: readonly FinalityLevel[] = ["proven", "sealed", "trusted"];

/** Most unproven headers at level `sealed`: a real node stores a justification per 512 blocks; the rest is slack. */
export const MAX_UNPROVEN_HEADERS = 600;
/** Most authority changes that wait between the last proven header and the head. */
export const MAX_PENDING_CHANGES = 16;

/** Number and hash of a block. */
export interface BlockRef {
  /** Number of the block. */
  readonly number: number;
  /** Hash of its header. */
  readonly hash: BlockHash;
}

/** The voters of one GRANDPA set. */
export interface AuthoritySet {
  /** Number of the set; it is part of what voters sign, never of the justification. */
  readonly setId: bigint;
  /** Voters and their weights. */
  readonly authorities: AuthorityList;
}

/** A change of the voters that a digest announced and no justification has enacted yet. */
export interface PendingChange {
  /** Block whose digest announced it. */
  readonly signalledAt: number;
  /** Last block that the old set may prove: the announcing block plus the delay. */
  readonly effectiveAt: number;
  /** The voters from then on. */
  readonly authorities: AuthorityList;
}

/** State of the follower; see {@linkcode FinalityLevel} for what `proven` and `tail` mean at each level. */
export interface FollowerState {
  /** Hash of block 0: the chain's identity, pinned. */
  readonly genesisHash: BlockHash;
  /** The level at which blocks count. */
  readonly level: FinalityLevel;
  /** First block whose content is read; below it headers suffice. */
  readonly contentFrom: number;
  /** Newest header under a verified justification (at level `trusted`: the start). */
  readonly proven: BlockRef;
  /** Blocks above `proven`, ascending; empty at level `proven`, and unused at `trusted`. */
  readonly tail: readonly BlockRef[];
  /** Newest imported block. */
  readonly head: BlockRef;
  /** Voters that prove the next headers; absent at level `trusted`. */
  readonly authoritySet: AuthoritySet | undefined;
  /** Announced changes, ascending. */
  readonly pendingChanges: readonly PendingChange[];
  /** Aura authorities in the state of `head`: their order gives the author of the next block's slot. */
  readonly auraAuthorities: readonly Uint8Array[];
}

const hash: Codec<BlockHash> = mapped(bytesOf(32), blockHash, (value) => value);
const blockRef: Codec<BlockRef> = struct({ number: u32, hash });

/** SCALE codec of {@linkcode FinalityLevel}: one byte, the highest level first. Private like the states that hold it. */
export const finalityLevel: Codec<FinalityLevel> = mapped(u8, (index) => {
  const level = LEVELS[index];
  if (level === undefined) throw new RangeError(`Cannot take finality level ${index}: want 0 to 2`);
  return level;
}, (level) => LEVELS.indexOf(level));

/** SCALE codec of {@linkcode FollowerState}: private to the enclave, sealed by it. */
export const followerState: Codec<FollowerState> = struct({
  genesisHash: hash,
  level: finalityLevel,
  contentFrom: u32,
  proven: blockRef,
  tail: vec(blockRef, MAX_UNPROVEN_HEADERS),
  head: blockRef,
  authoritySet: option(struct<AuthoritySet>({ setId: u64, authorities: authorityList })),
  pendingChanges: vec(
    struct<PendingChange>({ signalledAt: u32, effectiveAt: u32, authorities: authorityList }),
    MAX_PENDING_CHANGES,
  ),
  auraAuthorities: auraAuthorityList,
});
