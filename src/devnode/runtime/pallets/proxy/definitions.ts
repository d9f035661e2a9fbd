/**
 * Types, storage, events and errors of the Proxy pallet.
 *
 * Source: polkadot-sdk `substrate/frame/proxy/src/lib.rs`; kinds and deposits: integritee-node `runtime/src/lib.rs` (359c5fe)
 *
 * @module
 */
import { defineErrors, defineEvents } from "../../dispatch/event.ts";
import { defaultMap, type StorageMap, twoxConcat } from "../../storage/storage_item.ts";
import { boundedVecOf, namesOf, structOf, structVariant, tupleOf, u128, u16, u32 } from "../../types/builders.ts";
import { accountId32, h256 } from "../../types/common.ts";
import { dispatchResult } from "../../types/dispatch_types.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";

/** Deposit of an account's first proxy, in the smallest unit. */
export const PROXY_DEPOSIT_BASE = 20_008_000_000_000n;
/** Deposit of each proxy. */
export const PROXY_DEPOSIT_FACTOR = 33_000_000_000n;
/** Most proxies of an account. */
export const MAX_PROXIES = 32;
/** Most announcements of a proxy. */
export const MAX_PENDING = 32;

/** What a proxy may do. */
export type ProxyType = "Any" | "NonTransfer" | "Governance" | "CancelProxy";

/** `ProxyType`. */
export const proxyType: RuntimeType<ProxyType> = namesOf("integritee_node_runtime::ProxyType", [
  "Any",
  "NonTransfer",
  "Governance",
  "CancelProxy",
]);

/** One proxy of an account. */
export interface ProxyDefinition {
  readonly delegate: Uint8Array;
  readonly proxy_type: ProxyType;
  /** Blocks between announcement and call. */
  readonly delay: number;
}

/** `ProxyDefinition<AccountId32, ProxyType, u32>`. */
export const proxyDefinition: RuntimeType<ProxyDefinition> = structOf("pallet_proxy::ProxyDefinition", {
  delegate: accountId32,
  proxy_type: proxyType,
  delay: u32,
}, {
  params: [{ name: "AccountId", type: accountId32 }, { name: "ProxyType", type: proxyType }, {
    name: "BlockNumber",
    type: u32,
  }],
});

interface Announcement {
  readonly real: Uint8Array;
  readonly call_hash: Uint8Array;
  readonly height: number;
}

const announcement: RuntimeType<Announcement> = structOf("pallet_proxy::Announcement", {
  real: accountId32,
  call_hash: h256,
  height: u32,
}, {
  params: [{ name: "AccountId", type: accountId32 }, { name: "Hash", type: h256 }, { name: "BlockNumber", type: u32 }],
});

/** An account's proxies, in order, and the deposit it has made for them. */
export type ProxyEntry = readonly [proxies: readonly ProxyDefinition[], deposit: bigint];

/** Proxies by the account they act for. */
export const proxies: StorageMap<Uint8Array, ProxyEntry, never> = defaultMap<Uint8Array, ProxyEntry>(
  "Proxy",
  "Proxies",
  twoxConcat(accountId32),
  tupleOf<ProxyEntry>(boundedVecOf(proxyDefinition, MAX_PROXIES), u128),
  [[], 0n],
);

type AnnouncementEntry = readonly [announcements: readonly Announcement[], deposit: bigint];

/** Announced calls; nothing here announces. */
export const announcements: StorageMap<Uint8Array, AnnouncementEntry, never> = defaultMap<
  Uint8Array,
  AnnouncementEntry
>(
  "Proxy",
  "Announcements",
  twoxConcat(accountId32),
  tupleOf<AnnouncementEntry>(boundedVecOf(announcement, MAX_PENDING), u128),
  [[], 0n],
);

const proxyFields = { delegator: accountId32, delegatee: accountId32, proxy_type: proxyType, delay: u32 };

/** Events of the Proxy pallet. */
export const proxyEvents = defineEvents("Proxy", {
  ProxyExecuted: structVariant(0, { result: dispatchResult }),
  PureCreated: structVariant(1, {
    pure: accountId32,
    who: accountId32,
    proxy_type: proxyType,
    disambiguation_index: u16,
  }),
  Announced: structVariant(2, { real: accountId32, proxy: accountId32, call_hash: h256 }),
  ProxyAdded: structVariant(3, proxyFields),
  ProxyRemoved: structVariant(4, proxyFields),
});

/** Errors of the Proxy pallet. */
export const proxyErrors = defineErrors("Proxy", {
  TooMany: 0,
  NotFound: 1,
  NotProxy: 2,
  Unproxyable: 3,
  Duplicate: 4,
  NoPermission: 5,
  Unannounced: 6,
  NoSelfProxy: 7,
});
