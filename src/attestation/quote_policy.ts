/**
 * Which quotes a verifier takes, and the one function that applies it to a quote.
 *
 * @module
 */
import type { EnclaveFingerprint } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { QuoteCollateral } from "./collateral.ts";
import type { PlatformVerdict } from "./judge_platform.ts";
import type { PlatformRoot } from "./platform_root.ts";
import type { SgxQuote } from "./quote.ts";
import { isDebugReport, type ReportBody } from "./report_body.ts";
import type { CheckSignature } from "./signature_checker.ts";
import { type AcceptableTcbStatus, isTcbStatusAtLeast, type TcbStatus } from "./tcb_status.ts";
import { type DcapQuoteError, verifyDcapEnclaveQuote } from "./verify_dcap_quote.ts";
import { parseEnclaveQuoteWithChain, type VerifiedQuote, verifyParsedQuote } from "./verify_quote.ts";

/** What a verifier of any quote wants. */
export interface QuotePolicy {
  /** Roots that are known; quotes under others are refused. */
  readonly roots: readonly PlatformRoot[];
  /** Names of the emulated roots among them that count. */
  readonly acceptedEmulatedRoots: readonly string[];
  /** Measurements that are accepted. */
  readonly fingerprints: readonly EnclaveFingerprint[];
  /** Accept enclaves that a debugger may read. Default false. */
  readonly allowDebug?: boolean;
  /** Worst status of a platform that is accepted. Default {@linkcode DEFAULT_MINIMUM_TCB_STATUS}. */
  readonly minimumTcbStatus?: AcceptableTcbStatus;
  /**
   * Oldest collateral that is accepted, in ms since the issue date of its oldest monthly piece. Left out, the pieces'
   * own dates are enough.
   */
  readonly maxCollateralAgeMs?: number;
  /** Now, in ms since 1970. */
  readonly nowMs: number;
  /** Checks signatures; kept from quote to quote, it saves those of the collateral. */
  readonly check?: CheckSignature;
}

/** Platforms must be patched unless a policy says otherwise. */
export const DEFAULT_MINIMUM_TCB_STATUS: AcceptableTcbStatus = "UpToDate";

/** Why a quote is not taken. */
export type QuotePolicyError =
  | DcapQuoteError
  /** It is the quote of a trust domain, which has no measurement of an enclave. */
  | { readonly code: "NotAnEnclaveQuote" }
  /** Its processor is emulated, and the policy does not name that root. */
  | { readonly code: "EmulatedEnclaveNotAccepted"; readonly rootName: string }
  /** A real processor's quote came without collateral, so nothing is known of revocation and patches. */
  | { readonly code: "CollateralMissing" }
  /** A debugger may read the enclave. */
  | { readonly code: "DebugEnclave" }
  /** The measurement is not among the accepted ones. */
  | { readonly code: "FingerprintNotAccepted" }
  /** The platform is patched worse than the policy wants. */
  | { readonly code: "TcbStatusNotAccepted"; readonly status: TcbStatus; readonly advisoryIds: readonly string[] }
  /** The collateral is older than the policy wants. */
  | { readonly code: "CollateralTooOld"; readonly ageMs: number };

/** A quote that was taken. */
export interface AcceptedQuote {
  readonly report: ReportBody;
  readonly root: PlatformRoot;
  /** Whether the root is an emulated one: then nothing protects the enclave from its host. */
  readonly emulated: boolean;
  /** Whether a debugger may read the enclave. */
  readonly debug: boolean;
  /** What collateral says of the platform; `undefined` for an emulated one without. */
  readonly tcb: PlatformVerdict | undefined;
}

/**
 * Verifies the quote of an enclave and applies a policy. Emulated platforms have no collateral: for them it may be left out, and what
 * comes with one is checked all the same.
 */
export async function verifyQuoteByPolicy(
  bytes: Uint8Array,
  collateral: QuoteCollateral | undefined,
  policy: QuotePolicy,
): Promise<Result<AcceptedQuote, QuotePolicyError>> {
  const verified = collateral === undefined
    ? await verifyWithoutCollateral(bytes, policy)
    : await verifyWithCollateral(bytes, collateral, policy);
  if (!verified.ok) return verified;
  const { quote: { root, quote: { report } }, tcb } = verified.value;
  if (root.isEmulated && !policy.acceptedEmulatedRoots.includes(root.name)) {
    return err({ code: "EmulatedEnclaveNotAccepted", rootName: root.name });
  }
  const debug = isDebugReport(report);
  if (debug && policy.allowDebug !== true) return err({ code: "DebugEnclave" });
  if (!policy.fingerprints.some((accepted) => equalBytes(accepted, report.mrenclave))) {
    return err({ code: "FingerprintNotAccepted" });
  }
  if (tcb !== undefined) {
    const judged = judgeTcb(tcb, policy);
    if (!judged.ok) return judged;
  }
  return ok({ report, root, emulated: root.isEmulated, debug, tcb });
}

interface Verified {
  readonly quote: VerifiedQuote<SgxQuote>;
  readonly tcb: (PlatformVerdict & { readonly issuedMs: number }) | undefined;
}

function judgeTcb(
  { tcbStatus, advisoryIds, issuedMs }: NonNullable<Verified["tcb"]>,
  { minimumTcbStatus = DEFAULT_MINIMUM_TCB_STATUS, maxCollateralAgeMs = Infinity, nowMs }: QuotePolicy,
): Result<undefined, QuotePolicyError> {
  if (!isTcbStatusAtLeast(tcbStatus, minimumTcbStatus)) {
    return err({ code: "TcbStatusNotAccepted", status: tcbStatus, advisoryIds });
  }
  const ageMs = nowMs - issuedMs;
  return ageMs > maxCollateralAgeMs ? err({ code: "CollateralTooOld", ageMs }) : ok(undefined);
}

async function verifyWithCollateral(
  bytes: Uint8Array,
  collateral: QuoteCollateral,
  policy: QuotePolicy,
): Promise<Result<Verified, QuotePolicyError>> {
  const verified = await verifyDcapEnclaveQuote(bytes, collateral, policy);
  if (!verified.ok) return verified;
  const { quote, root, tcbStatus, advisoryIds, issuedMs } = verified.value;
  return ok({ quote: { quote, root }, tcb: { tcbStatus, advisoryIds, issuedMs } });
}

async function verifyWithoutCollateral(
  bytes: Uint8Array,
  policy: QuotePolicy,
): Promise<Result<Verified, QuotePolicyError>> {
  const parsed = parseEnclaveQuoteWithChain(bytes);
  if (!parsed.ok) return parsed;
  const verified = await verifyParsedQuote(parsed.value, policy);
  if (!verified.ok) return verified;
  return verified.value.root.isEmulated
    ? ok({ quote: verified.value, tcb: undefined })
    : err({ code: "CollateralMissing" });
}
