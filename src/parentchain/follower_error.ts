/**
 * Why the follower refused blocks. After any of these its state is as before.
 *
 * @module
 */
import type { CodecError } from "../codec/error.ts";
import type { BlockHash } from "../primitives/branded.ts";
import type { AuraError } from "./aura.ts";
import type { JustificationError } from "./grandpa/verify.ts";

/** Refusal of an import; `block` is the number of the block at fault where it is known. */
export type FollowerError =
  /** More blocks in one import than are taken. */
  | { readonly code: "TooManyBlocks"; readonly actual: number }
  /** The chain has no GRANDPA: only level `trusted` can follow it. */
  | { readonly code: "NoFinalityGadget" }
  /** The header's bytes are not a header. */
  | { readonly code: "HeaderUndecodable"; readonly index: number; readonly cause: CodecError }
  /** The start block is number 0 and not the pinned genesis. */
  | { readonly code: "GenesisMismatch"; readonly expected: BlockHash; readonly actual: BlockHash }
  /** The header does not follow the head, and no justification lets it replace a part of the tail. */
  | { readonly code: "ParentMismatch"; readonly block: number; readonly head: number }
  /** At level `proven` the batch ends above its last justification. */
  | { readonly code: "JustificationMissing"; readonly block: number }
  /** The justification does not prove the header. */
  | { readonly code: "JustificationInvalid"; readonly block: number; readonly cause: JustificationError }
  /** The voters changed at `changeAt`: first that block's own justification, by the old set. */
  | { readonly code: "AuthoritySetChangeUnproven"; readonly block: number; readonly changeAt: number }
  /** The digest forces other voters: an operator must give a new checkpoint. */
  | { readonly code: "ForcedChange"; readonly block: number }
  /** More authority changes wait than are kept. */
  | { readonly code: "TooManyPendingChanges"; readonly block: number }
  /** The state names other voters than the digests do. */
  | { readonly code: "AuthoritySetMismatch"; readonly block: number }
  /** More unproven headers than level `sealed` takes. */
  | { readonly code: "TooManyUnproven"; readonly block: number }
  /** The header's slot or seal is not its author's. */
  | { readonly code: "SealInvalid"; readonly block: number; readonly cause: AuraError }
  /** A proven header contradicts blocks that confirmed sidechain blocks depend on. */
  | { readonly code: "ParentchainTailReverted"; readonly block: number; readonly confirmed: number }
  /** From `contentFrom` on every block needs its body and state. */
  | { readonly code: "ContentMissing"; readonly block: number }
  /** The extrinsics are not those of the header's extrinsics root. */
  | { readonly code: "ExtrinsicsRootMismatch"; readonly block: number }
  /** Values without a proof, at a level that wants one. */
  | { readonly code: "ProofMissing"; readonly block: number }
  /** The read proof does not lead from the state root to the wanted keys. */
  | { readonly code: "ProofInvalid"; readonly block: number; readonly reason: string }
  /** As many trusted values as wanted keys are needed. */
  | {
    readonly code: "TrustedValuesMismatch";
    readonly block: number;
    readonly expected: number;
    readonly actual: number;
  }
  /** The block was executed by another runtime than the metadata describe: new metadata are needed. */
  | { readonly code: "RuntimeUpgraded"; readonly block: number; readonly specVersion: number }
  /** A storage value, event or extrinsic does not decode by the metadata. */
  | { readonly code: "ContentUndecodable"; readonly block: number; readonly what: string }
  /** A GRANDPA message of the digest does not decode: it could hide a change of the voters. */
  | { readonly code: "DigestUndecodable"; readonly block: number }
  /** The events do not give exactly one outcome per extrinsic; `actual` counts the events. */
  | {
    readonly code: "DispatchResultsMismatch";
    readonly block: number;
    readonly expected: number;
    readonly actual: number;
  };
