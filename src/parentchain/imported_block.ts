/**
 * What goes into the follower for one parentchain block, and what comes out.
 *
 * @module
 */
import type { AccountId, BlockHash, H256 } from "../primitives/branded.ts";
import type { BlockRef, FinalityLevel, FollowerState } from "./follower_state.ts";
import type { ParentchainView } from "./view.ts";

/** Storage values of a block: with a read proof, or on the node's word (level `trusted` only). */
export type StorageEvidence =
  /** Trie nodes that lead from the header's state root to every wanted key. */
  | { readonly type: "proof"; readonly nodes: readonly Uint8Array[] }
  /** One value per wanted key in its order; absent keys are `undefined`. */
  | { readonly type: "trusted"; readonly values: readonly (Uint8Array | undefined)[] };

/** Body and state of a block. */
export interface BlockContent {
  /** Extrinsics as the header's extrinsics root covers them: each with its own length prefix. */
  readonly extrinsics: readonly Uint8Array[];
  /** Values of the wanted keys in the state after the block. */
  readonly storage: StorageEvidence;
}

/** One block as the host hands it in. */
export interface BlockInput {
  /** SCALE-encoded header. */
  readonly header: Uint8Array;
  /** SCALE-encoded GRANDPA justification of exactly this block; it proves the linked ancestors too. */
  readonly justification?: Uint8Array | undefined;
  /** Body and state; needed from `FollowerState.contentFrom` on. */
  readonly content?: BlockContent | undefined;
}

/** A transfer to the vault, to be credited in the shard. */
export interface DepositItem {
  /** Index of the `Balances.Transfer` event in the block: with the block number its identity. */
  readonly itemIndex: number;
  /** Who paid; credited under the same account. */
  readonly from: AccountId;
  /** Amount in smallest units. */
  readonly amount: bigint;
}

/** An indirect invocation for this shard. */
export interface InvokeItem {
  /** Index of the extrinsic in the block. */
  readonly extrinsicIndex: number;
  /** RSA ciphertext of a trusted operation, for the pool. */
  readonly cyphertext: Uint8Array;
}

/** A shielding through the bridge pallet for this shard. */
export interface ShieldItem {
  /** Index of the extrinsic in the block. */
  readonly extrinsicIndex: number;
  /** RSA ciphertext of the beneficiary's account. */
  readonly accountEncrypted: Uint8Array;
  /** Amount in smallest units. */
  readonly amount: bigint;
}

/** Outcome of a payout's `Proxy.proxy` call on the parentchain, for `payouts`. */
export interface ProxyOutcome {
  /** Index of the extrinsic in the block. */
  readonly extrinsicIndex: number;
  /** Blake2-256 hash of the extrinsic's bytes, length prefix included. */
  readonly extrinsicHash: H256;
  /** The delegate that signed it. */
  readonly signer: AccountId;
  /** Whether the extrinsic itself succeeded, `Proxy.ProxyExecuted` is Ok and the transfer stands beside it. */
  readonly outcome:
    | { readonly type: "paid"; readonly beneficiary: AccountId; readonly amount: bigint }
    | { readonly type: "failed"; readonly reason: string };
}

/** What the filters took from a block. */
export interface ImportedContent {
  /** `Timestamp.set` of the block, in ms since 1970; absent if the chain sets none. */
  readonly nowMs: bigint | undefined;
  /** Transfers to the vault, by event index. */
  readonly deposits: readonly DepositItem[];
  /** Indirect invocations, in body order. */
  readonly invokes: readonly InvokeItem[];
  /** Shieldings through the bridge pallet, in body order. */
  readonly shields: readonly ShieldItem[];
  /** Signed extrinsics of the vault's delegates through `Proxy.proxy`, for the payouts' bookkeeping. */
  readonly proxied: readonly ProxyOutcome[];
  /** Blake2-256 hashes of all extrinsics, in body order: to see what was included. */
  readonly extrinsicHashes: readonly H256[];
  /** Merkle root that `confirm_processed_parentchain_block` reports. */
  readonly processedRoot: H256;
  /** The parentchain's state after the block. */
  readonly view: ParentchainView;
}

/** A block that the follower accepted. */
export interface ImportedBlock extends BlockRef {
  /** Hash of the parent. */
  readonly parentHash: BlockHash;
  /** What stands behind it now: `proven`, `sealed` or only the node's word. */
  readonly level: FinalityLevel;
  /** Body and state; absent below `contentFrom`. */
  readonly content: ImportedContent | undefined;
  /** State of the follower after this block: to be sealed with the sidechain state that has this block as its cursor. */
  readonly followerState: FollowerState;
}

/** Result of an import. */
export interface ImportOutcome {
  /** State after all blocks. */
  readonly state: FollowerState;
  /** Accepted blocks, ascending. */
  readonly imported: readonly ImportedBlock[];
  /** Sealed blocks that a proven header undid, ascending; what they did must be undone. */
  readonly reverted: readonly BlockRef[];
}
