/**
 * Verdicts on quotes and collateral for the runtime. Everything is verified at a moment inside all validities, which
 * go along: so a verdict does not depend on this node's clock, and holds at the moment of any block.
 *
 * @module
 */
import type { SignedDocument } from "../attestation/collateral.ts";
import { parsePckExtension } from "../attestation/pck_extension.ts";
import type { PlatformRoot } from "../attestation/platform_root.ts";
import { isDebugReport } from "../attestation/report_body.ts";
import type { CheckSignature } from "../attestation/signature_checker.ts";
import { parseChain } from "../attestation/verify_chain.ts";
import type { CollateralError, VerifiedDocument } from "../attestation/verify_collateral.ts";
import { type EnclaveQuoteError, parseEnclaveQuoteWithChain, verifyParsedQuote } from "../attestation/verify_quote.ts";
import { type Certificate, normalizePem } from "../attestation/x509.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type {
  AttestationErrorName,
  AttestationRefusal,
  CollateralArgs,
  QuotedPlatform,
  VerifiedQuote,
} from "./runtime/attestation_port.ts";

/** A value that holds at some moments. */
export interface Verdict<T> {
  readonly value: T;
  /** First moment, ms since 1970. */
  readonly fromMs: number;
  /** Last moment, ms since 1970. */
  readonly untilMs: number;
}

/** How verdicts are reached. */
export interface VerdictRules {
  readonly roots: readonly PlatformRoot[];
  readonly check: CheckSignature;
}

/** Dates of a document. */
interface Dated {
  readonly issueDateMs: number;
  readonly nextUpdateMs: number;
}

/** Judges the signatures of a quote; the collateral in the state is the runtime's business. */
export async function judgeQuote(
  proof: Uint8Array,
  rules: VerdictRules,
): Promise<Result<Verdict<Omit<VerifiedQuote, "timestamp">>, AttestationRefusal>> {
  const parsed = parseEnclaveQuoteWithChain(proof);
  if (!parsed.ok) return refuse(quoteErrorName(parsed.error));
  const { fromMs, untilMs } = validityOf(parsed.value.certificates);
  const verified = await verifyParsedQuote(parsed.value, { ...rules, nowMs: fromMs });
  if (!verified.ok) return refuse(quoteErrorName(verified.error));
  const { root, quote: { report, signature: { qeReport } } } = verified.value;
  const value = {
    reportData: report.reportData,
    mrEnclave: report.mrenclave,
    mrSigner: report.mrsigner,
    buildMode: isDebugReport(report) ? "Debug" : "Production",
    status: "Ok",
  } as const;
  if (root.isEmulated) return ok({ value, fromMs, untilMs });
  const extension = parsed.value.certificates[0]?.sgxExtension;
  if (extension === undefined) return refuse("IntelExtensionAmbiguity");
  const read = parsePckExtension(extension);
  if (!read.ok) return refuse("IntelExtensionCertificateDecodingError");
  const platform: QuotedPlatform = { ...read.value, qeReport };
  return ok({ value: { ...value, platform }, fromMs, untilMs });
}

/** Judges a signed document of collateral. */
export async function judgeDocument<T extends Dated>(
  { document, signature, certificateChain }: CollateralArgs,
  parse: (json: Uint8Array) => Result<T, unknown>,
  verify: (signed: SignedDocument, rules: VerdictRules & { readonly nowMs: number }) => Promise<
    Result<VerifiedDocument<T>, CollateralError>
  >,
  rules: VerdictRules,
): Promise<Result<Verdict<T>, CollateralError | { readonly code: "SignatureLengthWrong" }>> {
  if (signature.length !== 64) return err({ code: "SignatureLengthWrong" });
  // Read before it is verified, only to choose the moment at which it is verified.
  const [chain, unverified] = [parseChain(normalizePem(certificateChain)), parse(document)];
  const { fromMs, untilMs } = validityOf(chain.ok ? chain.value : [], unverified.ok ? unverified.value : undefined);
  const signed = { json: document, signature, issuerChain: certificateChain };
  const verified = await verify(signed, { ...rules, nowMs: fromMs });
  return verified.ok ? ok({ value: verified.value.document, fromMs, untilMs }) : verified;
}

/** The moments at which all certificates and the document count. */
function validityOf(certificates: readonly Certificate[], document?: Dated): { fromMs: number; untilMs: number } {
  const [from, until] = document === undefined ? [[], []] : [[document.issueDateMs], [document.nextUpdateMs]];
  return {
    fromMs: Math.max(0, ...from, ...certificates.map(({ notBeforeMs }) => notBeforeMs)),
    untilMs: Math.min(...until, ...certificates.map(({ notAfterMs }) => notAfterMs)),
  };
}

function refuse(refused: AttestationErrorName): Result<never, AttestationRefusal> {
  return err({ refused });
}

/** The pallet's word for what is wrong with a quote. */
function quoteErrorName(error: EnclaveQuoteError): AttestationErrorName {
  switch (error.code) {
    case "QuoteMalformed":
      return "DcapQuoteDecodingError";
    case "UnsupportedQuoteVersion":
    case "NotAnEnclaveQuote":
      return "DcapQuoteVersionMismatch";
    case "UnsupportedAttestationKeyType":
      return "DcapKeyTypeMismatch";
    case "UnsupportedCertificationData":
      return "PckCertFormatMismatch";
    case "ChainTooShort":
      return "CertificateChainIsTooShort";
    case "LeafUnsuitable":
      return "LeafCertificateParsingError";
    case "CertificateMalformed":
      return error.index === 0 ? "LeafCertificateParsingError" : "CertificateChainIsInvalid";
    case "QeReportSignatureInvalid":
      // The original checks all signatures of certificates by a function that names RSA.
      return "RsaSignatureIsInvalid";
    case "AttestationKeyUnbound":
      return "QeReportHashMismatch";
    case "QuoteSignatureInvalid":
      return "IsvEnclaveReportSignatureIsInvalid";
    default:
      return "CertificateChainIsInvalid";
  }
}
