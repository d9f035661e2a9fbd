/**
 * Checking a block of another author: everything of it is executed again.
 *
 * @module
 */
import { auraSlot, verifyAuraSeal } from "../parentchain/aura.ts";
import { digestItem } from "../parentchain/digest.ts";
import { computeHeaderHash, type ParentchainHeader } from "../parentchain/header.ts";
import type { BlockHash } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { computeOrderedRoot, type Trie } from "../trie/trie.ts";
import { slotAt } from "./aura.ts";
import type { TreeBlock } from "./block_tree.ts";
import type { RuntimePort, UnsealedHeader } from "./runtime/runtime_interface.ts";
import { isVerdictMissing } from "./runtime/validity.ts";
import { auraAuthorities } from "./runtime_calls.ts";

/** Slots that a block may be ahead of this node's clock: clocks of several machines are not quite the same. */
export const MAX_SLOTS_AHEAD = 1n;

/** A block before it is checked. */
export interface CandidateBlock {
  readonly header: ParentchainHeader;
  /** Extrinsics with their length prefixes. */
  readonly extrinsics: readonly Uint8Array[];
}

/** Why a block is not taken. */
export type ImportError =
  /** It is here. */
  | { readonly code: "AlreadyKnown" }
  /** It is not above the newest final block. */
  | { readonly code: "BehindFinality" }
  /** Its parent is not here. */
  | { readonly code: "UnknownParent" }
  /** There are too many blocks besides the chain. */
  | { readonly code: "TooManySides" }
  /** Its slot has not come yet. */
  | { readonly code: "SlotInFuture"; readonly slot: bigint }
  /** Its number is not its parent's plus one. */
  | { readonly code: "NumberMismatch" }
  /** Its digest has not exactly one slot, or the slot is not later than its parent's. */
  | { readonly code: "SlotInvalid" }
  /** The seal is not that of the slot's author. */
  | { readonly code: "BadSeal" }
  /** It does not begin with the inherents, or has one elsewhere. */
  | { readonly code: "InherentsMisplaced" }
  /** The header's extrinsics are others. */
  | { readonly code: "ExtrinsicsRootMismatch" }
  /** An extrinsic is not valid where it stands. */
  | { readonly code: "InvalidExtrinsic"; readonly index: number }
  /** An extrinsic has a quote that was not checked before. */
  | { readonly code: "VerdictMissing"; readonly index: number }
  /** The runtime refuses the block as a whole. */
  | { readonly code: "ExecutionFailed"; readonly detail: string }
  /** Execution leaves another state. */
  | { readonly code: "StateRootMismatch" }
  /** The runtime logs something else into the digest. */
  | { readonly code: "DigestMismatch" };

const HARMLESS: ReadonlySet<ImportError["code"]> = new Set([
  "AlreadyKnown",
  "BehindFinality",
  "UnknownParent",
  "TooManySides",
  "SlotInFuture",
  "VerdictMissing",
]);

/** Whether a peer that sent the block did wrong: no honest node makes or passes it on. */
export function isOffence(error: ImportError): boolean {
  return !HARMLESS.has(error.code);
}

/** The runtime that executes blocks. */
type Runtime<Block> = RuntimePort<Trie, Block>;

/** Checks and executes a block on its parent; the answer is the state it leaves. */
export function executeBlock<Block>(
  runtime: Runtime<Block>,
  parent: TreeBlock,
  candidate: CandidateBlock,
  nowMs: number,
): Result<Trie, ImportError> {
  const slot = checkSlot(runtime, parent, candidate.header, nowMs);
  if (!slot.ok) return slot;
  const authorities = auraAuthorities(runtime, parent);
  if (!verifyAuraSeal(candidate.header, authorities, "sr25519").ok) return err({ code: "BadSeal" });
  const inherents = runtime.inherentExtrinsics(nowMs).length;
  const { header, extrinsics } = candidate;
  const isOrdered = extrinsics.every((extrinsic, i) => runtime.isBare(extrinsic) === i < inherents);
  if (!isOrdered || extrinsics.length < inherents) return err({ code: "InherentsMisplaced" });
  if (!equalBytes(computeOrderedRoot(extrinsics, 0), header.extrinsicsRoot)) {
    return err({ code: "ExtrinsicsRootMismatch" });
  }
  try {
    return runBlock(runtime, parent, candidate);
  } catch (error) {
    if (error instanceof RangeError) return err({ code: "ExecutionFailed", detail: error.message });
    throw error;
  }
}

function checkSlot<Block>(
  runtime: Runtime<Block>,
  parent: TreeBlock,
  header: ParentchainHeader,
  nowMs: number,
): Result<bigint, ImportError> {
  if (header.number !== parent.number + 1) return err({ code: "NumberMismatch" });
  const slot = auraSlot(header);
  if (!slot.ok) return err({ code: "SlotInvalid" });
  const before = auraSlot(parent.header);
  if (before.ok && slot.value <= before.value) return err({ code: "SlotInvalid" });
  if (slot.value > slotAt(nowMs, runtime.slotDurationMs) + MAX_SLOTS_AHEAD) {
    return err({ code: "SlotInFuture", slot: slot.value });
  }
  return slot;
}

function runBlock<Block>(
  runtime: Runtime<Block>,
  parent: TreeBlock,
  { header, extrinsics }: CandidateBlock,
): Result<Trie, ImportError> {
  const running = runtime.initializeBlock(parent.state, {
    number: header.number,
    parentHash: parent.hash,
    digest: header.digest.filter(({ type }) => type === "PreRuntime").map(digestItem.encode),
  });
  for (const [index, extrinsic] of extrinsics.entries()) {
    const applied = runtime.applyExtrinsic(running, extrinsic);
    if (applied.ok) continue;
    return err({ code: isVerdictMissing(applied.error) ? "VerdictMissing" : "InvalidExtrinsic", index });
  }
  const { header: made, state } = runtime.finalizeBlock(running);
  if (!equalBytes(made.stateRoot, header.stateRoot)) return err({ code: "StateRootMismatch" });
  return isUnsealed(header, made, parent.hash) ? ok(state) : err({ code: "DigestMismatch" });
}

/** Whether a header without its seal is the one that the runtime made. */
function isUnsealed(header: ParentchainHeader, made: UnsealedHeader, parentHash: BlockHash): boolean {
  const unsealed = { ...header, parentHash, digest: header.digest.slice(0, -1) };
  const wanted = { ...unsealed, digest: made.digest.map(digestItem.decode) };
  return equalBytes(computeHeaderHash(unsealed), computeHeaderHash(wanted));
}
