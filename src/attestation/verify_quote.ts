/**
 * Verifies the signatures of a quote: root → PCK leaf → quoting enclave → attestation key → report.
 *
 * Left out on purpose, and said so in `docs/SECURITY.md`: the collateral (TCB level, quoting enclave's identity,
 * revocation lists). Without it an outdated or revoked processor, and any enclave that a PCK leaf signs for, pass.
 *
 * @module
 */
import { p256Verify } from "../crypto/p256.ts";
import { sha256 } from "../crypto/sha256.ts";
import { concatBytes, equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { PlatformRoot } from "./platform_root.ts";
import { parseQuote, type Quote, type QuoteFormatError, quoteSigningBytes, reportBody } from "./quote.ts";
import { type ChainError, verifyChain } from "./verify_chain.ts";

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

/** A quote whose signatures lead to a root. */
export interface VerifiedQuote {
  readonly quote: Quote;
  readonly root: PlatformRoot;
}

/** Verifies a quote's signatures at a moment, for the given roots only. */
export async function verifyQuoteSignature(
  bytes: Uint8Array,
  roots: readonly PlatformRoot[],
  nowMs: number,
): Promise<Result<VerifiedQuote, QuoteError>> {
  const parsed = parseQuote(bytes);
  if (!parsed.ok) return parsed;
  const quote = parsed.value;
  const { signature, header, report } = quote;
  const chain = await verifyChain(signature.certificationData, roots, nowMs);
  if (!chain.ok) return chain;
  const { leafKey, root } = chain.value;
  const qeReport = reportBody.encode(signature.qeReport);
  if (!await p256Verify(signature.qeReportSignature, qeReport, leafKey)) {
    return err({ code: "QeReportSignatureInvalid" });
  }
  if (!equalBytes(signature.qeReport.reportData, attestationKeyBinding(signature))) {
    return err({ code: "AttestationKeyUnbound" });
  }
  const signed = quoteSigningBytes(header, report);
  if (!await p256Verify(signature.signature, signed, signature.attestationKey)) {
    return err({ code: "QuoteSignatureInvalid" });
  }
  return ok({ quote, root });
}

/** Report data by which a quoting enclave vouches for an attestation key: SHA-256, then 32 zero bytes. */
export function attestationKeyBinding(
  { attestationKey, qeAuthData }: { readonly attestationKey: Uint8Array; readonly qeAuthData: Uint8Array },
): Uint8Array {
  return concatBytes(sha256(concatBytes(attestationKey, qeAuthData)), new Uint8Array(32));
}
