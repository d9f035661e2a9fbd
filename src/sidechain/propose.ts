/**
 * Proposing a block: synchronous and pure, from a parent and ready calls to a new state and what the block will say.
 * Encrypting and signing come after (`compose.ts`).
 *
 * Source: worker `sidechain/consensus/aura/src/slot_proposer.rs#propose` (839eda024)
 * Differs: a block starts with a prologue of parentchain items, a failed call keeps only its fee and its nonce, and
 * failed calls are listed.
 *
 * @module
 */
import type { AccountId, ShardIdentifier, TopHash } from "../primitives/branded.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { commitOverlay, type StateDiff } from "../state/diff.ts";
import type { TransactionalStore } from "../state/kv_store.ts";
import { Overlay } from "../state/overlay.ts";
import type { StateSnapshot } from "../state/snapshot.ts";
import type { StateKeys } from "../state/state_keys.ts";
import { MAX_TOPS_PER_BLOCK } from "../types/block_data.ts";
import type { PrologueItem } from "../types/prologue_item.ts";
import type { CallOutcome, Receipt } from "../types/receipt.ts";
import type { ChainPoint, LayerOneHead } from "./chain_block.ts";

/** No further call is begun once a block changes this many keys: two for each of the most calls a block can have. */
export const MAX_PROPOSED_CHANGES = 16_384;
/**
 * No further call is begun once the changed keys and values take this many bytes: with salts, receipts and hashes of the
 * most calls the block stays below 4 MiB, which is what a frame between validateers can carry.
 */
export const MAX_PROPOSED_BYTES = 2_621_440;

/** What the state transition function is told about the block. */
export interface BlockContext {
  readonly shard: ShardIdentifier;
  /** Number of the block. */
  readonly blockNumber: bigint;
  /** The block's timestamp, ms since the epoch. */
  readonly timestampMs: bigint;
  readonly layerOneHead: LayerOneHead;
}

/** Why a call failed: one of the outcomes. */
export interface CallFailure {
  readonly code: Exclude<CallOutcome, "Success">;
}

/** The state transition function, as the proposer needs it. */
export interface SidechainStf<Call, Effect> {
  /** Prepares the state for a new block. */
  readonly beginBlock: (store: TransactionalStore, context: BlockContext) => void;
  /** Applies the parentchain items and moves the cursor behind them; if it fails, nothing is applied. */
  readonly applyPrologue: (
    store: TransactionalStore,
    context: BlockContext,
    items: readonly PrologueItem[],
  ) => Result<undefined, { readonly code: string }>;
  /** Executes a call; if it fails, it has taken back all but its fee and its nonce. */
  readonly executeCall: (
    store: TransactionalStore,
    context: BlockContext,
    call: Call,
  ) => Result<readonly Effect[], CallFailure>;
}

/** A call of the pool whose turn has come. */
export interface ReadyCall<Call> {
  readonly topHash: TopHash;
  readonly call: Call;
}

/** All that a proposal is made of. */
export interface ProposalInput<Call, Effect> {
  readonly shard: ShardIdentifier;
  readonly author: AccountId;
  readonly parent: ChainPoint;
  readonly layerOneHead: LayerOneHead;
  /** Time at which proposing began, ms since the epoch; names the slot. */
  readonly timestampMs: bigint;
  /** The parentchain items that `LayerOneView.prologueItems` gives for the parent's state and this head. */
  readonly prologue: readonly PrologueItem[];
  /** Ready calls in order. */
  readonly calls: Iterable<ReadyCall<Call>>;
  /** Whether there is time for one more call; asked before each. */
  readonly hasTime: () => boolean;
  readonly keys: StateKeys;
  readonly stf: SidechainStf<Call, Effect>;
}

/** What a block will say, before it is encrypted and signed. */
export interface Proposal<Effect> {
  readonly shard: ShardIdentifier;
  readonly author: AccountId;
  readonly parent: ChainPoint;
  readonly layerOneHead: LayerOneHead;
  readonly timestampMs: bigint;
  readonly prologue: readonly PrologueItem[];
  /** State after the block. */
  readonly snapshot: StateSnapshot;
  readonly diff: StateDiff;
  /** Outcome of each call tried, in order. */
  readonly receipts: readonly Receipt[];
  /** Operations executed with success, in order. */
  readonly executed: readonly TopHash[];
  /** Operations that failed, with the reason. */
  readonly failed: readonly Receipt[];
  /** Operations on which the state transition function threw: taken back and not in the block, to be banned. */
  readonly broken: readonly TopHash[];
  /** What the calls ask of the outside. */
  readonly effects: readonly Effect[];
}

/** Why there is no proposal: the state transition function refused the prologue, without which there is no block. */
export interface ProposeError {
  readonly code: "PrologueRefused";
  /** Its code for the reason. */
  readonly reason: string;
}

/** Executes the prologue and then calls until time or room is over. */
export function proposeBlock<Call, Effect>(
  input: ProposalInput<Call, Effect>,
): Result<Proposal<Effect>, ProposeError> {
  const { shard, author, parent, layerOneHead, timestampMs, prologue, stf } = input;
  const context: BlockContext = { shard, blockNumber: parent.number + 1n, timestampMs, layerOneHead };
  const overlay = new Overlay(parent.snapshot);
  stf.beginBlock(overlay, context);
  const applied = stf.applyPrologue(overlay, context, prologue);
  if (!applied.ok) return err({ code: "PrologueRefused", reason: applied.error.code });
  const effects: Effect[] = [];
  const receipts: Receipt[] = [];
  const broken: TopHash[] = [];
  for (const { topHash, call } of input.calls) {
    if (receipts.length >= MAX_TOPS_PER_BLOCK || !hasRoom(overlay) || !input.hasTime()) break;
    const outcome = tryCall(overlay, () => stf.executeCall(overlay, context, call));
    if (outcome === undefined) {
      broken.push(topHash);
    } else if (outcome.ok) {
      receipts.push({ topHash, outcome: "Success" });
      for (const effect of outcome.value) effects.push(effect);
    } else {
      receipts.push({ topHash, outcome: outcome.error.code });
    }
  }
  return ok({
    ...{ shard, author, parent, layerOneHead, timestampMs, prologue, receipts, broken, effects },
    ...commitOverlay(parent.snapshot, overlay, context.blockNumber, input.keys),
    executed: receipts.filter(({ outcome }) => outcome === "Success").map(({ topHash }) => topHash),
    failed: receipts.filter(({ outcome }) => outcome !== "Success"),
  });
}

function hasRoom(overlay: Overlay): boolean {
  return overlay.changedKeys < MAX_PROPOSED_CHANGES && overlay.changedBytes < MAX_PROPOSED_BYTES;
}

/** The call's result; `undefined` if it threw, so that one call nobody foresaw cannot stop all blocks. */
function tryCall<T>(overlay: Overlay, execute: () => T): T | undefined {
  try {
    const result = overlay.transaction(() => ok(execute()));
    return result.ok ? result.value : undefined;
  } catch {
    return undefined;
  }
}
