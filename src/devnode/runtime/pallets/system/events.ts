/**
 * Events and errors of the System pallet.
 *
 * @module
 */
import { defineErrors, defineEvents } from "../../dispatch/event.ts";
import { bool, plainVariant, structVariant } from "../../types/builders.ts";
import { accountId32, h256 } from "../../types/common.ts";
import { dispatchError, dispatchInfo } from "../../types/dispatch_types.ts";

/** Events of the System pallet. */
export const systemEvents = defineEvents("System", {
  ExtrinsicSuccess: structVariant(0, { dispatch_info: dispatchInfo }),
  ExtrinsicFailed: structVariant(1, { dispatch_error: dispatchError, dispatch_info: dispatchInfo }),
  CodeUpdated: plainVariant(2),
  NewAccount: structVariant(3, { account: accountId32 }),
  KilledAccount: structVariant(4, { account: accountId32 }),
  Remarked: structVariant(5, { sender: accountId32, hash: h256 }),
  UpgradeAuthorized: structVariant(6, { code_hash: h256, check_version: bool }),
});

/** Errors of the System pallet. */
export const systemErrors = defineErrors("System", {
  InvalidSpecName: 0,
  SpecVersionNeedsToIncrease: 1,
  FailedToExtractRuntimeVersion: 2,
  NonDefaultComposite: 3,
  NonZeroRefCount: 4,
  CallFiltered: 5,
  MultiBlockMigrationsOngoing: 6,
  NothingAuthorized: 7,
  Unauthorized: 8,
});
