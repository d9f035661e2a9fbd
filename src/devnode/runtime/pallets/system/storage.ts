/**
 * Storage of the System pallet, except for its events, whose type is the runtime's.
 *
 * @module
 */
import { utf8 } from "../../../../primitives/bytes.ts";
import {
  blake2Concat,
  defaultMap,
  defaultValue,
  optionalValue,
  type StorageMap,
  type StorageValue,
  twoxConcat,
} from "../../storage/storage_item.ts";
import { bool, byteVec, tupleOf, u32, vecOf } from "../../types/builders.ts";
import { accountId32, digest, type DigestItem, h256 } from "../../types/common.ts";
import { type ConsumedWeight, consumedWeight, type Phase, phase, refTime } from "../../types/dispatch_types.ts";
import { type AccountInfo, accountInfo, EMPTY_ACCOUNT, type LastRuntimeUpgrade, lastRuntimeUpgrade } from "./types.ts";

const PALLET = "System";
const NO_HASH = new Uint8Array(32);

/** Where Substrate keeps the index of the extrinsic that is executed, outside any pallet. */
export const EXTRINSIC_INDEX_KEY: Uint8Array = utf8(":extrinsic_index");
/** Where Substrate keeps the runtime's code; here it names the runtime. */
export const CODE_KEY: Uint8Array = utf8(":code");

/** Accounts: nonce, references, balances. */
export const account: StorageMap<Uint8Array, AccountInfo, never> = defaultMap(
  PALLET,
  "Account",
  blake2Concat(accountId32),
  accountInfo,
  EMPTY_ACCOUNT,
);
/** Count of the finished block's extrinsics while it is being finished. */
export const extrinsicCount: StorageValue<number, undefined> = optionalValue(PALLET, "ExtrinsicCount", u32);
/** Whether the block's inherents are applied. */
export const inherentsApplied: StorageValue<boolean, never> = defaultValue(PALLET, "InherentsApplied", bool, false);
/** Weight used in this block. */
export const blockWeight: StorageValue<ConsumedWeight, never> = defaultValue(PALLET, "BlockWeight", consumedWeight, {
  normal: refTime(0n),
  operational: refTime(0n),
  mandatory: refTime(0n),
});
/** Bytes of extrinsics in this block. */
export const allExtrinsicsLen: StorageValue<number, undefined> = optionalValue(PALLET, "AllExtrinsicsLen", u32);
/** Hashes of the last blocks by number. */
export const blockHash: StorageMap<number, Uint8Array, never> = defaultMap(
  PALLET,
  "BlockHash",
  twoxConcat(u32),
  h256,
  NO_HASH,
);
/** Extrinsics of this block while it is executed. */
export const extrinsicData: StorageMap<number, Uint8Array, never> = defaultMap(
  PALLET,
  "ExtrinsicData",
  twoxConcat(u32),
  byteVec(),
  new Uint8Array(0),
);
/** Number of this block. */
export const number: StorageValue<number, never> = defaultValue(PALLET, "Number", u32, 0);
/** Hash of the parent. */
export const parentHash: StorageValue<Uint8Array, never> = defaultValue(PALLET, "ParentHash", h256, NO_HASH);
/** Digest of this block, without the seal. */
export const digestLogs: StorageValue<readonly DigestItem[], never> = defaultValue(PALLET, "Digest", digest, []);
/** How many events this block has deposited. */
export const eventCount: StorageValue<number, never> = defaultValue(PALLET, "EventCount", u32, 0);
/** Where events with a topic are: block and index. */
export const eventTopics: StorageMap<Uint8Array, readonly (readonly [number, number])[], never> = defaultMap(
  PALLET,
  "EventTopics",
  blake2Concat(h256),
  vecOf(tupleOf<readonly [number, number]>(u32, u32)),
  [],
);
/** The runtime that was installed last. */
export const lastUpgrade: StorageValue<LastRuntimeUpgrade, undefined> = optionalValue(
  PALLET,
  "LastRuntimeUpgrade",
  lastRuntimeUpgrade,
);
/** A migration of long ago: done. */
export const upgradedToU32RefCount: StorageValue<boolean, never> = defaultValue(
  PALLET,
  "UpgradedToU32RefCount",
  bool,
  false,
);
/** A migration of long ago: done. */
export const upgradedToTripleRefCount: StorageValue<boolean, never> = defaultValue(
  PALLET,
  "UpgradedToTripleRefCount",
  bool,
  false,
);
/** Which phase the block is in. */
export const executionPhase: StorageValue<Phase, undefined> = optionalValue(PALLET, "ExecutionPhase", phase);
