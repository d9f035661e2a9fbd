/**
 * The GRANDPA pallet: who votes for finality, and changes of them.
 *
 * Source: polkadot-sdk `substrate/frame/grandpa/src/lib.rs`
 *
 * @module
 */
import { concatBytes, utf8 } from "../../../../primitives/bytes.ts";
import { defineConstant, EMPTY_PALLET, type PalletFactory } from "../../definition.ts";
import { defineErrors, defineEvents } from "../../dispatch/event.ts";
import { type ExecutionContext, fail } from "../../dispatch/context.ts";
import { ok, type Result } from "../../../../primitives/result.ts";
import {
  defaultMap,
  defaultValue,
  optionalValue,
  type StorageMap,
  type StorageValue,
  twoxConcat,
} from "../../storage/storage_item.ts";
import { boundedVecOf, optionOf, plainVariant, structOf, structVariant, u32, u64 } from "../../types/builders.ts";
import { type GrandpaAuthority, grandpaAuthority, grandpaAuthorityList } from "../../types/common.ts";
import type { DispatchError } from "../../types/dispatch_types.ts";
import { number } from "../system/storage.ts";
import { MAX_AUTHORITIES } from "./aura_storage.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";

const PALLET = "Grandpa";

/** Name of the engine in digests. */
export const GRANDPA_ENGINE: Uint8Array = utf8("FRNK");
/** Where older pallets keep the authorities, for followers that look there. */
export const GRANDPA_AUTHORITIES_KEY: Uint8Array = utf8(":grandpa_authorities");
/** Version byte before the list under that key. */
const AUTHORITIES_VERSION = 1;

interface PendingChange {
  readonly scheduled_at: number;
  readonly delay: number;
  readonly next_authorities: readonly GrandpaAuthority[];
  readonly forced: number | undefined;
}

const boundedAuthorities = boundedVecOf(grandpaAuthority, MAX_AUTHORITIES);
const storedPendingChange: RuntimeType<PendingChange> = structOf("pallet_grandpa::StoredPendingChange", {
  scheduled_at: u32,
  delay: u32,
  next_authorities: boundedAuthorities,
  forced: optionOf(u32),
}, { params: [{ name: "N", type: u32 }] });

/** The set whose votes count. */
export const grandpaAuthorities: StorageValue<readonly GrandpaAuthority[], never> = defaultValue(
  PALLET,
  "Authorities",
  boundedAuthorities,
  [],
);
/** Number of the set; raised where a change is scheduled. */
export const currentSetId: StorageValue<bigint, never> = defaultValue(PALLET, "CurrentSetId", u64, 0n);
/** A change that is scheduled and not yet enacted. */
export const pendingChange: StorageValue<PendingChange, undefined> = optionalValue(
  PALLET,
  "PendingChange",
  storedPendingChange,
);
/** Session of each set; sets and sessions are the same here. */
export const setIdSession: StorageMap<bigint, number, never> = defaultMap(
  PALLET,
  "SetIdSession",
  twoxConcat(u64),
  u32,
  0,
);

/** Events of the GRANDPA pallet. */
export const grandpaEvents = defineEvents(PALLET, {
  NewAuthorities: structVariant(0, { authority_set: grandpaAuthorityList }),
  Paused: plainVariant(1),
  Resumed: plainVariant(2),
});

/** Errors of the GRANDPA pallet. */
export const grandpaErrors = defineErrors(PALLET, {
  PauseFailed: 0,
  ResumeFailed: 1,
  ChangePending: 2,
  TooSoon: 3,
  InvalidKeyOwnershipProof: 4,
  InvalidEquivocationProof: 5,
  DuplicateOffenceReport: 6,
});

function setAuthorities(ctx: ExecutionContext, authorities: readonly GrandpaAuthority[]): void {
  grandpaAuthorities.put(ctx.store, authorities);
  const versioned = concatBytes(new Uint8Array([AUTHORITIES_VERSION]), grandpaAuthorityList.codec.encode(authorities));
  ctx.store.set(GRANDPA_AUTHORITIES_KEY, versioned);
}

/** Schedules a change that takes effect `delay` blocks later, as a session change would; raises the set id at once. */
export function scheduleChange(
  ctx: ExecutionContext,
  nextAuthorities: readonly GrandpaAuthority[],
  delay: number,
): Result<undefined, DispatchError> {
  if (pendingChange.exists(ctx.store)) return fail(ctx, grandpaErrors.ChangePending);
  const scheduledAt = number.get(ctx.store);
  pendingChange.put(ctx.store, {
    scheduled_at: scheduledAt,
    delay,
    next_authorities: nextAuthorities,
    forced: undefined,
  });
  const setId = currentSetId.get(ctx.store) + 1n;
  currentSetId.put(ctx.store, setId);
  setIdSession.insert(ctx.store, setId, Number(setId));
  return ok(undefined);
}

function onFinalize(ctx: ExecutionContext, blockNumber: number): void {
  const change = pendingChange.get(ctx.store);
  if (change === undefined) return;
  if (blockNumber === change.scheduled_at) {
    const list = grandpaAuthorityList.codec.encode(change.next_authorities);
    const payload = concatBytes(new Uint8Array([1]), list, u32.codec.encode(change.delay));
    ctx.log({ type: "Consensus", value: [GRANDPA_ENGINE, payload] });
  }
  if (blockNumber === change.scheduled_at + change.delay) {
    setAuthorities(ctx, change.next_authorities);
    ctx.deposit(grandpaEvents.NewAuthorities, { authority_set: change.next_authorities });
    pendingChange.kill(ctx.store);
  }
}

/** Creates the GRANDPA pallet. */
export const grandpaPallet: PalletFactory = () => ({
  ...EMPTY_PALLET,
  name: PALLET,
  crate: "pallet_grandpa",
  storageVersion: 5,
  storage: [pendingChange.info, currentSetId.info, setIdSession.info, grandpaAuthorities.info],
  events: grandpaEvents,
  errors: grandpaErrors,
  constants: {
    MaxAuthorities: defineConstant(u32, MAX_AUTHORITIES),
    MaxNominators: defineConstant(u32, 0),
    MaxSetIdSessionEntries: defineConstant(u64, 0n),
  },
  hooks: {
    onFinalize,
    buildGenesis: (ctx, config) => {
      currentSetId.put(ctx.store, 0n);
      setIdSession.insert(ctx.store, 0n, 0);
      setAuthorities(ctx, config.grandpaAuthorities.map((id) => [id, 1n]));
    },
  },
});
