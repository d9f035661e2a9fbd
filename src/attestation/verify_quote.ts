/**
 * Verifies the signatures of a quote: root → PCK leaf → quoting enclave → attestation key → report.
 *
 * This is all there is to say of an emulated platform, which has no collateral. For real ones see
 * `verify_dcap_quote.ts`: without collateral an outdated or revoked processor, and any enclave that a PCK leaf signs
 * for, pass.
 *
 * @module
 */
import { p256Verify } from "../crypto/p256.ts";
import { sha256 } from "../crypto/sha256.ts";
import { concatBytes, equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { PlatformRoot } from "./platform_root.ts";
import {
  parseEnclaveQuote,
  parseQuote,
  type Quote,
  type QuoteFormatError,
  quoteSigningBytes,
  type SgxQuote,
} from "./quote.ts";
import { reportBody } from "./report_body.ts";
import { type ChainError, type ChainRules, parseChain, verifyCertificates } from "./verify_chain.ts";
import type { Certificate } from "./x509.ts";

/** Why a quote is not accepted. */
export type QuoteError =
  | QuoteFormatError
  | ChainError
  /** The PCK leaf did not sign the quoting enclave's report. */
  | { readonly code: "QeReportSignatureInvalid" }
  /** The quoting enclave's report is about another attestation key. */
  | { readonly code: "AttestationKeyUnbound" }
  /** The attestation key did not sign this report. */
  | { readonly code: "QuoteSignatureInvalid" };

/** A quote and the certificates inside it, nothing of it verified. */
export interface ParsedQuote<Q extends Quote = Quote> {
  readonly quote: Q;
  /** From the PCK leaf to the root. */
  readonly certificates: readonly Certificate[];
}

/** A quote whose signatures lead to a root. */
export interface VerifiedQuote<Q extends Quote = Quote> {
  readonly quote: Q;
  readonly root: PlatformRoot;
}

/** Why a quote is not accepted as that of an enclave. */
export type EnclaveQuoteError =
  | QuoteError
  /** It is that of a trust domain, which has no measurement of an enclave. */
  | { readonly code: "NotAnEnclaveQuote" };

/** Verifies the signatures of an enclave's quote at a moment, for the given roots only. */
export async function verifyQuoteSignature(
  bytes: Uint8Array,
  roots: readonly PlatformRoot[],
  nowMs: number,
): Promise<Result<VerifiedQuote<SgxQuote>, EnclaveQuoteError>> {
  const parsed = parseEnclaveQuoteWithChain(bytes);
  return parsed.ok ? await verifyParsedQuote(parsed.value, { roots, nowMs }) : parsed;
}

/** Reads a quote and the certificates inside it; says nothing about their truth. */
export function parseQuoteWithChain(bytes: Uint8Array): Result<ParsedQuote, QuoteFormatError | ChainError> {
  const quote = parseQuote(bytes);
  return quote.ok ? withChain(quote.value) : quote;
}

/** Reads an enclave's quote and the certificates inside it; says nothing about their truth. */
export function parseEnclaveQuoteWithChain(bytes: Uint8Array): Result<ParsedQuote<SgxQuote>, EnclaveQuoteError> {
  const quote = parseEnclaveQuote(bytes);
  return quote.ok ? withChain(quote.value) : quote;
}

function withChain<Q extends Quote>(quote: Q): Result<ParsedQuote<Q>, ChainError> {
  const certificates = parseChain(quote.signature.certificationData);
  return certificates.ok ? ok({ quote, certificates: certificates.value }) : certificates;
}

/** Verifies the signatures of a quote that was read; all at once, errors in the order from root to report. */
export async function verifyParsedQuote<Q extends Quote>(
  { quote, certificates }: ParsedQuote<Q>,
  rules: ChainRules,
): Promise<Result<VerifiedQuote<Q>, QuoteError>> {
  const { check = p256Verify } = rules;
  const { signature } = quote;
  const [leaf] = certificates;
  if (leaf === undefined) return err({ code: "ChainTooShort" });
  const chainVerdict = verifyCertificates(certificates, rules);
  const qeVerdict = check(signature.qeReportSignature, reportBody.encode(signature.qeReport), leaf.publicKey);
  const verdict = check(signature.signature, quoteSigningBytes(quote), signature.attestationKey);
  const chain = await chainVerdict;
  if (!chain.ok) return chain;
  if (!await qeVerdict) return err({ code: "QeReportSignatureInvalid" });
  if (!equalBytes(signature.qeReport.reportData, attestationKeyBinding(signature))) {
    return err({ code: "AttestationKeyUnbound" });
  }
  if (!await verdict) return err({ code: "QuoteSignatureInvalid" });
  return ok({ quote, root: chain.value.root });
}

/** Report data by which a quoting enclave vouches for an attestation key: SHA-256, then 32 zero bytes. */
export function attestationKeyBinding(
  { attestationKey, qeAuthData }: { readonly attestationKey: Uint8Array; readonly qeAuthData: Uint8Array },
): Uint8Array {
  return concatBytes(sha256(concatBytes(attestationKey, qeAuthData)), new Uint8Array(32));
}
