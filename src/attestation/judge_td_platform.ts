/**
 * Judges the platform of a trust domain by collateral that was verified: processor, quoting enclave, TDX module, and
 * that nobody debugs the domain.
 *
 * Facts: Intel "SGX DCAP Quote Verification Library", "PCS API" version 4
 *
 * @module
 */
import { err, ok, type Result } from "../primitives/result.ts";
import { judgePlatform, mergeLevel, type PlatformError, type PlatformVerdict } from "./judge_platform.ts";
import type { PckExtension } from "./pck_extension.ts";
import type { QeIdentity } from "./qe_identity.ts";
import type { TdxQuote } from "./quote.ts";
import { isDebugTd } from "./td_report.ts";
import { judgeTdxModule } from "./tdx_module.ts";
import { findTdxTcbLevel, type TdxTcbInfo } from "./tdx_tcb_info.ts";

/** Judges the platform of a trust domain. */
export function judgeTdPlatform(
  { report, signature: { qeReport } }: TdxQuote,
  platform: PckExtension,
  tcbInfo: TdxTcbInfo,
  qeIdentity: QeIdentity,
): Result<PlatformVerdict, PlatformError> {
  const findLevel = () => findTdxTcbLevel(tcbInfo.levels, platform, report.teeTcbSvn);
  const verdict = judgePlatform(qeReport, platform, tcbInfo, qeIdentity, findLevel);
  if (!verdict.ok) return verdict;
  const module = judgeTdxModule(report, tcbInfo.modules);
  if (!module.ok) return module;
  if (isDebugTd(report)) return err({ code: "DebugTd" });
  return module.value === undefined ? ok(verdict.value) : mergeLevel(verdict.value, module.value);
}
