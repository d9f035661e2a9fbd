/**
 * Verifies a quote of a real processor together with its collateral: nothing of it is revoked or expired, the quoting
 * enclave is Intel's, and how well the platform is patched.
 *
 * Facts: Intel "SGX DCAP Quote Verification Library", "PCS API" version 4
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { QuoteCollateral } from "./collateral.ts";
import type { RevocationList } from "./crl.ts";
import { parsePckExtension, type PckExtension } from "./pck_extension.ts";
import type { PlatformRoot } from "./platform_root.ts";
import { findQeTcbLevel, matchQuotingEnclave, type QeIdentity, type QeMismatch } from "./qe_identity.ts";
import type { ReportBody } from "./quote.ts";
import { type CheckSignature, createSignatureChecker } from "./signature_checker.ts";
import { findTcbLevel, type TcbInfo } from "./tcb_info.ts";
import { mergeAdvisoryIds, mergeTcbStatus, qeTcbStatusOf, type TcbStatus, tcbStatusOf } from "./tcb_status.ts";
import type { ChainRules } from "./verify_chain.ts";
import {
  type CollateralError,
  verifyPckCrlIssuer,
  verifyQeIdentity,
  verifyRevocationList,
  verifyTcbInfo,
} from "./verify_collateral.ts";
import {
  type ParsedQuote,
  parseQuoteWithChain,
  type QuoteError,
  type VerifiedQuote,
  verifyParsedQuote,
} from "./verify_quote.ts";
import type { Certificate } from "./x509.ts";

/** Certificates that can be revoked. */
export type RevocableCertificate = "pckLeaf" | "pckAuthority" | "tcbInfoSigner" | "qeIdentitySigner" | "root";

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
  | QeMismatch;

/** Why a quote with collateral is not accepted. */
export type DcapQuoteError =
  | QuoteError
  | CollateralError
  | PlatformError
  /** The quote is of another vendor's quoting enclave. */
  | { readonly code: "QeVendorUnsupported" }
  /** The issuer took a certificate back. */
  | { readonly code: "CertificateRevoked"; readonly certificate: RevocableCertificate };

/** What collateral says of a platform. */
export interface PlatformVerdict {
  /** Of platform and quoting enclave together. */
  readonly tcbStatus: TcbStatus;
  /** Known weaknesses, by Intel's names; the platform's first. */
  readonly advisoryIds: readonly string[];
}

/** A quote with collateral that holds; whether it is good enough is for a policy to say. */
export interface VerifiedDcapQuote extends VerifiedQuote, PlatformVerdict {
  readonly platform: PckExtension;
  /** Issue date of the oldest piece of collateral that is renewed monthly, ms since 1970. */
  readonly issuedMs: number;
  /** First moment at which a piece of collateral no longer counts, ms since 1970. */
  readonly validUntilMs: number;
}

/** Identity of Intel as the vendor of a quoting enclave. */
const INTEL_QE_VENDOR_ID = Uint8Array.of(
  ...[0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07],
);
/** PCK leaf, authority, root: there are revocation lists for exactly these. */
const PCK_CHAIN_LENGTH = 3;

/**
 * Verifies a quote with its collateral at a moment, for the given roots only. All signatures are checked at once, and
 * each certificate once; a `check` that is kept from quote to quote saves those of the collateral.
 */
export async function verifyDcapQuote(
  bytes: Uint8Array,
  collateral: QuoteCollateral,
  { roots, nowMs, check = createSignatureChecker() }: {
    readonly roots: readonly PlatformRoot[];
    readonly nowMs: number;
    readonly check?: CheckSignature;
  },
): Promise<Result<VerifiedDcapQuote, DcapQuoteError>> {
  const parsed = parseQuoteWithChain(bytes);
  if (!parsed.ok) return parsed;
  const rules: ChainRules = { roots, nowMs, check };
  const quoteVerdict = verifyParsedQuote(parsed.value, { ...rules, length: PCK_CHAIN_LENGTH });
  const collateralVerdict = verifyAllCollateral(collateral, parsed.value.certificates, rules);
  const verified = await quoteVerdict;
  if (!verified.ok) return verified;
  if (!equalBytes(verified.value.quote.header.qeVendorId, INTEL_QE_VENDOR_ID)) {
    return err({ code: "QeVendorUnsupported" });
  }
  const held = await collateralVerdict;
  if (!held.ok) return held;
  const { tcbInfo, qeIdentity, issuedMs, validUntilMs } = held.value;
  const platform = readPlatform(parsed.value);
  if (!platform.ok) return platform;
  const verdict = judgePlatform(platform.value, verified.value.quote.signature.qeReport, tcbInfo, qeIdentity);
  if (!verdict.ok) return verdict;
  return ok({ ...verified.value, ...verdict.value, platform: platform.value, issuedMs, validUntilMs });
}

/** What the PCK leaf of a quote says of its platform. */
export function readPlatform({ certificates: [leaf] }: ParsedQuote): Result<PckExtension, PlatformError> {
  return leaf?.sgxExtension === undefined ? err({ code: "PckExtensionMissing" }) : parsePckExtension(leaf.sgxExtension);
}

/** Judges a platform and its quoting enclave by collateral that was verified. */
export function judgePlatform(
  platform: PckExtension,
  qeReport: ReportBody,
  tcbInfo: TcbInfo,
  qeIdentity: QeIdentity,
): Result<PlatformVerdict, PlatformError> {
  if (!equalBytes(platform.fmspc, tcbInfo.fmspc)) return err({ code: "FmspcMismatch" });
  if (!equalBytes(platform.pceId, tcbInfo.pceId)) return err({ code: "PceIdMismatch" });
  const matched = matchQuotingEnclave(qeReport, qeIdentity);
  if (!matched.ok) return matched;
  const qeLevel = findQeTcbLevel(qeIdentity.levels, qeReport.isvSvn);
  if (qeLevel === undefined) return err({ code: "QeTcbLevelMissing" });
  const level = findTcbLevel(tcbInfo.levels, platform);
  if (level === undefined) return err({ code: "TcbLevelMissing" });
  const [status, qeStatus] = [tcbStatusOf(level.status), qeTcbStatusOf(qeLevel.status)];
  if (status === undefined) return err({ code: "TcbStatusUnknown", status: level.status });
  if (qeStatus === undefined) return err({ code: "TcbStatusUnknown", status: qeLevel.status });
  return ok({
    tcbStatus: mergeTcbStatus(status, qeStatus),
    advisoryIds: mergeAdvisoryIds(level.advisoryIds, qeLevel.advisoryIds),
  });
}

interface VerifiedCollateral {
  readonly tcbInfo: TcbInfo;
  readonly qeIdentity: QeIdentity;
  readonly issuedMs: number;
  readonly validUntilMs: number;
}

/** Verifies all collateral of a chain leaf, authority, root, which the caller verifies. */
async function verifyAllCollateral(
  collateral: QuoteCollateral,
  [leaf, authority, root]: readonly Certificate[],
  rules: ChainRules,
): Promise<Result<VerifiedCollateral, DcapQuoteError>> {
  if (leaf === undefined || authority === undefined || root === undefined) return err({ code: "ChainTooShort" });
  // One quote, one root: collateral below another accepted root says nothing about this processor.
  const own = { ...rules, roots: rules.roots.filter(({ publicKey }) => equalBytes(publicKey, root.publicKey)) };
  const verdicts = [
    verifyRevocationList("rootCrl", collateral.rootCrl, root, own),
    verifyPckCrlIssuer(collateral.pckCrlIssuerChain, authority, own),
    verifyRevocationList("pckCrl", collateral.pckCrl, authority, own),
    verifyTcbInfo(collateral.tcbInfo, own),
    verifyQeIdentity(collateral.qeIdentity, own),
  ] as const;
  const [rootCrl, pckIssuer, pckCrl, tcbInfo, qeIdentity] = await Promise.all(verdicts);
  if (!rootCrl.ok) return rootCrl;
  if (!pckIssuer.ok) return pckIssuer;
  if (!pckCrl.ok) return pckCrl;
  if (isRevoked(leaf, pckCrl.value)) return err({ code: "CertificateRevoked", certificate: "pckLeaf" });
  if (isRevoked(authority, rootCrl.value)) return err({ code: "CertificateRevoked", certificate: "pckAuthority" });
  if (isRevoked(root, rootCrl.value)) return err({ code: "CertificateRevoked", certificate: "root" });
  if (!tcbInfo.ok) return tcbInfo;
  if (isRevoked(tcbInfo.value.signer, rootCrl.value)) {
    return err({ code: "CertificateRevoked", certificate: "tcbInfoSigner" });
  }
  if (!qeIdentity.ok) return qeIdentity;
  if (isRevoked(qeIdentity.value.signer, rootCrl.value)) {
    return err({ code: "CertificateRevoked", certificate: "qeIdentitySigner" });
  }
  const [info, identity] = [tcbInfo.value.document, qeIdentity.value.document];
  return ok({
    tcbInfo: info,
    qeIdentity: identity,
    issuedMs: Math.min(info.issueDateMs, identity.issueDateMs, pckCrl.value.thisUpdateMs),
    validUntilMs: Math.min(
      ...[info.nextUpdateMs, identity.nextUpdateMs, pckCrl.value.nextUpdateMs, rootCrl.value.nextUpdateMs],
    ),
  });
}

function isRevoked(certificate: Certificate, list: RevocationList): boolean {
  return list.revoked.has(certificate.serial);
}
