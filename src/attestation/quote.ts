/**
 * SGX DCAP quote, version 3, with an ECDSA P-256 attestation key: the layout of Intel's "Intel SGX ECDSA
 * QuoteLibReference", all integers little endian.
 *
 * Vectors: `tests/attestation/vectors/*.bin`
 *
 * @module
 */
import { array, bytesOf, type Codec, makeCodec, struct, tryDecode, u16, u32, u64, u8 } from "../codec/codec.ts";
import { type Cursor, take } from "../codec/cursor.ts";
import { CodecError } from "../codec/error.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";

/** Longest quote that is read; the parentchain takes 5,000 bytes, some platforms send longer chains. */
export const MAX_QUOTE_LENGTH = 8_192;
/** Most authentication data of a quoting enclave; Intel's has 32 bytes. */
const MAX_AUTH_DATA_LENGTH = 1_024;
/** Bit of {@linkcode ReportBody.attributeFlags} that opens the enclave to a debugger. */
const FLAG_DEBUG = 2n;

/** Version of the layout. */
export const QUOTE_VERSION = 3;
/** Attestation key type: ECDSA over P-256. */
export const ATTESTATION_KEY_ECDSA_P256 = 2;
/** Certification data: the PEM chain from the PCK leaf to the root. */
export const CERTIFICATION_PCK_CHAIN = 5;

/** Head of a quote, 48 bytes. */
export interface QuoteHeader {
  readonly version: number;
  readonly attestationKeyType: number;
  /** 0 = SGX. */
  readonly teeType: number;
  readonly qeSvn: number;
  readonly pceSvn: number;
  /** 16 bytes. */
  readonly qeVendorId: Uint8Array;
  /** 20 bytes. */
  readonly userData: Uint8Array;
}

/** SCALE-style codec of {@linkcode QuoteHeader}. */
export const quoteHeader: Codec<QuoteHeader> = struct({
  version: u16,
  attestationKeyType: u16,
  teeType: u32,
  qeSvn: u16,
  pceSvn: u16,
  qeVendorId: bytesOf(16),
  userData: bytesOf(20),
});

/** What a processor says of one enclave, 384 bytes. */
export interface ReportBody {
  /** 16 bytes. */
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: number;
  readonly reserved1: Uint8Array;
  readonly isvExtProdId: Uint8Array;
  /** Flags, see {@linkcode isDebugReport}. */
  readonly attributeFlags: bigint;
  readonly attributeXfrm: bigint;
  /** Measurement of the code. */
  readonly mrenclave: Uint8Array;
  readonly reserved2: Uint8Array;
  /** Hash of the vendor's key. */
  readonly mrsigner: Uint8Array;
  readonly reserved3: Uint8Array;
  readonly configId: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly configSvn: number;
  readonly reserved4: Uint8Array;
  readonly isvFamilyId: Uint8Array;
  /** 64 bytes that the enclave chose. */
  readonly reportData: Uint8Array;
}

/** Codec of {@linkcode ReportBody}. */
export const reportBody: Codec<ReportBody> = struct({
  cpuSvn: bytesOf(16),
  miscSelect: u32,
  reserved1: bytesOf(12),
  isvExtProdId: bytesOf(16),
  attributeFlags: u64,
  attributeXfrm: u64,
  mrenclave: bytesOf(32),
  reserved2: bytesOf(32),
  mrsigner: bytesOf(32),
  reserved3: bytesOf(32),
  configId: bytesOf(64),
  isvProdId: u16,
  isvSvn: u16,
  configSvn: u16,
  reserved4: bytesOf(42),
  isvFamilyId: bytesOf(16),
  reportData: bytesOf(64),
});

/** Whether the report is of a debug enclave, which has no secrets. */
export function isDebugReport(report: ReportBody): boolean {
  return (report.attributeFlags & FLAG_DEBUG) !== 0n;
}

/** Bytes with a length of their own width in front. */
function prefixed(length: Codec<number>, max: number): Codec<Uint8Array> {
  return makeCodec<Uint8Array>((value) => {
    if (value.length > max) throw new RangeError(`Cannot encode ${value.length} bytes: at most ${max}`);
    return concatBytes(length.encode(value.length), value);
  }, (cursor: Cursor) => {
    const size = length.read(cursor);
    if (size > max) throw new CodecError("TooLarge", `length ${size}, at most ${max}`);
    return take(cursor, size);
  });
}

/** The signatures of a quote and the keys they were made with. */
export interface QuoteSignature {
  /** By the attestation key over header and report; r ‖ s. */
  readonly signature: Uint8Array;
  /** x ‖ y. */
  readonly attestationKey: Uint8Array;
  /** The quoting enclave's own report; its report data binds the attestation key. */
  readonly qeReport: ReportBody;
  /** By the PCK leaf over the quoting enclave's report; r ‖ s. */
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthData: Uint8Array;
  /** 5 = PEM chain, the only supported type. */
  readonly certificationType: number;
  readonly certificationData: Uint8Array;
}

/** Codec of {@linkcode QuoteSignature}. */
export const quoteSignature: Codec<QuoteSignature> = struct({
  signature: bytesOf(64),
  attestationKey: bytesOf(64),
  qeReport: reportBody,
  qeReportSignature: bytesOf(64),
  qeAuthData: prefixed(u16, MAX_AUTH_DATA_LENGTH),
  certificationType: u16,
  certificationData: prefixed(u32, MAX_QUOTE_LENGTH),
});

/** A whole quote. */
export interface Quote {
  readonly header: QuoteHeader;
  readonly report: ReportBody;
  readonly signature: QuoteSignature;
}

const rawQuote: Codec<{ header: QuoteHeader; report: ReportBody; signature: Uint8Array }> = struct({
  header: quoteHeader,
  report: reportBody,
  signature: prefixed(u32, MAX_QUOTE_LENGTH),
});

/** Why bytes are no quote that can be judged. */
export type QuoteFormatError =
  /** Too long, cut off, or with bytes left over. */
  | { readonly code: "QuoteMalformed" }
  /** Not version 3. TDX quotes are version 4 or 5: out of this format, whatever their collateral says. */
  | { readonly code: "UnsupportedQuoteVersion"; readonly version: number }
  /** Not ECDSA over P-256, or not SGX. */
  | { readonly code: "UnsupportedAttestationKeyType"; readonly attestationKeyType: number; readonly teeType: number }
  /** Without the certificate chain inside. */
  | { readonly code: "UnsupportedCertificationData"; readonly certificationType: number };

/** The bytes that the attestation key signs: header and report. */
export function quoteSigningBytes(header: QuoteHeader, report: ReportBody): Uint8Array {
  return concatBytes(quoteHeader.encode(header), reportBody.encode(report));
}

/** Encodes a quote. @throws {RangeError} If a field has a wrong length. */
export function encodeQuote({ header, report, signature }: Quote): Uint8Array {
  return rawQuote.encode({ header, report, signature: quoteSignature.encode(signature) });
}

/** Decodes a quote, strictly; says nothing about its truth. */
export function parseQuote(bytes: Uint8Array): Result<Quote, QuoteFormatError> {
  const version = tryDecode(array(u8, 2), bytes.subarray(0, 2));
  if (!version.ok || bytes.length > MAX_QUOTE_LENGTH) return err({ code: "QuoteMalformed" });
  const [low = 0, high = 0] = version.value;
  if (low + 256 * high !== QUOTE_VERSION) return err({ code: "UnsupportedQuoteVersion", version: low + 256 * high });
  const raw = tryDecode(rawQuote, bytes);
  if (!raw.ok) return err({ code: "QuoteMalformed" });
  const { header, report } = raw.value;
  const { attestationKeyType, teeType } = header;
  if (attestationKeyType !== ATTESTATION_KEY_ECDSA_P256 || teeType !== 0) {
    return err({ code: "UnsupportedAttestationKeyType", attestationKeyType, teeType });
  }
  const signature = tryDecode(quoteSignature, raw.value.signature);
  if (!signature.ok) return err({ code: "QuoteMalformed" });
  const { certificationType } = signature.value;
  if (certificationType !== CERTIFICATION_PCK_CHAIN) {
    return err({ code: "UnsupportedCertificationData", certificationType });
  }
  return ok({ header, report, signature: signature.value });
}
