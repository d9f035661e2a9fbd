/**
 * Verifies collateral piece by piece: who signed it, and whether it counts at a moment.
 *
 * @module
 */
import { p256Verify } from "../crypto/p256.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { MAX_DOCUMENT_LENGTH, type SignedDocument } from "./collateral.ts";
import { parseRevocationList, type RevocationList } from "./crl.ts";
import type { PlatformRoot } from "./platform_root.ts";
import { parseQeIdentity, parseTdQeIdentity, type QeIdentity } from "./qe_identity.ts";
import { type DocumentError, parseTcbInfo, type TcbInfo } from "./tcb_info.ts";
import { parseTdxTcbInfo, type TdxTcbInfo } from "./tdx_tcb_info.ts";
import { type ChainError, type ChainRules, parseChain, verifyCertificates } from "./verify_chain.ts";
import { type Certificate, normalizePem } from "./x509.ts";

/** The pieces of collateral. */
export type CollateralPart = "tcbInfo" | "qeIdentity" | "rootCrl" | "pckCrl";

/** Why a piece of collateral does not count. */
export type CollateralError =
  /** It has not the expected shape. */
  | { readonly code: "CollateralMalformed"; readonly part: CollateralPart }
  /** It is about something else than the quote is of, or of another version. */
  | { readonly code: "CollateralUnsupported"; readonly part: CollateralPart }
  /** The chain of its issuer does not hold. */
  | { readonly code: "CollateralChainInvalid"; readonly part: CollateralPart; readonly reason: ChainError }
  /** It names, or was issued by, another than who had to issue it. */
  | { readonly code: "CollateralIssuerMismatch"; readonly part: CollateralPart }
  /** Its issuer did not sign it. */
  | { readonly code: "CollateralSignatureInvalid"; readonly part: CollateralPart }
  /** The clock is before its validity. */
  | { readonly code: "CollateralNotYetValid"; readonly part: CollateralPart }
  /** The clock is after its validity. */
  | { readonly code: "CollateralExpired"; readonly part: CollateralPart };

/** A document that counts, and who signed it. */
export interface VerifiedDocument<T> {
  readonly document: T;
  readonly signer: Certificate;
  readonly root: PlatformRoot;
}

/** Signer and root: Intel signs documents with a certificate directly below its root. */
const DOCUMENT_CHAIN_LENGTH = 2;

/** Verifies TCB information for enclaves: chain, signature over the exact bytes, dates. */
export function verifyTcbInfo(
  signed: SignedDocument,
  rules: ChainRules,
): Promise<Result<VerifiedDocument<TcbInfo>, CollateralError>> {
  return verifyDocument("tcbInfo", signed, parseTcbInfo, rules);
}

/** Verifies TCB information for trust domains: chain, signature over the exact bytes, dates. */
export function verifyTdxTcbInfo(
  signed: SignedDocument,
  rules: ChainRules,
): Promise<Result<VerifiedDocument<TdxTcbInfo>, CollateralError>> {
  return verifyDocument("tcbInfo", signed, parseTdxTcbInfo, rules);
}

/** Verifies the identity of the quoting enclave for enclaves: chain, signature over the exact bytes, dates. */
export function verifyQeIdentity(
  signed: SignedDocument,
  rules: ChainRules,
): Promise<Result<VerifiedDocument<QeIdentity>, CollateralError>> {
  return verifyDocument("qeIdentity", signed, parseQeIdentity, rules);
}

/** Verifies the identity of the quoting enclave for trust domains: chain, signature over the exact bytes, dates. */
export function verifyTdQeIdentity(
  signed: SignedDocument,
  rules: ChainRules,
): Promise<Result<VerifiedDocument<QeIdentity>, CollateralError>> {
  return verifyDocument("qeIdentity", signed, parseTdQeIdentity, rules);
}

/** Verifies a revocation list of an issuer whose own certificate was verified. */
export async function verifyRevocationList(
  part: "rootCrl" | "pckCrl",
  der: Uint8Array,
  issuer: Certificate,
  rules: ChainRules,
): Promise<Result<RevocationList, CollateralError>> {
  const { nowMs, check = p256Verify } = rules;
  const parsed = parseRevocationList(der);
  if (!parsed.ok) return err({ code: "CollateralMalformed", part });
  const list = parsed.value;
  if (!issuer.isCa || !issuer.maySignCrl || !equalBytes(list.issuer, issuer.subject)) {
    return err({ code: "CollateralIssuerMismatch", part });
  }
  if (!await check(list.signature, list.tbs, issuer.publicKey)) {
    return err({ code: "CollateralSignatureInvalid", part });
  }
  const dated = judgeDates(part, list.thisUpdateMs, list.nextUpdateMs, nowMs);
  return dated.ok ? ok(list) : dated;
}

/** Verifies the chain of the issuer of a list of PCK leaves, which must be the authority that issued the leaf. */
export async function verifyPckCrlIssuer(
  pem: Uint8Array,
  authority: Certificate,
  rules: ChainRules,
): Promise<Result<undefined, CollateralError>> {
  const part = "pckCrl";
  const parsed = parseChain(normalizePem(pem));
  if (!parsed.ok) return err({ code: "CollateralChainInvalid", part, reason: parsed.error });
  const verified = await verifyCertificates(parsed.value, {
    ...rules,
    leaf: "authority",
    length: DOCUMENT_CHAIN_LENGTH,
  });
  if (!verified.ok) return err({ code: "CollateralChainInvalid", part, reason: verified.error });
  return equalBytes(verified.value.leafKey, authority.publicKey)
    ? ok(undefined)
    : err({ code: "CollateralIssuerMismatch", part });
}

interface Dated {
  readonly issueDateMs: number;
  readonly nextUpdateMs: number;
}

async function verifyDocument<T extends Dated>(
  part: "tcbInfo" | "qeIdentity",
  { json, signature, issuerChain }: SignedDocument,
  parse: (json: Uint8Array) => Result<T, DocumentError>,
  rules: ChainRules,
): Promise<Result<VerifiedDocument<T>, CollateralError>> {
  if (json.length > MAX_DOCUMENT_LENGTH) return err({ code: "CollateralMalformed", part });
  const certificates = parseChain(normalizePem(issuerChain));
  if (!certificates.ok) return err({ code: "CollateralChainInvalid", part, reason: certificates.error });
  const [signer] = certificates.value;
  if (signer === undefined) return err({ code: "CollateralChainInvalid", part, reason: { code: "ChainTooShort" } });
  const { check = p256Verify } = rules;
  const chainVerdict = verifyCertificates(certificates.value, { ...rules, length: DOCUMENT_CHAIN_LENGTH });
  const verdict = check(signature, json, signer.publicKey);
  const chain = await chainVerdict;
  if (!chain.ok) return err({ code: "CollateralChainInvalid", part, reason: chain.error });
  // Nothing of a document is looked at before it is known who wrote it.
  if (!await verdict) return err({ code: "CollateralSignatureInvalid", part });
  const parsed = parse(json);
  if (!parsed.ok) return err({ code: `Collateral${parsed.error.code}`, part });
  const document = parsed.value;
  const dated = judgeDates(part, document.issueDateMs, document.nextUpdateMs, rules.nowMs);
  return dated.ok ? ok({ document, signer, root: chain.value.root }) : dated;
}

function judgeDates(
  part: CollateralPart,
  fromMs: number,
  untilMs: number,
  nowMs: number,
): Result<undefined, CollateralError> {
  if (nowMs < fromMs) return err({ code: "CollateralNotYetValid", part });
  return nowMs > untilMs ? err({ code: "CollateralExpired", part }) : ok(undefined);
}
