/**
 * Collateral in the state of the Teerex pallet: registering it, and judging a platform by it.
 *
 * Source: pallets `teerex/src/lib.rs` (c3ac6c1)
 * Differs: older collateral does not replace newer; a platform that is out of date, revoked or of unknown status is
 * refused, the original stores the status and takes the platform; the quoting enclave's attributes are compared, and
 * the dates of its identity at registration of an enclave.
 *
 * @module
 */
import { matchQuotingEnclave } from "../../../../attestation/qe_identity.ts";
import { findSvnTcbLevel } from "../../../../attestation/svn_tcb_level.ts";
import { findTcbLevel } from "../../../../attestation/tcb_info.ts";
import { err, ok, type Result } from "../../../../primitives/result.ts";
import type { AttestationRefusal, CollateralArgs, QuotedPlatform } from "../../attestation_port.ts";
import { type DispatchResult, PAYS } from "../../dispatch/call.ts";
import { type ExecutionContext, fail, moduleError } from "../../dispatch/context.ts";
import { ensureSigned, type Origin } from "../../dispatch/origin.ts";
import type { DispatchError } from "../../types/dispatch_types.ts";
import { timestampNow } from "../timestamp.ts";
import { quotingEnclave, tcbInfo, teerexErrors, teerexEvents } from "./definitions.ts";
import type { SgxStatus, TcbStatus } from "./types.ts";

/** Registers the identity of the quoting enclave. */
export function registerQuotingEnclave(ctx: ExecutionContext, origin: Origin, args: CollateralArgs): DispatchResult {
  const sender = ensureSigned(origin);
  if (!sender.ok) return sender;
  const identity = accepted(ctx, ctx.parameters.verifyCollateral?.quotingEnclave(args, timestampNow.get(ctx.store)));
  if (!identity.ok) return identity;
  if (identity.value.issue_date < quotingEnclave.get(ctx.store).issue_date) {
    return fail(ctx, teerexErrors.CollateralIsInvalid);
  }
  quotingEnclave.put(ctx.store, identity.value);
  ctx.deposit(teerexEvents.SgxQuotingEnclaveRegistered, { quoting_enclave: identity.value });
  return ok(PAYS);
}

/** Registers the patch levels of one kind of platform. */
export function registerTcbInfo(ctx: ExecutionContext, origin: Origin, args: CollateralArgs): DispatchResult {
  const sender = ensureSigned(origin);
  if (!sender.ok) return sender;
  const verified = accepted(ctx, ctx.parameters.verifyCollateral?.tcbInfo(args, timestampNow.get(ctx.store)));
  if (!verified.ok) return verified;
  const { fmspc, info } = verified.value;
  if (info.issue_date < tcbInfo.get(ctx.store, fmspc).issue_date) return fail(ctx, teerexErrors.CollateralIsInvalid);
  tcbInfo.insert(ctx.store, fmspc, info);
  ctx.deposit(teerexEvents.SgxTcbInfoRegistered, { fmspc, on_chain_info: info });
  return ok(PAYS);
}

/** Judges the platform of a quote by the collateral in the state. */
export function judgeByCollateral(
  ctx: ExecutionContext,
  platform: QuotedPlatform,
  nowMs: bigint,
): Result<SgxStatus, DispatchError> {
  const identity = quotingEnclave.get(ctx.store);
  if (identity.issue_date === 0n) return fail(ctx, teerexErrors.QeHasRejectedEnclave);
  if (!isCurrent(identity, nowMs)) return fail(ctx, teerexErrors.CollateralIsInvalid);
  const expected = {
    miscSelect: identity.miscselect,
    miscSelectMask: identity.miscselect_mask,
    attributes: identity.attributes,
    attributesMask: identity.attributes_mask,
    mrsigner: identity.mrsigner,
    isvProdId: identity.isvprodid,
  };
  const levels = identity.tcb.map(({ isvsvn }) => ({ isvSvn: isvsvn }));
  const isQuotingEnclave = matchQuotingEnclave(platform.qeReport, expected).ok &&
    findSvnTcbLevel(levels, platform.qeReport.isvSvn) !== undefined;
  if (!isQuotingEnclave) return fail(ctx, teerexErrors.QeHasRejectedEnclave);
  const info = tcbInfo.get(ctx.store, platform.fmspc);
  if (info.issue_date === 0n) return fail(ctx, teerexErrors.MissingTcbInfoForFmspc);
  const level = findTcbLevel(
    info.tcb_levels.map(({ cpusvn, pcesvn, tcb_status }) => ({ components: cpusvn, pceSvn: pcesvn, tcb_status })),
    platform,
  );
  const status = sgxStatusOf(level?.tcb_status ?? "Unknown");
  const isGood = isCurrent(info, nowMs) && (status === "Ok" || status === "ConfigurationNeeded");
  return isGood ? ok(status) : fail(ctx, teerexErrors.TcbInfoIsOutdated);
}

/** What the registry stores for a platform's status: hardening in software counts as `Ok`. */
function sgxStatusOf(status: TcbStatus): SgxStatus {
  switch (status) {
    case "UpToDate":
    case "SWHardeningNeeded":
      return "Ok";
    case "ConfigurationAndSWHardeningNeeded":
      return "ConfigurationNeeded";
    case "OutOfDate":
    case "OutOfDateConfigurationNeeded":
      return "GroupOutOfDate";
    case "Revoked":
      return "GroupRevoked";
    case "Unknown":
      return "Invalid";
  }
}

function isCurrent(dated: { readonly issue_date: bigint; readonly next_update: bigint }, nowMs: bigint): boolean {
  return dated.issue_date <= nowMs && nowMs <= dated.next_update;
}

/** What a verifier took, or its refusal as the pallet's error; without a verifier all collateral is invalid. */
function accepted<T extends object>(
  ctx: ExecutionContext,
  verdict: T | AttestationRefusal | undefined,
): Result<T, DispatchError> {
  if (verdict === undefined) return fail(ctx, teerexErrors.CollateralIsInvalid);
  return "refused" in verdict ? err(moduleError(ctx, teerexErrors[verdict.refused])) : ok(verdict);
}
