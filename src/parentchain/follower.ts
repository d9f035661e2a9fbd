/**
 * The parentchain follower: a state machine over finality levels. It takes headers with bodies and storage evidence from
 * a host that it does not trust, and gives out what they hold for the shard. An error leaves the state as it was.
 *
 * States of a header: unknown → `sealed` (in the tail) → `proven`; or unknown → `proven`; or unknown → `trusted`. A proven
 * header that contradicts the tail takes the tail's blocks back to unknown (`reverted`).
 *
 * Differs: headers count by the chosen level, bodies and events only with proof (`worker core/parentchain/light-client/src/`, 839eda024)
 *
 * @module
 */
import { tryDecode } from "../codec/codec.ts";
import type { BlockHash } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { proveWith } from "./authority_tracking.ts";
import { readStorage } from "./block_content.ts";
import type { FollowerError } from "./follower_error.ts";
import type { BlockRef, FinalityLevel, FollowerState } from "./follower_state.ts";
import { grandpaJustification } from "./grandpa/justification.ts";
import { computeHeaderHash, parentchainHeader } from "./header.ts";
import type { BlockInput, ImportedBlock, ImportOutcome, StorageEvidence } from "./imported_block.ts";
import { importSegment, type ReadBlock } from "./segment.ts";
import { decoding, readAura, readGrandpa } from "./view_decode.ts";
import { type FollowerConfig, wantedConsensus } from "./wanted_keys.ts";

/** Most blocks of one import; the host sends longer ranges in several. Source: worker `service/src/parentchain_handler.rs` */
export const MAX_IMPORT_BLOCKS = 1_000;

/** Where the follower begins. */
export interface FollowerStart {
  /** Hash of block 0, pinned in the shard. */
  readonly genesisHash: BlockHash;
  /** How much a block must show. */
  readonly level: FinalityLevel;
  /** SCALE-encoded header to begin after: block 0, or a checkpoint that the operator answers for. */
  readonly header: Uint8Array;
  /** Values of `startKeys` in the state of that header. */
  readonly storage: StorageEvidence;
  /** First block whose content is wanted; default the one after `header`. */
  readonly contentFrom?: number;
}

/** Begins to follow a chain. */
export function startFollower(config: FollowerConfig, start: FollowerStart): Result<FollowerState, FollowerError> {
  const decoded = tryDecode(parentchainHeader, start.header);
  if (!decoded.ok) return err({ code: "HeaderUndecodable", index: 0, cause: decoded.error });
  const header = decoded.value;
  const ref: BlockRef = { number: header.number, hash: computeHeaderHash(header) };
  if (header.number === 0 && !equalBytes(ref.hash, start.genesisHash)) {
    return err({ code: "GenesisMismatch", expected: start.genesisHash, actual: ref.hash });
  }
  const values = readStorage(
    header.number,
    header.stateRoot,
    wantedConsensus(config.metadata),
    start.storage,
    start.level,
  );
  if (!values.ok) return values;
  const consensus = decoding(() => ({ aura: readAura(values.value), grandpa: readGrandpa(values.value) }));
  if (!consensus.ok) return err({ code: "ContentUndecodable", block: header.number, what: consensus.error.message });
  const { aura, grandpa } = consensus.value;
  if (start.level !== "trusted" && (grandpa === undefined || grandpa.authorities.length === 0)) {
    return err({ code: "NoFinalityGadget" });
  }
  return ok({
    genesisHash: start.genesisHash,
    level: start.level,
    // The host's wish; of the start itself there is nothing to read.
    contentFrom: Math.max(start.contentFrom ?? 0, header.number + 1),
    proven: ref,
    tail: [],
    head: ref,
    authoritySet: start.level === "trusted" ? undefined : grandpa,
    pendingChanges: [],
    auraAuthorities: aura,
  });
}

/** What an import may not undo. */
export interface ImportOptions {
  /** Newest parentchain block that confirmed sidechain blocks depend on; 0 if none. */
  readonly confirmedUpTo?: number;
}

/**
 * Imports blocks in chain order. At level `proven` the last one must carry a justification, which proves those before it;
 * at `sealed` blocks without one go to the tail. Blocks that the follower already has are passed over.
 */
export function importParentchainBlocks(
  config: FollowerConfig,
  state: FollowerState,
  blocks: readonly BlockInput[],
  options: ImportOptions = {},
): Result<ImportOutcome, FollowerError> {
  if (blocks.length > MAX_IMPORT_BLOCKS) return err({ code: "TooManyBlocks", actual: blocks.length });
  const read = readBlocks(blocks);
  if (!read.ok) return read;
  const imported: ImportedBlock[] = [];
  let reverted: readonly BlockRef[] = [];
  let working = state;
  let at = 0;
  for (; at < read.value.length; at++) {
    const { ref, input } = read.value[at] as ReadBlock;
    if (!isKnown(working, ref)) break;
    if (input.justification === undefined || working.level === "trusted") continue;
    if (ref.number <= working.proven.number) continue;
    const proven = proveTail(working, ref, input.justification);
    if (!proven.ok) return proven;
    working = proven.value;
  }
  while (at < read.value.length) {
    const segment = nextSegment(read.value, at, state.level);
    const step = importSegment(config, working, segment, options.confirmedUpTo ?? 0);
    if (!step.ok) return step;
    working = step.value.state;
    imported.push(...step.value.imported);
    reverted = [...reverted, ...step.value.reverted];
    at += segment.length;
  }
  return ok({ state: working, imported, reverted });
}

/**
 * Takes a justification that came by itself. One for a block of the tail proves it; one for a block that is proven already
 * changes nothing; one for an unknown block is refused, since its header must come first.
 */
export function importJustification(
  state: FollowerState,
  justification: Uint8Array,
): Result<FollowerState, FollowerError> {
  const decoded = tryDecode(grandpaJustification, justification);
  if (!decoded.ok) {
    const cause = { code: "JustificationUndecodable" as const, cause: decoded.error };
    return err({ code: "JustificationInvalid", block: state.head.number, cause });
  }
  const { targetNumber, targetHash } = decoded.value;
  if (targetNumber <= state.proven.number || state.level === "trusted") return ok(state);
  const target = state.tail.find(({ hash }) => equalBytes(hash, targetHash));
  if (target === undefined) return err({ code: "ParentMismatch", block: targetNumber, head: state.head.number });
  return proveTail(state, target, justification);
}

function readBlocks(blocks: readonly BlockInput[]): Result<readonly ReadBlock[], FollowerError> {
  const read: ReadBlock[] = [];
  for (const [index, input] of blocks.entries()) {
    const header = tryDecode(parentchainHeader, input.header);
    if (!header.ok) return err({ code: "HeaderUndecodable", index, cause: header.error });
    read.push({
      input,
      header: header.value,
      ref: { number: header.value.number, hash: computeHeaderHash(header.value) },
    });
  }
  return ok(read);
}

function isKnown({ proven, tail }: FollowerState, { hash }: BlockRef): boolean {
  return equalBytes(proven.hash, hash) || tail.some((known) => equalBytes(known.hash, hash));
}

/** A block of the tail, and with it all below, becomes proven. */
function proveTail(
  state: FollowerState,
  target: BlockRef,
  justification: Uint8Array,
): Result<FollowerState, FollowerError> {
  if (state.authoritySet === undefined) return err({ code: "NoFinalityGadget" });
  const enacted = proveWith(state.authoritySet, state.pendingChanges, target, justification);
  if (!enacted.ok) return enacted;
  return ok({
    ...state,
    proven: target,
    tail: state.tail.filter(({ number }) => number > target.number),
    authoritySet: enacted.value.set,
    pendingChanges: enacted.value.pending,
  });
}

/** The blocks from `at` up to the next one with a justification; all of them at level `trusted`. */
function nextSegment(blocks: readonly ReadBlock[], at: number, level: FinalityLevel): readonly ReadBlock[] {
  if (level === "trusted") return blocks.slice(at);
  const justified = blocks.findIndex(({ input }, i) => i >= at && input.justification !== undefined);
  return justified < 0 ? blocks.slice(at) : blocks.slice(at, justified + 1);
}
