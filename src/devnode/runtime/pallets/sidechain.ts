/**
 * The Sidechain pallet: confirmations of sidechain blocks.
 *
 * Source: pallets `sidechain/src/lib.rs` (c3ac6c1)
 *
 * @module
 */
import { equalBytes } from "../../../primitives/bytes.ts";
import { ok, type Result } from "../../../primitives/result.ts";
import { defineCall, EMPTY_PALLET, type PalletFactory } from "../definition.ts";
import { defineErrors, defineEvents } from "../dispatch/event.ts";
import { type DispatchResult, PAYS } from "../dispatch/call.ts";
import { type ExecutionContext, fail } from "../dispatch/context.ts";
import { ensureSigned, type Origin } from "../dispatch/origin.ts";
import { blake2Concat, optionalMap, type StorageMap } from "../storage/storage_item.ts";
import { optionOf, structOf, structVariant, u64 } from "../types/builders.ts";
import { accountId32, h256 } from "../types/common.ts";
import type { DispatchError } from "../types/dispatch_types.ts";
import type { RuntimeType } from "../types/runtime_type.ts";
import { touchAsEnclave } from "./bridge/shards.ts";

/** Weight of a confirmation. */
const CONFIRM_REF_TIME = 150_000_000n;

/** A confirmed sidechain block. */
export interface SidechainBlockConfirmation {
  readonly block_number: bigint;
  readonly block_header_hash: Uint8Array;
}
const confirmation: RuntimeType<SidechainBlockConfirmation> = structOf(
  "sidechain_primitives::SidechainBlockConfirmation",
  { block_number: u64, block_header_hash: h256 },
);

/** The newest confirmed block of each shard. */
export const latestConfirmation: StorageMap<Uint8Array, SidechainBlockConfirmation, undefined> = optionalMap(
  "Sidechain",
  "LatestSidechainBlockConfirmation",
  blake2Concat(h256),
  confirmation,
);

/** Events of the Sidechain pallet. */
export const sidechainEvents = defineEvents("Sidechain", {
  FinalizedSidechainBlock: structVariant(0, {
    shard: h256,
    block_number: u64,
    block_header_hash: h256,
    validateer: accountId32,
  }),
});

/** Errors of the Sidechain pallet. */
export const sidechainErrors = defineErrors("Sidechain", {
  FinalizationCandidateIsOutdated: 0,
  AncestorNumberMismatch: 1,
  AncestorHashMismatch: 2,
  AncestorMissing: 3,
});

interface ConfirmArgs {
  readonly shard: Uint8Array;
  readonly latest_finalized_ancestor: SidechainBlockConfirmation | undefined;
  readonly finalization_candidate: SidechainBlockConfirmation;
}

/** The candidate must come after the confirmed block, and the ancestor must be that block. */
function checkAncestor(
  ctx: ExecutionContext,
  latest: SidechainBlockConfirmation,
  args: ConfirmArgs,
): Result<undefined, DispatchError> {
  const ancestor = args.latest_finalized_ancestor;
  if (ancestor === undefined) return fail(ctx, sidechainErrors.AncestorMissing);
  if (args.finalization_candidate.block_number <= latest.block_number) {
    return fail(ctx, sidechainErrors.FinalizationCandidateIsOutdated);
  }
  if (ancestor.block_number !== latest.block_number) return fail(ctx, sidechainErrors.AncestorNumberMismatch);
  if (!equalBytes(ancestor.block_header_hash, latest.block_header_hash)) {
    return fail(ctx, sidechainErrors.AncestorHashMismatch);
  }
  return ok(undefined);
}

function confirm(ctx: ExecutionContext, origin: Origin, args: ConfirmArgs): DispatchResult {
  const sender = ensureSigned(origin);
  if (!sender.ok) return sender;
  const touched = touchAsEnclave(ctx, sender.value, args.shard);
  if (!touched.ok) return touched;
  const first = touched.value[0];
  // Only the shard's first signer confirms; others have shown that they are alive and that is all.
  if (first === undefined || !equalBytes(first.signer, sender.value)) return ok(PAYS);
  const latest = latestConfirmation.get(ctx.store, args.shard);
  const checked = latest === undefined ? ok(undefined) : checkAncestor(ctx, latest, args);
  if (!checked.ok) return checked;
  latestConfirmation.insert(ctx.store, args.shard, args.finalization_candidate);
  const { block_number, block_header_hash } = args.finalization_candidate;
  ctx.deposit(sidechainEvents.FinalizedSidechainBlock, {
    shard: args.shard,
    block_number,
    block_header_hash,
    validateer: sender.value,
  });
  return ok(PAYS);
}

/** Creates the Sidechain pallet. */
export const sidechainPallet: PalletFactory = () => ({
  ...EMPTY_PALLET,
  name: "Sidechain",
  crate: "pallet_sidechain",
  storage: [latestConfirmation.info],
  calls: {
    confirm_imported_sidechain_block: defineCall<ConfirmArgs>(
      0,
      {
        shard: h256,
        latest_finalized_ancestor: optionOf(confirmation),
        finalization_candidate: confirmation,
      },
      CONFIRM_REF_TIME,
      confirm,
    ),
  },
  events: sidechainEvents,
  errors: sidechainErrors,
});
