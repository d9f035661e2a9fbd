/**
 * DCAP quotes with an ECDSA P-256 attestation key: of an SGX enclave in version 3, of a TDX trust domain in version 4.
 * All integers little endian.
 *
 * Facts: Intel "SGX ECDSA QuoteLibReference", "TDX DCAP Quoting Library API" appendix 3
 * Vectors: `tests/attestation/vectors/quotes.json`
 *
 * @module
 */
import { bytesOf, type Codec, makeCodec, struct, tryDecode, u16, u32 } from "../codec/codec.ts";
import { take } from "../codec/cursor.ts";
import { CodecError } from "../codec/error.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import {
  encodeListedSignature,
  encodeNestedSignature,
  MAX_SIGNATURE_LENGTH,
  parseListedSignature,
  parseNestedSignature,
  prefixed,
  type QuoteSignature,
  type SignatureFormatError,
} from "./quote_signature.ts";
import { type ReportBody, reportBody } from "./report_body.ts";
import { type TdReport, tdReport } from "./td_report.ts";

/** Longest quote that is read; the parentchain takes 5,000 bytes, some platforms send longer chains. */
export const MAX_QUOTE_LENGTH = 8_192;

const QUOTE_HEADER_LENGTH = 48;

/** Version of the layout of an enclave's quote. */
export const QUOTE_VERSION = 3;
/** Version of the layout of a trust domain's quote. */
export const TD_QUOTE_VERSION = 4;
/** Attestation key type: ECDSA over P-256. */
export const ATTESTATION_KEY_ECDSA_P256 = 2;
/** {@linkcode QuoteHeader.teeType} of an enclave. */
export const TEE_TYPE_SGX = 0;
/** {@linkcode QuoteHeader.teeType} of a trust domain. */
export const TEE_TYPE_TDX = 0x81;

/** Head of a quote, 48 bytes. */
export interface QuoteHeader {
  readonly version: number;
  readonly attestationKeyType: number;
  readonly teeType: number;
  /** Reserved in version 4. */
  readonly qeSvn: number;
  /** Reserved in version 4. */
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

/** What the attestation key signs of an enclave's quote. */
export interface UnsignedSgxQuote {
  readonly tee: "sgx";
  readonly header: QuoteHeader;
  readonly report: ReportBody;
}

/** What the attestation key signs of a trust domain's quote. */
export interface UnsignedTdxQuote {
  readonly tee: "tdx";
  readonly header: QuoteHeader;
  readonly report: TdReport;
}

/** The quote of an enclave. */
export interface SgxQuote extends UnsignedSgxQuote {
  readonly signature: QuoteSignature;
}

/** The quote of a trust domain, which names no enclave. */
export interface TdxQuote extends UnsignedTdxQuote {
  readonly signature: QuoteSignature;
}

/** A whole quote; what its report says depends on what it is of. */
export type Quote = SgxQuote | TdxQuote;

/** Zeros up to the end: quoting services hand out buffers that are larger than the quote of a trust domain. */
const zeroPadding: Codec<undefined> = makeCodec<undefined>(() => new Uint8Array(0), (cursor) => {
  const padding = take(cursor, cursor.length - cursor.i);
  if (padding.some((byte) => byte !== 0)) throw new CodecError("TrailingBytes", "padding is not zero");
  return undefined;
});

const signatureBytes = prefixed(u32, MAX_SIGNATURE_LENGTH);
const rawSgxQuote = struct({ header: quoteHeader, report: reportBody, signature: signatureBytes });
const rawTdxQuote = struct({
  header: quoteHeader,
  report: tdReport,
  signature: signatureBytes,
  padding: zeroPadding,
});

/** Why bytes are no quote that can be judged. */
export type QuoteFormatError =
  /** Too long, cut off, or with bytes left over. */
  | SignatureFormatError
  /** Neither version 3 nor version 4, or version 4 of something else than a trust domain. */
  | { readonly code: "UnsupportedQuoteVersion"; readonly version: number }
  /** Not ECDSA over P-256, or version 3 of something else than an enclave. */
  | { readonly code: "UnsupportedAttestationKeyType"; readonly attestationKeyType: number; readonly teeType: number };

/** The bytes that the attestation key signs: header and report. */
export function quoteSigningBytes(quote: UnsignedSgxQuote | UnsignedTdxQuote): Uint8Array {
  const report = quote.tee === "sgx" ? reportBody.encode(quote.report) : tdReport.encode(quote.report);
  return concatBytes(quoteHeader.encode(quote.header), report);
}

/** Encodes a quote, without padding. @throws {RangeError} If a field has a wrong length. */
export function encodeQuote(quote: Quote): Uint8Array {
  const encode = quote.tee === "sgx" ? encodeListedSignature : encodeNestedSignature;
  return concatBytes(quoteSigningBytes(quote), signatureBytes.encode(encode(quote.signature)));
}

/** Decodes a quote, strictly; says nothing about its truth. */
export function parseQuote(bytes: Uint8Array): Result<Quote, QuoteFormatError> {
  const version = tryDecode(u16, bytes.subarray(0, 2));
  if (!version.ok || bytes.length > MAX_QUOTE_LENGTH) return err({ code: "QuoteMalformed" });
  switch (version.value) {
    case QUOTE_VERSION:
      return parseSgxQuote(bytes);
    case TD_QUOTE_VERSION:
      return parseTdxQuote(bytes);
    default:
      return err({ code: "UnsupportedQuoteVersion", version: version.value });
  }
}

/** Decodes the quote of an enclave, strictly; that of a trust domain has no measurement of an enclave. */
export function parseEnclaveQuote(
  bytes: Uint8Array,
): Result<SgxQuote, QuoteFormatError | { readonly code: "NotAnEnclaveQuote" }> {
  const parsed = parseQuote(bytes);
  if (!parsed.ok) return parsed;
  return parsed.value.tee === "sgx" ? ok(parsed.value) : err({ code: "NotAnEnclaveQuote" });
}

function parseSgxQuote(bytes: Uint8Array): Result<SgxQuote, QuoteFormatError> {
  const raw = parseRaw(rawSgxQuote, bytes, TEE_TYPE_SGX);
  if (!raw.ok) return raw;
  const { header, report } = raw.value;
  const signature = parseListedSignature(raw.value.signature);
  return signature.ok ? ok({ tee: "sgx", header, report, signature: signature.value }) : signature;
}

function parseTdxQuote(bytes: Uint8Array): Result<TdxQuote, QuoteFormatError> {
  const raw = parseRaw(rawTdxQuote, bytes, TEE_TYPE_TDX);
  if (!raw.ok) return raw;
  const { header, report } = raw.value;
  const signature = parseNestedSignature(raw.value.signature);
  return signature.ok ? ok({ tee: "tdx", header, report, signature: signature.value }) : signature;
}

/** Reads the head first: the layout of what follows depends on it. */
function parseRaw<Raw>(layout: Codec<Raw>, bytes: Uint8Array, wantedTeeType: number): Result<Raw, QuoteFormatError> {
  const header = tryDecode(quoteHeader, bytes.subarray(0, QUOTE_HEADER_LENGTH));
  if (!header.ok) return err({ code: "QuoteMalformed" });
  const { version, attestationKeyType, teeType } = header.value;
  if (version === TD_QUOTE_VERSION && teeType !== TEE_TYPE_TDX) {
    return err({ code: "UnsupportedQuoteVersion", version });
  }
  if (attestationKeyType !== ATTESTATION_KEY_ECDSA_P256 || teeType !== wantedTeeType) {
    return err({ code: "UnsupportedAttestationKeyType", attestationKeyType, teeType });
  }
  const raw = tryDecode(layout, bytes);
  return raw.ok ? raw : err({ code: "QuoteMalformed" });
}
