/**
 * Why a block of a peer is not imported, and what that says about the peer.
 *
 * Source: worker `sidechain/consensus/common/src/error.rs#Error` and
 * `core-primitives/types`-wide names as in `sidechain/block-verification/src/error.rs#Error` (839eda024)
 *
 * @module
 */
import type { AccountId, BlockHash, H256, ShardIdentifier } from "../primitives/branded.ts";

/** `ignore`: nothing speaks against the peer. `reject`: an honest validateer does not make such a block. */
export type Verdict = "ignore" | "reject";

/** A refused block; `verdict` is about the peer that sent it. */
export type BlockImportError =
  & { readonly verdict: Verdict }
  & (
    /** The bytes are no signed block within the limits. */
    | { readonly code: "UndecodableBlock"; readonly detail: string }
    /** The block belongs to another shard. */
    | { readonly code: "WrongShard"; readonly shard: ShardIdentifier }
    /** The signature is not the author's. */
    | { readonly code: "BadSidechainBlock"; readonly blockHash: BlockHash }
    /** The block is in the chain already, or at or below the last confirmed one. */
    | { readonly code: "BlockAlreadyImported"; readonly blockNumber: bigint }
    /** The block does not follow the parent it names (`reject`), or that one is not here (`ignore`: fetch what lies between). */
    | { readonly code: "BlockAncestryMismatch"; readonly lastBlockNumber: bigint; readonly lastBlockHash: BlockHash }
    /** Block 1 has a parent, or another block has none. */
    | { readonly code: "InvalidFirstBlock"; readonly blockNumber: bigint }
    /** The slot is not later than the parent's. */
    | { readonly code: "SlotNotLater"; readonly slot: bigint; readonly parentSlot: bigint }
    /** The slot is more than one ahead of the local clock. */
    | { readonly code: "SlotInFuture"; readonly slot: bigint; readonly currentSlot: bigint }
    /** The header does not commit to this body. */
    | { readonly code: "BlockDataHashMismatch"; readonly want: H256; readonly got: H256 }
    /** `next_finalization_block_number` does not follow from the parent's. */
    | { readonly code: "NextFinalizationMismatch"; readonly want: bigint; readonly got: bigint }
    /** `layer_one_head` cannot be used, see {@linkcode LayerOneFault}. */
    | { readonly code: "BadParentchainBlock"; readonly fault: LayerOneFault; readonly layerOneHead: BlockHash }
    /** It was another one's turn, or nobody's. */
    | { readonly code: "InvalidAuthority"; readonly want: AccountId | undefined; readonly got: AccountId }
    /** The payload cannot be decrypted: changed (`reject`), or of an epoch whose key is not here (`ignore`). */
    | { readonly code: "InvalidPayload"; readonly reason: PayloadFault }
    /** The diff was made on another state than the parent's. */
    | { readonly code: "InvalidAprioriHash"; readonly want: H256; readonly got: Uint8Array }
    /** The prologue is not what the parentchain says. */
    | { readonly code: "InvalidPrologue"; readonly want: H256; readonly got: H256 }
    /** The receipts are not those of the block data, or name other executed operations. */
    | { readonly code: "InvalidReceipts" }
    /** The diff does not lead to the state root of the block. */
    | { readonly code: "InvalidStorageDiff"; readonly want: H256; readonly got: H256 | undefined }
  );

/** What is wrong with a `layer_one_head`. */
export type LayerOneFault =
  /** Not known here as final: the block is parked and tried again (`ignore`). */
  | "unknown"
  /** Its number is not the one in the block (`reject`). */
  | "number"
  /** Older than the parent's (`reject`). */
  | "backwards"
  /** Too far behind the newest one here (`ignore`: perhaps the block is late). */
  | "lagging";

/** What is wrong with a payload. */
export type PayloadFault = "DiffTooShort" | "UnknownEpoch" | "DiffNotAuthentic" | "Undecodable";

/** Whether the block may become importable when the parentchain or the chain moves on here, so that it is worth parking. */
export function isParkable(error: BlockImportError): boolean {
  return (error.code === "BadParentchainBlock" && error.fault === "unknown") || isOrphaned(error);
}

/** Whether the parent of the block is not here, so that what lies between is to be fetched. */
export function isOrphaned(error: BlockImportError): boolean {
  return error.code === "BlockAncestryMismatch" && error.verdict === "ignore";
}

/** Refusals of what its author may not have made, although the header, and with it the hash, may be true. */
const NOT_OF_THE_AUTHOR: ReadonlySet<string> = new Set([
  "UndecodableBlock",
  "WrongShard",
  "BadSidechainBlock",
  "BlockDataHashMismatch",
]);

/** Whether the refusal holds for every block with this hash: not if the signature or the body is not the author's. */
export function isOfTheBlock(error: BlockImportError): boolean {
  return !NOT_OF_THE_AUTHOR.has(error.code);
}

/** Refusals of blocks whose signature, body and turn were right: the author's own doing. */
const OF_THE_AUTHOR: ReadonlySet<string> = new Set([
  "InvalidPayload",
  "InvalidAprioriHash",
  "InvalidPrologue",
  "InvalidReceipts",
  "InvalidStorageDiff",
]);

/** Whether a refused block still proves what its author signed in a slot of its own. */
export function isSignedInTurn(error: BlockImportError): boolean {
  return OF_THE_AUTHOR.has(error.code);
}
