/**
 * What the runtime asks of a verifier of attestation. A runtime executes synchronously, so the verifier has judged
 * everything that does not depend on the moment before; the moment is the block's, so that all nodes judge alike.
 *
 * @module
 */
import type { ReportBody } from "../../attestation/report_body.ts";
import type { PlatformTcb } from "../../attestation/tcb_info.ts";
import type { RuntimeCall } from "./dispatch/call.ts";
import type { SgxQuotingEnclave, SgxTcbInfoOnChain } from "./pallets/teerex/types.ts";

/** State of the platform that made a quote. */
export type QuoteStatus = "Invalid" | "Ok" | "GroupOutOfDate" | "GroupRevoked" | "ConfigurationNeeded";

/** Names of Teerex errors that a verifier gives; see `teerexErrors`. */
export type AttestationErrorName =
  | "CollateralIsInvalid"
  | "CertificateChainIsInvalid"
  | "CertificateChainIsTooShort"
  | "DcapKeyTypeMismatch"
  | "DcapQuoteDecodingError"
  | "DcapQuoteVersionMismatch"
  | "EnclaveIdentityDecodingError"
  | "EnclaveIdentitySignatureIsInvalid"
  | "IntelExtensionAmbiguity"
  | "IntelExtensionCertificateDecodingError"
  | "IsvEnclaveReportSignatureIsInvalid"
  | "KeyLengthIsInvalid"
  | "LeafCertificateParsingError"
  | "PckCertFormatMismatch"
  | "QeReportHashMismatch"
  | "RsaSignatureIsInvalid"
  | "TcbInfoIsInvalid";

/** A refusal, with the name of the pallet's error. */
export interface AttestationRefusal {
  readonly refused: AttestationErrorName;
}

/** The real processor behind a quote, to be judged by the collateral in the state. */
export interface QuotedPlatform extends PlatformTcb {
  /** Kind of platform, 6 bytes. */
  readonly fmspc: Uint8Array;
  readonly qeReport: ReportBody;
}

/** What a verified quote says. */
export interface VerifiedQuote {
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timestamp: bigint;
  readonly buildMode: "Debug" | "Production";
  readonly status: QuoteStatus;
  /** `undefined` for an emulated one, which has no collateral: then {@linkcode status} is the verifier's word. */
  readonly platform?: QuotedPlatform | undefined;
}

/** Verifies quotes for `register_sgx_enclave`; `undefined` for one that was not seen before. */
export type QuoteVerifier = (
  proof: Uint8Array,
  method: "Ias" | "Dcap",
  nowMs: bigint,
) => VerifiedQuote | AttestationRefusal | undefined;

/** Arguments of `register_quoting_enclave` and `register_tcb_info`. */
export interface CollateralArgs {
  /** The signed JSON. */
  readonly document: Uint8Array;
  readonly signature: Uint8Array;
  /** PEM, from the signer to the root. */
  readonly certificateChain: Uint8Array;
}

/** Patch levels and the kind of platform that they are of. */
export interface VerifiedTcbInfo {
  readonly fmspc: Uint8Array;
  readonly info: SgxTcbInfoOnChain;
}

/** Verifies collateral at a moment; `undefined` for what was not seen before. */
export interface CollateralVerifier {
  readonly quotingEnclave: (
    args: CollateralArgs,
    nowMs: bigint,
  ) => SgxQuotingEnclave | AttestationRefusal | undefined;
  readonly tcbInfo: (args: CollateralArgs, nowMs: bigint) => VerifiedTcbInfo | AttestationRefusal | undefined;
}

/**
 * Whether all verdicts that a call asks for are at hand. `tooMany` depends on the call alone; `missing` on what this node
 * has seen, so that a call must be put off and never executed as if its quotes were bad.
 */
export type AttestationStanding = "ready" | "tooMany" | "missing";

/** Tells the standing of a call, those nested in it included. */
export type AttestationLookup = (call: RuntimeCall) => AttestationStanding;
