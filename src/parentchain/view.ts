/**
 * What the shard's enclaves need to know of the parentchain's state, decoded from proven storage values of one block.
 * Its fields name the pallets' own terms; every value was read by the chain's own metadata.
 *
 * @module
 */
import type { AccountId, BlockHash, EnclaveFingerprint } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import type { SgxEnclave } from "../types/multi_enclave.ts";
import { type ShardConfig, shardConfigAt, type UpgradableShardConfig } from "../types/shard_config.ts";
import type { ShardSignerStatus } from "../types/shard_signer_status.ts";
import type { SidechainBlockConfirmation } from "../types/sidechain_block_confirmation.ts";
import type { AuthoritySet } from "./follower_state.ts";

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

/** What the registry says of another enclave. */
export interface PeerView {
  /** Its account. */
  readonly account: AccountId;
  /** Its registration; absent if there is none. */
  readonly enclave: SgxEnclave | undefined;
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
  readonly enclave: SgxEnclave | undefined;
  /** Validateers of the shard in storage order; the first one confirms. */
  readonly shardStatus: readonly ShardSignerStatus[];
  /** Configuration of the shard; absent before its creation. */
  readonly shardConfig: UpgradableShardConfig | undefined;
  /** Last confirmed sidechain block of the shard. */
  readonly confirmation: SidechainBlockConfirmation | undefined;
  /** Own signing account. */
  readonly signer: AccountView;
  /** The shard's vault account, if it is known; zero balance if it does not exist. */
  readonly vault: AccountView | undefined;
  /** Delegates of the vault. */
  readonly vaultProxies: readonly VaultProxy[];
  /** Other enclaves that were asked for. */
  readonly peers: readonly PeerView[];
  /** Aura authorities in slot order. */
  readonly auraAuthorities: readonly Uint8Array[];
  /** GRANDPA voters; absent on chains without GRANDPA. */
  readonly grandpa: AuthoritySet | undefined;
}

/** The shard's configuration that is in force at the view's block, or `undefined` before the shard's creation. */
export function activeShardConfig(view: ParentchainView): ShardConfig | undefined {
  return view.shardConfig === undefined ? undefined : shardConfigAt(view.shardConfig, view.number);
}

/**
 * Who may author after the view's block: the entries of the shard's status that run the enclave in force, in storage
 * order. Without a configuration the shard's own name is the fingerprint, as in the pallet.
 */
export function shardAuthorities(view: ParentchainView, shard: Uint8Array): readonly AccountId[] {
  const fingerprint = activeShardConfig(view)?.enclaveFingerprint ?? shard;
  return view.shardStatus.filter((entry) => equalBytes(entry.fingerprint, fingerprint)).map(({ signer }) => signer);
}

/** Measurement of the enclave that may run the shard at the view's block, or `undefined` before the shard's creation. */
export function activeFingerprint(view: ParentchainView): EnclaveFingerprint | undefined {
  return activeShardConfig(view)?.enclaveFingerprint;
}
