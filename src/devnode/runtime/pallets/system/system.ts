/**
 * The System pallet: remarks and the administrator's access to raw storage.
 *
 * Source: polkadot-sdk `substrate/frame/system/src/lib.rs`
 *
 * @module
 */
import { blake2_256 } from "../../../../crypto/blake2.ts";
import { ok } from "../../../../primitives/result.ts";
import { type CallDefinition, defineCall, defineConstant, EMPTY_PALLET, type PalletFactory } from "../../definition.ts";
import { PAYS } from "../../dispatch/call.ts";
import { type RuntimeEvent } from "../../dispatch/event.ts";
import { type RuntimeParameters } from "../../parameters.ts";
import { ensureRoot, ensureSigned } from "../../dispatch/origin.ts";
import { defaultValue, type StorageValue } from "../../storage/storage_item.ts";
import { byteVec, structOf, tupleOf, u16, u32, u64, vecOf } from "../../types/builders.ts";
import { h256 } from "../../types/common.ts";
import { type Phase, phase } from "../../types/dispatch_types.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";
import { implementedApis } from "../../version.ts";
import { systemErrors, systemEvents } from "./events.ts";
import { BLOCK_HASH_COUNT, BLOCK_LENGTH, BLOCK_WEIGHTS, blockLength, blockWeights } from "./limits.ts";
import * as storage from "./storage.ts";
import { type EncodedVersion, runtimeVersion } from "./types.ts";

/** Weight of the cheap calls of this pallet. */
const REMARK_REF_TIME = 10_000_000n;
/** Weight of one changed storage key. */
const WRITE_REF_TIME = 100_000_000n;

/** An event with the phase it happened in and its topics. */
export interface EventRecord {
  readonly phase: Phase;
  readonly event: RuntimeEvent;
  readonly topics: readonly Uint8Array[];
}

/** `EventRecord<RuntimeEvent, H256>`. */
export function eventRecord(event: RuntimeType<RuntimeEvent>): RuntimeType<EventRecord> {
  return structOf<EventRecord>("frame_system::EventRecord", { phase, event, topics: vecOf(h256) }, {
    params: [{ name: "E", type: event }, { name: "T", type: h256 }],
  });
}

/** `System.Events` of a runtime. */
export function eventsStorage(event: RuntimeType<RuntimeEvent>): StorageValue<readonly EventRecord[], never> {
  return defaultValue("System", "Events", vecOf(eventRecord(event)), []);
}

const keyValue: RuntimeType<readonly [Uint8Array, Uint8Array]> = tupleOf<
  readonly [Uint8Array, Uint8Array]
>(byteVec(), byteVec());

const calls: Readonly<Record<string, CallDefinition>> = {
  remark: defineCall(0, { remark: byteVec() }, REMARK_REF_TIME, () => ok(PAYS)),
  set_storage: defineCall(4, { items: vecOf(keyValue) }, WRITE_REF_TIME, (ctx, origin, { items }) => {
    const root = ensureRoot(origin);
    if (!root.ok) return root;
    for (const [key, value] of items) ctx.store.set(key, value);
    return ok(PAYS);
  }),
  kill_storage: defineCall(5, { keys: vecOf(byteVec()) }, WRITE_REF_TIME, (ctx, origin, { keys }) => {
    const root = ensureRoot(origin);
    if (!root.ok) return root;
    for (const key of keys) ctx.store.remove(key);
    return ok(PAYS);
  }),
  kill_prefix: defineCall(
    6,
    { prefix: byteVec(), subkeys: u32 },
    WRITE_REF_TIME,
    (ctx, origin, { prefix, subkeys }) => {
      const root = ensureRoot(origin);
      if (!root.ok) return root;
      for (const key of ctx.store.keysWithPrefix(prefix).slice(0, subkeys)) ctx.store.remove(key);
      return ok(PAYS);
    },
  ),
  remark_with_event: defineCall(7, { remark: byteVec() }, REMARK_REF_TIME, (ctx, origin, { remark }) => {
    const sender = ensureSigned(origin);
    if (!sender.ok) return sender;
    ctx.deposit(systemEvents.Remarked, { sender: sender.value, hash: blake2_256(remark) });
    return ok(PAYS);
  }),
};

/** Weight of reading and of writing a key, as the metadata tells it. */
const dbWeight: RuntimeType<{ readonly read: bigint; readonly write: bigint }> = structOf(
  "sp_weights::RuntimeDbWeight",
  { read: u64, write: u64 },
);

/** The version of a runtime with these parameters, as it is encoded. */
export function encodedVersion(parameters: RuntimeParameters): EncodedVersion {
  return {
    spec_name: parameters.specName,
    impl_name: parameters.implName,
    authoring_version: 1,
    spec_version: parameters.specVersion,
    impl_version: 1,
    apis: implementedApis,
    transaction_version: parameters.transactionVersion,
    state_version: 1,
  };
}

/** Creates the System pallet. */
export const systemPallet: PalletFactory = ({ event, parameters }) => ({
  ...EMPTY_PALLET,
  name: "System",
  crate: "frame_system",
  storage: [
    storage.account,
    storage.extrinsicCount,
    storage.inherentsApplied,
    storage.blockWeight,
    storage.allExtrinsicsLen,
    storage.blockHash,
    storage.extrinsicData,
    storage.number,
    storage.parentHash,
    storage.digestLogs,
    eventsStorage(event),
    storage.eventCount,
    storage.eventTopics,
    storage.lastUpgrade,
    storage.upgradedToU32RefCount,
    storage.upgradedToTripleRefCount,
    storage.executionPhase,
  ].map(({ info }) => info),
  calls,
  events: systemEvents,
  errors: systemErrors,
  constants: {
    BlockWeights: defineConstant(blockWeights, BLOCK_WEIGHTS),
    BlockLength: defineConstant(blockLength, BLOCK_LENGTH),
    BlockHashCount: defineConstant(u32, BLOCK_HASH_COUNT),
    DbWeight: defineConstant(dbWeight, { read: 25_000_000n, write: 100_000_000n }),
    Version: defineConstant(runtimeVersion, encodedVersion(parameters)),
    SS58Prefix: defineConstant(u16, parameters.ss58Prefix),
  },
  hooks: {
    buildGenesis: (ctx) => {
      storage.blockHash.insert(ctx.store, 0, new Uint8Array(32).fill(69));
      storage.parentHash.put(ctx.store, new Uint8Array(32).fill(69));
      storage.lastUpgrade.put(ctx.store, { spec_version: parameters.specVersion, spec_name: parameters.specName });
      storage.upgradedToU32RefCount.put(ctx.store, true);
      storage.upgradedToTripleRefCount.put(ctx.store, true);
      ctx.store.set(storage.EXTRINSIC_INDEX_KEY, u32.codec.encode(0));
    },
  },
});
