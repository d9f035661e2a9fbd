/**
 * Import of one run of blocks: up to a justification, or without one to the end of the batch.
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { findAuraChange, verifyAuraSeal } from "./aura.ts";
import { agreesWithState, type EnactedSet, noteAuthorityChange, proveWith } from "./authority_tracking.ts";
import { importContent } from "./block_content.ts";
import type { FollowerError } from "./follower_error.ts";
import { type BlockRef, type FollowerState, MAX_UNPROVEN_HEADERS, type PendingChange } from "./follower_state.ts";
import type { ParentchainHeader } from "./header.ts";
import type { BlockInput, ImportedBlock, ImportedContent, ImportOutcome } from "./imported_block.ts";
import type { FollowerConfig } from "./wanted_keys.ts";

/** A block of an import with its header read. */
export interface ReadBlock {
  /** As the host gave it. */
  readonly input: BlockInput;
  /** Its header. */
  readonly header: ParentchainHeader;
  /** Number and hash. */
  readonly ref: BlockRef;
}

/**
 * Imports a run of blocks. If its last block carries a justification, the whole run becomes proven, and it may replace a
 * part of the tail above `confirmedUpTo`.
 */
export function importSegment(
  config: FollowerConfig,
  state: FollowerState,
  segment: readonly ReadBlock[],
  confirmedUpTo: number,
): Result<ImportOutcome, FollowerError> {
  const last = segment.at(-1);
  if (last === undefined) return ok({ state, imported: [], reverted: [] });
  const justification = state.level === "trusted" ? undefined : last.input.justification;
  if (state.level === "proven" && justification === undefined) {
    return err({ code: "JustificationMissing", block: last.ref.number });
  }
  const attached = attach(state, segment, justification !== undefined, confirmedUpTo);
  if (!attached.ok) return attached;
  const base = attached.value.state;
  const changes = noteChanges(base, segment);
  if (!changes.ok) return changes;
  let enacted: EnactedSet | undefined;
  if (justification !== undefined && base.authoritySet !== undefined) {
    const proof = proveWith(base.authoritySet, changes.value.at(-1) ?? [], last.ref, justification);
    if (!proof.ok) return proof;
    enacted = proof.value;
  }
  const imported: ImportedBlock[] = [];
  let working = base;
  for (const [i, block] of segment.entries()) {
    const isLast = i === segment.length - 1;
    const pending = changes.value[i] as readonly PendingChange[];
    const next = importOne(config, working, block, { proven: enacted !== undefined, pending });
    if (!next.ok) return next;
    working = isLast && enacted !== undefined
      ? { ...next.value.state, authoritySet: enacted.set, pendingChanges: enacted.pending }
      : next.value.state;
    imported.push(toImportedBlock(block, next.value.content, working, enacted !== undefined));
  }
  return ok({ state: working, imported, reverted: attached.value.reverted });
}

function toImportedBlock(
  { ref, header }: ReadBlock,
  content: ImportedContent | undefined,
  followerState: FollowerState,
  proven: boolean,
): ImportedBlock {
  const level = proven ? "proven" : followerState.level;
  return { ...ref, parentHash: header.parentHash, level, content, followerState };
}

/** State that a run continues, and the blocks that it undoes. */
interface Attached {
  readonly state: FollowerState;
  readonly reverted: readonly BlockRef[];
}

/** Finds the block that the run follows and checks that the run is linked. */
function attach(
  state: FollowerState,
  segment: readonly ReadBlock[],
  justified: boolean,
  confirmedUpTo: number,
): Result<Attached, FollowerError> {
  const first = segment[0] as ReadBlock;
  const mismatch = (block: ReadBlock) =>
    err({ code: "ParentMismatch" as const, block: block.ref.number, head: state.head.number });
  const follows = ({ header }: ReadBlock, parent: BlockRef) =>
    equalBytes(header.parentHash, parent.hash) && header.number === parent.number + 1;
  for (const [i, block] of segment.entries()) {
    if (i > 0 && !follows(block, (segment[i - 1] as ReadBlock).ref)) return mismatch(block);
  }
  if (follows(first, state.head)) return ok({ state, reverted: [] });
  const fork = [state.proven, ...state.tail].find((known) => follows(first, known));
  if (fork === undefined || !justified) return mismatch(first);
  const reverted = state.tail.filter(({ number }) => number > fork.number);
  if ((reverted[0]?.number ?? Infinity) <= confirmedUpTo) {
    return err({ code: "ParentchainTailReverted", block: fork.number + 1, confirmed: confirmedUpTo });
  }
  return ok({
    state: {
      ...state,
      head: fork,
      tail: state.tail.filter(({ number }) => number <= fork.number),
      pendingChanges: state.pendingChanges.filter(({ signalledAt }) => signalledAt <= fork.number),
    },
    reverted,
  });
}

/** Pending changes after each header of the run. */
function noteChanges(
  base: FollowerState,
  segment: readonly ReadBlock[],
): Result<readonly (readonly PendingChange[])[], FollowerError> {
  const after: (readonly PendingChange[])[] = [];
  let pending = base.pendingChanges;
  for (const { header } of segment) {
    if (base.level !== "trusted") {
      const noted = noteAuthorityChange(pending, header);
      if (!noted.ok) return noted;
      pending = noted.value;
    }
    after.push(pending);
  }
  return ok(after);
}

/** What is known of a block before its content is read. */
interface Standing {
  /** Whether a verified justification stands above it. */
  readonly proven: boolean;
  /** Changes that wait after its header. */
  readonly pending: readonly PendingChange[];
}

function importOne(
  config: FollowerConfig,
  state: FollowerState,
  block: ReadBlock,
  { proven, pending }: Standing,
): Result<{ readonly state: FollowerState; readonly content: ImportedContent | undefined }, FollowerError> {
  const { ref, header, input } = block;
  const isSealed = !proven && state.level === "sealed";
  if (isSealed) {
    if (state.tail.length >= MAX_UNPROVEN_HEADERS) return err({ code: "TooManyUnproven", block: ref.number });
    const seal = verifyAuraSeal(header, state.auraAuthorities, config.metadata.auraScheme());
    if (!seal.ok) return err({ code: "SealInvalid", block: ref.number, cause: seal.error });
  }
  let content: ImportedContent | undefined;
  if (ref.number >= state.contentFrom) {
    if (input.content === undefined) return err({ code: "ContentMissing", block: ref.number });
    const read = importContent(config, header, ref, input.content, state.level);
    if (!read.ok) return read;
    content = read.value;
    const inState = content.view.grandpa;
    const { authoritySet } = state;
    if (authoritySet !== undefined && inState !== undefined) {
      if (!agreesWithState(authoritySet, pending, ref.number, inState)) {
        return err({ code: "AuthoritySetMismatch", block: ref.number });
      }
    }
  }
  return ok({
    content,
    state: {
      ...state,
      proven: isSealed ? state.proven : ref,
      tail: isSealed ? [...state.tail, ref] : [],
      head: ref,
      pendingChanges: pending,
      auraAuthorities: content?.view.auraAuthorities ?? findAuraChange(header) ?? state.auraAuthorities,
    },
  });
}
