/**
 * Which storage values of every parentchain block the follower reads.
 *
 * @module
 */
import type { AccountId, ShardIdentifier } from "../primitives/branded.ts";
import { type Hex, toHex } from "../primitives/hex.ts";
import type { ParentchainId } from "../types/parentchain_id.ts";
import type { ParentchainMetadata, StorageItem } from "./metadata.ts";
import { GRANDPA_AUTHORITIES_KEY } from "./storage_key.ts";

/** Whom the follower reads for. */
export interface FollowerConfig {
  /** Role of the chain. */
  readonly parentchain: ParentchainId;
  /** Metadata of its runtime. */
  readonly metadata: ParentchainMetadata;
  /** The shard. */
  readonly shard: ShardIdentifier;
  /** The enclave's signing account. */
  readonly signer: AccountId;
  /** The shard's vault on this chain, if it is known and this chain holds it. */
  readonly vault: AccountId | undefined;
  /** Accounts of other enclaves whose registrations are read; at most {@linkcode MAX_PEERS}, none if left out. */
  readonly peers?: readonly AccountId[];
}

/** Most other enclaves whose registrations are read: the ten that a shard can have, and as many that want to join. */
export const MAX_PEERS = 20;

/** Names of the values that are read. */
export type WantedName =
  | "events"
  | "timestamp"
  | "runtimeUpgrade"
  | "enclave"
  | "shardStatus"
  | "shardConfig"
  | "confirmation"
  | "signer"
  | "vault"
  | "vaultProxies"
  | "auraAuthorities"
  | "grandpaAuthorities"
  | "grandpaLegacyAuthorities"
  | "grandpaSetId"
  | `peer ${Hex}`;

/** One value that is read. */
export interface WantedValue {
  /** What it is. */
  readonly name: WantedName;
  /** Its storage key. */
  readonly key: Uint8Array;
  /** Its storage item; absent for well-known keys outside the pallets. */
  readonly item: StorageItem | undefined;
  /** Account of another enclave whose registration it is. */
  readonly peer?: AccountId;
}

function wanted(
  metadata: ParentchainMetadata,
  name: WantedName,
  pallet: string,
  item: string,
  ...args: readonly unknown[]
): readonly WantedValue[] {
  const found = metadata.storage(pallet, item);
  return found === undefined ? [] : [{ name, key: found.key(...args), item: found }];
}

/** Values that say who authors and who proves the next blocks: what the start of the follower needs. */
export function wantedConsensus(metadata: ParentchainMetadata): readonly WantedValue[] {
  const aura = wanted(metadata, "auraAuthorities", "Aura", "Authorities");
  if (!metadata.hasPallet("Grandpa")) return aura;
  const authorities = wanted(metadata, "grandpaAuthorities", "Grandpa", "Authorities");
  const legacy: WantedValue = { name: "grandpaLegacyAuthorities", key: GRANDPA_AUTHORITIES_KEY, item: undefined };
  return [
    ...aura,
    ...(authorities.length > 0 ? authorities : [legacy]),
    ...wanted(metadata, "grandpaSetId", "Grandpa", "CurrentSetId"),
  ];
}

/** All values that are read of a block, in the order in which the host proves or states them. */
export function wantedValues(config: FollowerConfig): readonly WantedValue[] {
  const { metadata, shard, signer, vault, peers = [] } = config;
  return [
    ...wanted(metadata, "events", "System", "Events"),
    ...wanted(metadata, "runtimeUpgrade", "System", "LastRuntimeUpgrade"),
    ...wanted(metadata, "timestamp", "Timestamp", "Now"),
    ...wantedConsensus(metadata),
    ...wanted(metadata, "enclave", "Teerex", "SovereignEnclaves", signer),
    ...wanted(metadata, "shardStatus", "EnclaveBridge", "ShardStatus", shard),
    ...wanted(metadata, "shardConfig", "EnclaveBridge", "ShardConfigRegistry", shard),
    ...wanted(metadata, "confirmation", "Sidechain", "LatestSidechainBlockConfirmation", shard),
    ...wanted(metadata, "signer", "System", "Account", signer),
    ...(vault === undefined ? [] : [
      ...wanted(metadata, "vault", "System", "Account", vault),
      ...wanted(metadata, "vaultProxies", "Proxy", "Proxies", vault),
    ]),
    ...peers.slice(0, MAX_PEERS).flatMap((peer) =>
      wanted(metadata, `peer ${toHex(peer)}`, "Teerex", "SovereignEnclaves", peer).map((value) => ({ ...value, peer }))
    ),
  ];
}

/** Storage keys that the host proves with every block, in order. */
export function wantedKeys(config: FollowerConfig): readonly Uint8Array[] {
  return wantedValues(config).map(({ key }) => key);
}

/** Storage keys that the host proves with the follower's first header, in order. */
export function startKeys(metadata: ParentchainMetadata): readonly Uint8Array[] {
  return wantedConsensus(metadata).map(({ key }) => key);
}
