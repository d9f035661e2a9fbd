/**
 * One slot: may this enclave author, on what, and then the block.
 *
 * Source: worker `enclave-runtime/src/top_pool_execution.rs#execute_top_pool_trusted_calls_internal` (839eda024)
 *
 * @module
 */
import { ed25519Sign } from "../../crypto/ed25519.ts";
import { randomBytes } from "../../crypto/random.ts";
import { computeSlotAuthor, isOwnSlot } from "../../sidechain/aura.ts";
import { authoritiesAfter } from "../../sidechain/authorities.ts";
import { composeBlock } from "../../sidechain/compose.ts";
import { proposeBlock, type ReadyCall } from "../../sidechain/propose.ts";
import { computeProposingDeadlineMs, computeSlot, type Slot } from "../../sidechain/slots.ts";
import { DIFF_SALT_LENGTH } from "../../state/diff_encryption.ts";
import { readShardVault } from "../../stf/pallets/parentchain.ts";
import type { TrustedCallSigned } from "../../types/trusted_call_signed.ts";
import type { SlotOutcome } from "../api/ecall_values.ts";
import type { LayerOne } from "../chain/layer_one.ts";
import { type AfterPrologue, createStf } from "../chain/stf_adapter.ts";
import { coversConfirmation, type Shard } from "./shard.ts";

/** Of its turns, an author takes one in so many while too many blocks are unconfirmed: each of them stays in memory. */
export const SPARSE_TURNS = 40n;

/** What a slot needs. */
export interface AuthorContext {
  readonly shard: Shard;
  readonly layerOne: LayerOne;
  /** Slot in which this enclave started. */
  readonly startSlot: Slot;
  /** Bookkeeping in the state after the prologue. */
  readonly afterPrologue: AfterPrologue;
  /** Milliseconds that never go back. */
  readonly monotonicMs: () => number;
}

/** Authors a block if it is this enclave's turn. */
export async function authorSlot(context: AuthorContext, nowMs: number): Promise<SlotOutcome> {
  const startedMs = context.monotonicMs();
  const { shard, layerOne } = context;
  const slot = computeSlot(BigInt(nowMs), shard.slotDurationMs);
  const skip = (code: string): SlotOutcome => ({ slot, code, blockNumber: undefined, executed: 0, failed: 0 });
  const refusal = refusalOf(context);
  if (refusal !== undefined) return skip(refusal);
  const parent = shard.chain.head;
  const layerOneHead = layerOne.headForAuthor(parent.layerOneHead, nowMs);
  if (layerOneHead === undefined) return skip("ParentchainBehind");
  const { authorities } = authoritiesAfter(layerOne, parent, layerOneHead.hash);
  if (authorities === undefined) return skip("AuthoritiesUnknown");
  if (computeSlotAuthor(authorities, slot) === undefined) return skip("NoAuthorities");
  const self = shard.setup.signer;
  const { startSlot } = context;
  const { lastAuthoredSlot } = shard;
  if (!isOwnSlot({ authorities, self, slot, parentSlot: parent.slot, startSlot, lastAuthoredSlot })) {
    return skip("NotMyTurn");
  }
  const isSparseTurn = slot / BigInt(authorities.length) % SPARSE_TURNS === 0n;
  if (!shard.chain.mayTakeCalls && !isSparseTurn) return skip("TooManyUnconfirmed");
  const prologue = layerOne.prologueItems(parent.snapshot, layerOneHead.hash);
  if (prologue === undefined) return skip("PrologueUnknown");
  const budgetMs = Number(computeProposingDeadlineMs(BigInt(nowMs), shard.slotDurationMs)) - nowMs;
  const proposal = proposeBlock({
    shard: shard.setup.shard,
    author: self,
    parent,
    layerOneHead,
    timestampMs: BigInt(nowMs),
    prologue,
    calls: shard.chain.mayTakeCalls ? readyCalls(shard) : [],
    hasTime: () => context.monotonicMs() - startedMs < budgetMs,
    keys: shard.setup.stateKeys,
    stf: createStf(shard.stf, context.afterPrologue),
  });
  if (!proposal.ok) return skip(`PrologueRefused${proposal.error.reason}`);
  // Noted before signing: whatever happens from here on, this slot is used up.
  shard.lastAuthoredSlot = slot;
  const { signed, chainBlock } = await composeBlock(proposal.value, {
    keys: shard.setup.stateKeys,
    salt: randomBytes(DIFF_SALT_LENGTH),
    sign: (message) => ed25519Sign(shard.setup.keys.signer, message),
    slotDurationMs: shard.slotDurationMs,
  });
  shard.insert(chainBlock, signed, true, proposal.value.broken, nowMs);
  const { executed, failed } = proposal.value;
  return { slot, code: "Authored", blockNumber: chainBlock.number, executed: executed.length, failed: failed.length };
}

/** Why this enclave must not author at all now. */
function refusalOf({ shard, layerOne }: AuthorContext): string | undefined {
  const view = layerOne.newestView;
  if (view === undefined) return "ParentchainUnknown";
  if (readShardVault(shard.chain.head.snapshot) === undefined) return "NoShardVault";
  if (view.confirmation === undefined) return undefined;
  const covered = coversConfirmation(shard.chain, view.confirmation);
  if (covered === "behind") return "StateBehindConfirmation";
  return covered === "unavailable" ? "ConfirmedBlockUnavailable" : undefined;
}

function* readyCalls(shard: Shard): Generator<ReadyCall<TrustedCallSigned>, void, undefined> {
  for (const { hash, signed } of shard.pool.ready()) yield { topHash: hash, call: signed };
}
