/**
 * Duty: confirm a sidechain block on the parentchain.
 *
 * Source: worker `sidechain/consensus/common/src/block_import_confirmation_handler.rs#confirm_import` (839eda024)
 * Differs: number and hash belong to the same block; the candidate is one rotation deep
 *
 * @module
 */
import { equalBytes } from "../../primitives/bytes.ts";
import type { SidechainBlockConfirmation } from "../../types/sidechain_block_confirmation.ts";
import { type DutyChain, type DutyFinding, type DutyIdentity, NOTHING_TO_DO } from "./duty.ts";

/** Mortality in blocks. Source: worker `sidechain/consensus/common/src/block_import_confirmation_handler.rs` (839eda024) */
export const SIDECHAIN_CONFIRMATION_ERA = 16;

/** What to confirm: the candidate, and the confirmation that the parentchain holds. */
export interface ConfirmationWish {
  /** The confirmation that the parentchain holds; it refuses others. */
  readonly ancestor: SidechainBlockConfirmation | undefined;
  /** The block to confirm. */
  readonly candidate: SidechainBlockConfirmation;
}

/** Whether this enclave is the one that confirms: the first entry of the shard's status. */
export function isConfirmer({ view }: DutyChain, { signer }: DutyIdentity): boolean {
  const first = view.shardStatus[0];
  return first !== undefined && equalBytes(first.signer, signer.account);
}

/** Sends the confirmation if this enclave is the one that confirms. */
export function sidechainConfirmationDuty(
  chain: DutyChain,
  identity: DutyIdentity,
  wish: ConfirmationWish | undefined,
): DutyFinding {
  const { metadata } = chain;
  if (wish === undefined || !isConfirmer(chain, identity)) return NOTHING_TO_DO;
  if (!metadata.hasCall("Sidechain", "confirm_imported_sidechain_block")) return NOTHING_TO_DO;
  const call = metadata.encodeCall("Sidechain", "confirm_imported_sidechain_block", {
    shard: identity.shard,
    latest_finalized_ancestor: wish.ancestor === undefined ? undefined : toFields(wish.ancestor),
    finalization_candidate: toFields(wish.candidate),
  });
  return {
    wishes: [{
      purpose: "confirm_imported_sidechain_block",
      key: String(wish.candidate.blockNumber),
      call,
      eraPeriod: SIDECHAIN_CONFIRMATION_ERA,
      by: "enclave",
    }],
    alerts: [],
  };
}

function toFields({ blockNumber, blockHeaderHash }: SidechainBlockConfirmation): Readonly<Record<string, unknown>> {
  return { block_number: blockNumber, block_header_hash: blockHeaderHash };
}
