/**
 * The life of a block, and the check of transactions for the pool.
 *
 * Source: polkadot-sdk `substrate/frame/executive/src/lib.rs`
 *
 * @module
 */
import { compactU32 } from "../../../codec/codec.ts";
import { concatBytes } from "../../../primitives/bytes.ts";
import { err, ok, type Result } from "../../../primitives/result.ts";
import { computeOrderedRoot, type Trie, trieRoot } from "../../../trie/trie.ts";
import type { CallCost, DispatchResult } from "../dispatch/call.ts";
import { transactional } from "../dispatch/context.ts";
import { NONE, signed } from "../dispatch/origin.ts";
import { addWeight, takeRoom } from "../extensions/checks.ts";
import type { PostDispatch } from "../extensions/extension.ts";
import type { RuntimeModel } from "../model.ts";
import { systemEvents } from "../pallets/system/events.ts";
import { BASE_BLOCK_REF_TIME, BLOCK_HASH_COUNT } from "../pallets/system/limits.ts";
import * as system from "../pallets/system/storage.ts";
import { eventsStorage } from "../pallets/system/system.ts";
import type { BlockStart, DispatchOutcome, UnsealedHeader } from "../runtime_interface.ts";
import { u32 } from "../types/builders.ts";
import { digestItem } from "../types/common.ts";
import { type DispatchError, dispatchError, refTime } from "../types/dispatch_types.ts";
import { invalid, type TransactionSource, type TransactionValidityError, type ValidTransaction } from "../validity.ts";
import { BlockExecution } from "./block_execution.ts";
import { type CheckedExtrinsic, checkExtrinsic, validateExtensions } from "./check.ts";

/** Layout of the state trie, fixed by the runtime's `system_version` 1. */
export const STATE_VERSION = 1;
/** Layout of the extrinsics trie under the same version. */
export const EXTRINSICS_VERSION = 0;

function openBlock(model: RuntimeModel, parent: Trie, start: BlockStart): BlockExecution {
  const block = new BlockExecution(model, parent);
  const { store } = block;
  system.executionPhase.put(store, { type: "Initialization", value: undefined });
  store.set(system.EXTRINSIC_INDEX_KEY, u32.codec.encode(0));
  system.number.put(store, start.number);
  system.digestLogs.put(store, start.digest.map((item) => digestItem.codec.decode(item)));
  system.parentHash.put(store, start.parentHash);
  system.blockHash.insert(store, start.number - 1, start.parentHash);
  system.inherentsApplied.kill(store);
  system.blockWeight.kill(store);
  store.remove(eventsStorage(model.eventType).key());
  system.eventCount.kill(store);
  for (const key of store.keysWithPrefix(system.eventTopics.prefix())) store.remove(key);
  return block;
}

/** Begins a block. @throws {RangeError} If it does not follow its parent. */
export function initializeBlock(model: RuntimeModel, parent: Trie, start: BlockStart): BlockExecution {
  const before = new BlockExecution(model, parent);
  const expected = system.number.get(before.store) + 1;
  if (start.number !== expected) throw new RangeError(`Cannot begin block ${start.number}: want ${expected}`);
  const block = openBlock(model, parent, start);
  addWeight(block, "Mandatory", BASE_BLOCK_REF_TIME);
  for (const { hooks } of model.pallets) hooks.onInitialize?.(block, start.number);
  system.executionPhase.put(block.store, { type: "ApplyExtrinsic", value: 0 });
  return block;
}

function extrinsicIndex(block: BlockExecution): number {
  const bytes = block.store.get(system.EXTRINSIC_INDEX_KEY);
  return bytes === undefined ? 0 : u32.codec.decode(bytes);
}

/** Executes one extrinsic; what is refused leaves no trace. */
export function applyExtrinsic(
  block: BlockExecution,
  bytes: Uint8Array,
): Result<DispatchOutcome, TransactionValidityError> {
  return transactional(block.store, () => {
    const checked = checkExtrinsic(block, bytes, "InBlock");
    if (!checked.ok) return checked;
    const index = extrinsicIndex(block);
    system.extrinsicData.insert(block.store, index, bytes);
    const prepared = prepare(block, checked.value);
    if (!prepared.ok) return prepared;
    return ok(noteApplied(block, index, prepared.value.cost, prepared.value.result));
  });
}

interface Applied {
  readonly cost: CallCost;
  readonly result: DispatchResult;
}

function prepare(block: BlockExecution, checked: CheckedExtrinsic): Result<Applied, TransactionValidityError> {
  return checked.signed === undefined
    ? applyBare(block, checked)
    : applySigned(block, checked.signed.transaction, checked.signed.extras);
}

function applyBare(
  block: BlockExecution,
  { extrinsic: { call, length } }: CheckedExtrinsic,
): Result<Applied, TransactionValidityError> {
  const cost = block.costOf(call);
  const room = takeRoom(block, cost, length);
  if (!room.ok) return room;
  const result = block.dispatch(NONE, call);
  if (!result.ok && cost.class === "Mandatory") return err(invalid("BadMandatory"));
  return ok({ cost, result });
}

function applySigned(
  block: BlockExecution,
  transaction: NonNullable<CheckedExtrinsic["signed"]>["transaction"],
  extras: readonly unknown[],
): Result<Applied, TransactionValidityError> {
  const valid = validateExtensions(block, transaction, extras);
  if (!valid.ok) return valid;
  const settlements: PostDispatch[] = [];
  for (const [i, extension] of block.model.definition.extensions.entries()) {
    const prepared = extension.prepare(block, transaction, extras[i] as never);
    if (!prepared.ok) return prepared;
    if (prepared.value !== undefined) settlements.push(prepared.value);
  }
  const result = block.dispatch(signed(transaction.sender), transaction.call);
  if (!result.ok && transaction.cost.class === "Mandatory") return err(invalid("BadMandatory"));
  const postInfo = result.ok ? result.value : { paysFee: transaction.cost.paysFee };
  for (const settle of settlements) settle(block, { postInfo });
  return ok({ cost: transaction.cost, result });
}

function noteApplied(block: BlockExecution, index: number, cost: CallCost, result: DispatchResult): DispatchOutcome {
  const paysFee = result.ok ? cost.paysFee && result.value.paysFee : cost.paysFee;
  const info = { weight: refTime(cost.refTime), class: cost.class, pays_fee: paysFee ? "Yes" : "No" } as const;
  if (result.ok) block.deposit(systemEvents.ExtrinsicSuccess, { dispatch_info: info });
  else block.deposit(systemEvents.ExtrinsicFailed, { dispatch_error: result.error, dispatch_info: info });
  block.store.set(system.EXTRINSIC_INDEX_KEY, u32.codec.encode(index + 1));
  system.executionPhase.put(block.store, { type: "ApplyExtrinsic", value: index + 1 });
  return result.ok ? { ok: true } : {
    ok: false,
    name: errorName(block.model, result.error),
    encoded: dispatchError.codec.encode(result.error),
  };
}

/** A dispatch error in words: `Pallet.Error`, `Token.Frozen` or the bare name. */
export function errorName(model: RuntimeModel, error: DispatchError): string {
  if (error.type === "Module") return model.errorName(error.value.index, error.value.error[0] ?? 0);
  return error.value === undefined ? error.type : `${error.type}.${error.value}`;
}

/** Ends a block. @throws {RangeError} If a mandatory inherent is missing. */
export function finalizeBlock(block: BlockExecution): { readonly header: UnsealedHeader; readonly state: Trie } {
  const { store, model } = block;
  const count = extrinsicIndex(block);
  store.remove(system.EXTRINSIC_INDEX_KEY);
  system.executionPhase.put(store, { type: "Finalization", value: undefined });
  const blockNumber = system.number.get(store);
  for (const { hooks } of model.pallets) hooks.onFinalize?.(block, blockNumber);
  const extrinsics: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    extrinsics.push(system.extrinsicData.get(store, i));
    system.extrinsicData.remove(store, i);
  }
  system.executionPhase.kill(store);
  system.allExtrinsicsLen.kill(store);
  const forgotten = blockNumber - BLOCK_HASH_COUNT - 1;
  // The hash of genesis stays: signatures are bound to it for ever.
  if (forgotten > 0) system.blockHash.remove(store, forgotten);
  const events = store.journal;
  store.set(eventsStorage(model.eventType).key(), concatBytes(compactU32.encode(events.length), ...events));
  const digest = system.digestLogs.get(store).map((item) => digestItem.codec.encode(item));
  const state = store.toTrie();
  return {
    state,
    header: {
      parentHash: system.parentHash.get(store),
      number: blockNumber,
      stateRoot: trieRoot(state, STATE_VERSION),
      extrinsicsRoot: computeOrderedRoot(extrinsics, EXTRINSICS_VERSION),
      digest,
    },
  };
}

/** Opens a block only to look at it: the one after `state`. */
export function openNextBlock(model: RuntimeModel, state: Trie, blockHash: Uint8Array): BlockExecution {
  const parent = system.number.get(new BlockExecution(model, state).store);
  const block = openBlock(model, state, { number: parent + 1, parentHash: blockHash, digest: [] });
  addWeight(block, "Mandatory", BASE_BLOCK_REF_TIME);
  return block;
}

/** Checks a transaction for the pool. */
export function validateTransaction(
  model: RuntimeModel,
  state: Trie,
  blockHash: Uint8Array,
  source: TransactionSource,
  bytes: Uint8Array,
): Result<ValidTransaction, TransactionValidityError> {
  const block = openNextBlock(model, state, blockHash);
  const checked = checkExtrinsic(block, bytes, source);
  if (!checked.ok) return checked;
  const { extrinsic, signed: signedPart } = checked.value;
  if (block.costOf(extrinsic.call).class === "Mandatory") return err(invalid("MandatoryValidation"));
  if (signedPart === undefined) return err({ kind: "Unknown", code: "NoUnsignedValidator" });
  return validateExtensions(block, signedPart.transaction, signedPart.extras);
}
