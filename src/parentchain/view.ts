/**
 * What the shard's enclaves need to know of the parentchain's state, decoded from proven storage values of one block.
 * Its fields name the pallets' own terms; every value was read by the chain's own metadata.
 *
 * @module
 */
import type { AccountId, BlockHash, EnclaveFingerprint } from "../primitives/branded.ts";
import type { AuthoritySet } from "./follower_state.ts";

/** Registry entry of an enclave. Source: `pallets:primitives/teerex/src/lib.rs#SgxEnclave` */
export interface RegisteredEnclave {
  /** Report data of its quote; the first 32 bytes are its signer. */
  readonly reportData: Uint8Array;
  /** Its measurement. */
  readonly fingerprint: EnclaveFingerprint;
  /** When it was registered, in ms since 1970. */
  readonly timestampMs: bigint;
  /** Where it serves, if it says so. */
  readonly url: Uint8Array | undefined;
  /** Variant name of the attestation method: `Skip`, `Ias` or `Dcap`. */
  readonly attestationMethod: string;
  /** Variant name of its TCB status, e.g. `Ok`. */
  readonly status: string;
}

/** One validateer of the shard. Source: `pallets:primitives/enclave-bridge/src/lib.rs#ShardSignerStatus` */
export interface ShardSigner {
  /** Its signing account. */
  readonly signer: AccountId;
  /** The enclave it runs. */
  readonly fingerprint: EnclaveFingerprint;
  /** Parentchain block of its last sign of life. */
  readonly lastActivity: number;
}

/** Configuration of a shard. Source: `pallets:primitives/enclave-bridge/src/lib.rs#ShardConfig` */
export interface ShardConfigView {
  /** The enclave that may run the shard. */
  readonly fingerprint: EnclaveFingerprint;
  /** Whether the shard rests. */
  readonly maintenanceMode: boolean;
}

/** Configuration with what is to follow. Source: `pallets:primitives/enclave-bridge/src/lib.rs#UpgradableShardConfig` */
export interface UpgradableShardConfigView {
  /** What was active when the entry was written. */
  readonly active: ShardConfigView;
  /** What replaces it at `upgradeAt`. */
  readonly pending: ShardConfigView | undefined;
  /** First block of the pending configuration. */
  readonly upgradeAt: number | undefined;
}

/** Last confirmed sidechain block. Source: `pallets:primitives/sidechain/src/lib.rs#SidechainBlockConfirmation` */
export interface ConfirmationView {
  /** Its number. */
  readonly blockNumber: bigint;
  /** Its header hash. */
  readonly blockHeaderHash: BlockHash;
}

/** Nonce and balance of a parentchain account. */
export interface AccountView {
  /** Nonce of its next extrinsic. */
  readonly nonce: number;
  /** Free balance in smallest units. */
  readonly free: bigint;
  /** Reserved balance (deposits) in smallest units. */
  readonly reserved: bigint;
  /** Part of the free balance that cannot be spent. */
  readonly frozen: bigint;
}

/** One delegate of the vault. */
export interface VaultProxy {
  /** Who may act for the vault. */
  readonly delegate: AccountId;
  /** Variant name of what it may do, e.g. `Any`. */
  readonly proxyType: string;
  /** Blocks between announcement and action. */
  readonly delay: number;
}

/** State of the parentchain after one block, as far as the shard's enclaves act on it. */
export interface ParentchainView {
  /** Number of the block. */
  readonly number: number;
  /** Hash of the block. */
  readonly hash: BlockHash;
  /** `Timestamp.Now` in ms since 1970; absent if the chain has none. */
  readonly nowMs: bigint | undefined;
  /** `System.LastRuntimeUpgrade`: version of the runtime that executed the block; absent if the chain keeps none. */
  readonly specVersion: number | undefined;
  /** Own registration; absent if not registered. */
  readonly enclave: RegisteredEnclave | undefined;
  /** Validateers of the shard in storage order; the first one confirms. */
  readonly shardStatus: readonly ShardSigner[];
  /** Configuration of the shard; absent before its creation. */
  readonly shardConfig: UpgradableShardConfigView | undefined;
  /** Last confirmed sidechain block of the shard. */
  readonly confirmation: ConfirmationView | undefined;
  /** Own signing account. */
  readonly signer: AccountView;
  /** The shard's vault account, if it is known; zero balance if it does not exist. */
  readonly vault: AccountView | undefined;
  /** Delegates of the vault. */
  readonly vaultProxies: readonly VaultProxy[];
  /** Aura authorities in slot order. */
  readonly auraAuthorities: readonly Uint8Array[];
  /** GRANDPA voters; absent on chains without GRANDPA. */
  readonly grandpa: AuthoritySet | undefined;
}

/** The fingerprint that is active in block `view.number + 1`, or `undefined` without a configuration. */
export function activeFingerprint(view: ParentchainView): EnclaveFingerprint | undefined {
  const config = view.shardConfig;
  if (config === undefined) return undefined;
  const { active, pending, upgradeAt } = config;
  if (pending !== undefined && upgradeAt !== undefined && upgradeAt <= view.number) return pending.fingerprint;
  return active.fingerprint;
}
