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
import { type Payout, payout, type PayoutAssignment } from "../../types/payout.ts";
import { type StorageMap, storageMap, type StorageValue, storageValue } from "../storage.ts";
import type { StfError } from "../stf_error.ts";

/** Most payouts that may wait; bounds the state and the debts if the parentchain does not answer. */
export const MAX_OPEN_PAYOUTS = 4096n;

/** How many ids a finished payout stays readable, for clients that ask late. */
export const DONE_PAYOUTS_KEPT = 1024n;

/** Most finished entries removed in one go, so that no single call is slow. */
const MAX_REMOVED_AT_ONCE = 16;

/** `Payouts.NextId`: id of the next payout, which is the number of all payouts ever. */
export const payoutsNextId: StorageValue<bigint> = storageValue("Payouts", "NextId", u64);

/** `Payouts.FirstKept`: smallest id whose entry may still be there. */
export const payoutsFirstKept: StorageValue<bigint> = storageValue("Payouts", "FirstKept", u64);

/** `Payouts.DoneCount`: number of payouts ever done. */
export const payoutsDoneCount: StorageValue<bigint> = storageValue("Payouts", "DoneCount", u64);

/** `Payouts.Entries`: payouts by id. */
export const payoutsEntries: StorageMap<bigint, Payout> = storageMap("Payouts", "Entries", u64, payout);

/** Why the state of a payout could not change. */
export type PayoutError =
  /** There is no such entry. */
  | { readonly code: "UnknownPayout"; readonly id: bigint }
  /** The entry is in a state that this change does not start from. */
  | { readonly code: "WrongPayoutStatus"; readonly id: bigint; readonly status: Payout["status"]["type"] };

/** How many payouts are not done. */
export function countOpenPayouts(store: StateReader): bigint {
  return (payoutsNextId.get(store) ?? 0n) - (payoutsDoneCount.get(store) ?? 0n);
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

/** The payouts that are not done, by ascending id; at most {@linkcode MAX_OPEN_PAYOUTS}. */
export function listOpenPayouts(store: StateReader): readonly Payout[] {
  const open: Payout[] = [];
  for (const [, bytes] of store.iterate(payoutsEntries.prefix)) {
    const entry = payout.decode(bytes);
    if (entry.status.type !== "done") open.push(entry);
  }
  return open.sort((a, b) => a.id < b.id ? -1 : 1);
}

/** queued → assigned: somebody has signed an extrinsic for it. */
export function assignPayout(
  store: KvStore,
  id: bigint,
  assignment: PayoutAssignment,
): Result<undefined, PayoutError> {
  return changeStatus(store, id, ["queued"], { type: "assigned", value: assignment });
}

/** assigned → queued: the era has ended, and the payment is not on the chain. */
export function requeuePayout(store: KvStore, id: bigint): Result<undefined, PayoutError> {
  return changeStatus(store, id, ["assigned"], { type: "queued", value: undefined });
}

/** queued or assigned → done: the payment is proven to be on the chain. Old finished entries are removed. */
export function completePayout(store: KvStore, id: bigint): Result<undefined, PayoutError> {
  const changed = changeStatus(store, id, ["queued", "assigned"], { type: "done", value: undefined });
  if (!changed.ok) return changed;
  payoutsDoneCount.set(store, (payoutsDoneCount.get(store) ?? 0n) + 1n);
  removeOldEntries(store);
  return ok(undefined);
}

function changeStatus(
  store: KvStore,
  id: bigint,
  from: readonly Payout["status"]["type"][],
  to: Payout["status"],
): Result<undefined, PayoutError> {
  const entry = readPayout(store, id);
  if (entry === undefined) return err({ code: "UnknownPayout", id });
  if (!from.includes(entry.status.type)) return err({ code: "WrongPayoutStatus", id, status: entry.status.type });
  payoutsEntries.set(store, id, { ...entry, status: to });
  return ok(undefined);
}

function removeOldEntries(store: KvStore): void {
  const nextId = payoutsNextId.get(store) ?? 0n;
  const before = payoutsFirstKept.get(store) ?? 0n;
  let first = before;
  for (let i = 0; i < MAX_REMOVED_AT_ONCE && first + DONE_PAYOUTS_KEPT < nextId; i++) {
    // An open entry stops the removal, so that entries from `FirstKept` on are never lost while they are owed.
    if (readPayout(store, first)?.status.type !== "done") break;
    payoutsEntries.remove(store, first);
    first++;
  }
  if (first !== before) payoutsFirstKept.set(store, first);
}
