/**
 * Judges the platform of an enclave, and the quoting enclave of either kind of quote, by collateral that was verified.
 *
 * Facts: Intel "SGX DCAP Quote Verification Library", "PCS API" version 4
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { PckExtension } from "./pck_extension.ts";
import { matchQuotingEnclave, type QeIdentity, type QeMismatch } from "./qe_identity.ts";
import type { SgxQuote } from "./quote.ts";
import type { ReportBody } from "./report_body.ts";
import { findSvnTcbLevel, type SvnTcbLevel } from "./svn_tcb_level.ts";
import { findTcbLevel, type TcbInfo, type TcbInfoHead, type TcbLevel } from "./tcb_info.ts";
import { mergeAdvisoryIds, mergeTcbStatus, svnTcbStatusOf, type TcbStatus, tcbStatusOf } from "./tcb_status.ts";
import type { TdxModuleError } from "./tdx_module.ts";

/** Why a platform cannot be judged by collateral. */
export type PlatformError =
  /** The PCK leaf says nothing of a platform. */
  | { readonly code: "PckExtensionMissing" }
  /** The PCK leaf speaks of its platform in an unknown way. */
  | { readonly code: "PckExtensionMalformed" }
  /** The TCB information is about another kind of platform. */
  | { readonly code: "FmspcMismatch" }
  /** The TCB information is about another provisioning certification enclave. */
  | { readonly code: "PceIdMismatch" }
  /** The platform is below every level that there is a word for. */
  | { readonly code: "TcbLevelMissing" }
  /** The quoting enclave is below every level that there is a word for. */
  | { readonly code: "QeTcbLevelMissing" }
  /** There is a word, and it means nothing here. */
  | { readonly code: "TcbStatusUnknown"; readonly status: string }
  | QeMismatch
  | TdxModuleError
  /** The trust domain is under debug, so has no secrets. */
  | { readonly code: "DebugTd" };

/** What collateral says of a platform. */
export interface PlatformVerdict {
  /** Of platform, quoting enclave and TDX module together. */
  readonly tcbStatus: TcbStatus;
  /** Known weaknesses, by Intel's names; the platform's first. */
  readonly advisoryIds: readonly string[];
}

/** Judges the platform of an enclave. */
export function judgeEnclavePlatform(
  { signature: { qeReport } }: SgxQuote,
  platform: PckExtension,
  tcbInfo: TcbInfo,
  qeIdentity: QeIdentity,
): Result<PlatformVerdict, PlatformError> {
  return judgePlatform(qeReport, platform, tcbInfo, qeIdentity, () => findTcbLevel(tcbInfo.levels, platform));
}

/** Judges what both kinds of quote have: a platform that reaches some level, and a quoting enclave. */
export function judgePlatform(
  qeReport: ReportBody,
  platform: PckExtension,
  tcbInfo: TcbInfoHead,
  qeIdentity: QeIdentity,
  findLevel: () => TcbLevel | undefined,
): Result<PlatformVerdict, PlatformError> {
  if (!equalBytes(platform.fmspc, tcbInfo.fmspc)) return err({ code: "FmspcMismatch" });
  if (!equalBytes(platform.pceId, tcbInfo.pceId)) return err({ code: "PceIdMismatch" });
  const matched = matchQuotingEnclave(qeReport, qeIdentity);
  if (!matched.ok) return matched;
  const qeLevel = findSvnTcbLevel(qeIdentity.levels, qeReport.isvSvn);
  if (qeLevel === undefined) return err({ code: "QeTcbLevelMissing" });
  const level = findLevel();
  if (level === undefined) return err({ code: "TcbLevelMissing" });
  const tcbStatus = tcbStatusOf(level.status);
  if (tcbStatus === undefined) return err({ code: "TcbStatusUnknown", status: level.status });
  return mergeLevel({ tcbStatus, advisoryIds: level.advisoryIds }, qeLevel);
}

/** A verdict and the level of one more part, together; the worse counts. */
export function mergeLevel(
  { tcbStatus, advisoryIds }: PlatformVerdict,
  part: SvnTcbLevel,
): Result<PlatformVerdict, PlatformError> {
  const status = svnTcbStatusOf(part.status);
  if (status === undefined) return err({ code: "TcbStatusUnknown", status: part.status });
  return ok({
    tcbStatus: mergeTcbStatus(tcbStatus, status),
    advisoryIds: mergeAdvisoryIds(advisoryIds, part.advisoryIds),
  });
}
