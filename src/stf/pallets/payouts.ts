/**
 * What the shard owes on its parentchains.
 *
 * Differs: the reference keeps no record; see `src/types/payout.ts`.
 *
 * @module
 */
import { u64 } from "../../codec/codec.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { KvStore, StateReader } from "../../state/kv_store.ts";
import { type Payout, payout } from "../../types/payout.ts";
import { type StorageMap, storageMap, type StorageValue, storageValue } from "../storage.ts";
import type { StfError } from "../stf_error.ts";

/** Most payouts that may wait; bounds the state and the debts if the parentchain does not answer. */
export const MAX_OPEN_PAYOUTS = 4096n;

/** How many finished payouts stay readable: for clients that ask late, and for validateers that were away. */
export const FINISHED_PAYOUTS_KEPT = 1024n;

/** `Payouts.NextId`: id of the next payout, which is the number of all payouts ever. */
export const payoutsNextId: StorageValue<bigint> = storageValue("Payouts", "NextId", u64);

/** `Payouts.DoneCount`: number of payouts ever done. */
export const payoutsDoneCount: StorageValue<bigint> = storageValue("Payouts", "DoneCount", u64);

/** `Payouts.FailedCount`: number of payouts that failed and were not paid after all. */
export const payoutsFailedCount: StorageValue<bigint> = storageValue("Payouts", "FailedCount", u64);

/** `Payouts.Finished`: ids of finished payouts by the order in which they were finished, as long as they are kept. */
export const payoutsFinished: StorageMap<bigint, bigint> = storageMap("Payouts", "Finished", u64, u64);

/** `Payouts.Entries`: payouts by id. */
export const payoutsEntries: StorageMap<bigint, Payout> = storageMap("Payouts", "Entries", u64, payout);

/** Why the state of a payout could not change. */
export type PayoutError =
  /** There is no such entry. */
  | { readonly code: "UnknownPayout"; readonly id: bigint }
  /** The entry is in a state that this change does not start from. */
  | { readonly code: "WrongPayoutStatus"; readonly id: bigint; readonly status: Payout["status"]["type"] };

/** How many payouts are neither done nor failed. */
export function countOpenPayouts(store: StateReader): bigint {
  return (payoutsNextId.get(store) ?? 0n) - countFinished(store);
}

function countFinished(store: StateReader): bigint {
  return (payoutsDoneCount.get(store) ?? 0n) + (payoutsFailedCount.get(store) ?? 0n);
}

/** Adds a payout as `queued`, or refuses with `TooManyPayouts`. */
export function queuePayout(
  store: KvStore,
  entry: Pick<Payout, "chain" | "beneficiary" | "amount" | "blockNumber">,
): Result<Payout, StfError> {
  if (countOpenPayouts(store) >= MAX_OPEN_PAYOUTS) return err({ code: "Dispatch", reason: "TooManyPayouts" });
  const id = payoutsNextId.get(store) ?? 0n;
  const queued: Payout = { ...entry, id, status: { type: "queued", value: undefined } };
  payoutsEntries.set(store, id, queued);
  payoutsNextId.set(store, id + 1n);
  return ok(queued);
}

/** The payout with this id, if it is still kept. */
export function readPayout(store: StateReader, id: bigint): Payout | undefined {
  return payoutsEntries.get(store, id);
}

/**
 * The payouts that are kept, by ascending id: all that are open, and the last that were finished; at most
 * {@linkcode MAX_OPEN_PAYOUTS} and {@linkcode FINISHED_PAYOUTS_KEPT}.
 */
export function listPayouts(store: StateReader): readonly Payout[] {
  const kept: Payout[] = [];
  for (const [, bytes] of store.iterate(payoutsEntries.prefix)) kept.push(payout.decode(bytes));
  return kept.sort((a, b) => a.id < b.id ? -1 : 1);
}

/** The payouts that are neither done nor failed, by ascending id; at most {@linkcode MAX_OPEN_PAYOUTS}. */
export function listOpenPayouts(store: StateReader): readonly Payout[] {
  return listPayouts(store).filter(({ status }) => status.type === "queued");
}

/** queued or failed → done: the payment is proven to be on the chain. Old finished entries are removed. */
export function completePayout(store: KvStore, id: bigint): Result<undefined, PayoutError> {
  const before = changeStatus(store, id, ["queued", "failed"], { type: "done", value: undefined });
  if (!before.ok) return before;
  if (before.value === "queued") noteFinished(store, id);
  else payoutsFailedCount.set(store, (payoutsFailedCount.get(store) ?? 0n) - 1n);
  payoutsDoneCount.set(store, (payoutsDoneCount.get(store) ?? 0n) + 1n);
  return ok(undefined);
}

/**
 * queued → failed: the parentchain refused the payment time and again. It no longer counts as open, so that payouts that
 * can never be paid hold up no others. `blockNumber` is the sidechain block in which that is said.
 */
export function failPayout(store: KvStore, id: bigint, blockNumber: bigint): Result<undefined, PayoutError> {
  const before = changeStatus(store, id, ["queued"], { type: "failed", value: { blockNumber } });
  if (!before.ok) return before;
  noteFinished(store, id);
  payoutsFailedCount.set(store, (payoutsFailedCount.get(store) ?? 0n) + 1n);
  return ok(undefined);
}

/** Changes a status and gives the one before. */
function changeStatus(
  store: KvStore,
  id: bigint,
  from: readonly Payout["status"]["type"][],
  to: Payout["status"],
): Result<Payout["status"]["type"], PayoutError> {
  const entry = readPayout(store, id);
  if (entry === undefined) return err({ code: "UnknownPayout", id });
  const { type } = entry.status;
  if (!from.includes(type)) return err({ code: "WrongPayoutStatus", id, status: type });
  payoutsEntries.set(store, id, { ...entry, status: to });
  return ok(type);
}

/** Keeps the order in which payouts were finished, and removes the one that was finished long ago. Call before counting. */
function noteFinished(store: KvStore, id: bigint): void {
  const order = countFinished(store);
  payoutsFinished.set(store, order, id);
  if (order < FINISHED_PAYOUTS_KEPT) return;
  const old = order - FINISHED_PAYOUTS_KEPT;
  const removed = payoutsFinished.get(store, old);
  if (removed === undefined) return;
  payoutsEntries.remove(store, removed);
  payoutsFinished.remove(store, old);
}
