/**
 * What the enclave does on the parentchain on its own: values only. A duty looks at the proven view and says which
 * extrinsics to send next; the caller hands their bytes to the host as effects.
 *
 * @module
 */
import type { AccountId, BlockHash, EnclaveFingerprint, H256, ShardIdentifier } from "../../primitives/branded.ts";
import type { BlockRef } from "../../parentchain/follower_state.ts";
import type { ParentchainMetadata } from "../../parentchain/metadata.ts";
import type { ParentchainView } from "../../parentchain/view.ts";

/** Why an extrinsic is sent. */
export type DutyPurpose =
  | "register_sgx_enclave"
  | "update_shard_config"
  | "fund_vault"
  | "add_proxy"
  | "add_proxy_for_peer"
  | "confirm_processed_parentchain_block"
  | "confirm_imported_sidechain_block"
  | "payout";

/** An ed25519 key that signs for the parentchain; the key itself stays with the caller. */
export interface ExtrinsicSigner {
  /** Its account: the ed25519 public key. */
  readonly account: AccountId;
  /** Signs a payload (already hashed if long). */
  readonly sign: (payload: Uint8Array) => Uint8Array;
}

/** The shard's vault. */
export interface VaultIdentity {
  readonly account: AccountId;
  /** Signs with its own key; only the enclave that founded the shard has it. */
  readonly sign: ExtrinsicSigner["sign"] | undefined;
}

/** A signed extrinsic for the host to submit. */
export interface DutyExtrinsic {
  /** Bytes with their length prefix, as `author_submitExtrinsic` takes them. */
  readonly bytes: Uint8Array;
  /** Blake2-256 hash of the bytes. */
  readonly hash: H256;
  /** Why it is sent. */
  readonly purpose: DutyPurpose;
  /** Account that signed it. */
  readonly signer: AccountId;
  /** Its nonce. */
  readonly nonce: number;
  /** Last block in which it can be included. */
  readonly eraEnd: number;
}

/** The chain that extrinsics are for. */
export interface DutyChain {
  /** Metadata of the runtime. */
  readonly metadata: ParentchainMetadata;
  /** Hash of block 0. */
  readonly genesisHash: BlockHash;
  /** Newest imported block: where eras begin. */
  readonly head: BlockRef;
  /** State after `head`. */
  readonly view: ParentchainView;
}

/** An extrinsic that a duty would send, before it has a nonce and a signature. */
export interface DutyWish {
  /** Why. */
  readonly purpose: DutyPurpose;
  /** Tells wishes of one purpose apart: while one with the same purpose and key is in flight, it is not sent again. */
  readonly key: string;
  /** The encoded call. */
  readonly call: Uint8Array;
  /** Blocks for which it may be included. */
  readonly eraPeriod: number;
  /** Who signs: the enclave, or once the vault itself. */
  readonly by: "enclave" | "vault";
}

/** Something an operator should know. `code` is stable; `fields` hold public values only. */
export interface DutyAlert {
  /** What happened. */
  readonly code: string;
  /** Public details. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Who the enclave is. */
export interface DutyIdentity {
  /** Its signing key on the parentchain. */
  readonly signer: ExtrinsicSigner;
  /** Its measurement. */
  readonly fingerprint: EnclaveFingerprint;
  /** Its shard. */
  readonly shard: ShardIdentifier;
  /** The shard's vault, if it is known. */
  readonly vault: VaultIdentity | undefined;
}

/** What one duty finds. */
export interface DutyFinding {
  /** Extrinsics that it would send. */
  readonly wishes: readonly DutyWish[];
  /** What stands in its way. */
  readonly alerts: readonly DutyAlert[];
}

/** A duty with nothing to do. */
export const NOTHING_TO_DO: DutyFinding = { wishes: [], alerts: [] };

/** Mortality of registration, shard and vault extrinsics in blocks. Source: worker `core-primitives/extrinsics-factory/src/lib.rs` (839eda024) */
export const SETUP_ERA = 64;
