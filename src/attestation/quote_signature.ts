/**
 * The signatures of a quote in both of their layouts: version 3 lists them, version 4 nests those of the quoting
 * enclave in certification data of type 6. All integers little endian.
 *
 * Facts: Intel "SGX ECDSA QuoteLibReference", "TDX DCAP Quoting Library API" appendix 3
 *
 * @module
 */
import { bytesOf, type Codec, makeCodec, struct, tryDecode, u16, u32 } from "../codec/codec.ts";
import { type Cursor, take } from "../codec/cursor.ts";
import { CodecError } from "../codec/error.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { type ReportBody, reportBody } from "./report_body.ts";

/** Longest signatures with their certificates: all that a quote has room for. */
export const MAX_SIGNATURE_LENGTH = 8_192;
/** Most authentication data of a quoting enclave; Intel's has 32 bytes. */
const MAX_AUTH_DATA_LENGTH = 1_024;

/** Certification data: the PEM chain from the PCK leaf to the root. */
export const CERTIFICATION_PCK_CHAIN = 5;
/** Certification data: the quoting enclave's report, its signature, and certification data again. */
const CERTIFICATION_QE_REPORT = 6;

/** Bytes with a length of their own width in front. */
export function prefixed(length: Codec<number>, max: number): Codec<Uint8Array> {
  return makeCodec<Uint8Array>((value) => {
    if (value.length > max) throw new RangeError(`Cannot encode ${value.length} bytes: at most ${max}`);
    return concatBytes(length.encode(value.length), value);
  }, (cursor: Cursor) => {
    const size = length.read(cursor);
    if (size > max) throw new CodecError("TooLarge", `length ${size}, at most ${max}`);
    return take(cursor, size);
  });
}

/** What the quoting enclave did. */
interface OwnSignature {
  /** By the attestation key over header and report; r ‖ s. */
  readonly signature: Uint8Array;
  /** x ‖ y. */
  readonly attestationKey: Uint8Array;
}

/** Who vouches for the attestation key. */
interface Certification {
  /** The quoting enclave's own report; its report data binds the attestation key. */
  readonly qeReport: ReportBody;
  /** By the PCK leaf over the quoting enclave's report; r ‖ s. */
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthData: Uint8Array;
  /** 5 = PEM chain, the only supported type. */
  readonly certificationType: number;
  readonly certificationData: Uint8Array;
}

/** The signatures of a quote and the keys they were made with. */
export interface QuoteSignature extends OwnSignature, Certification {}

/** Why signatures cannot be judged. */
export type SignatureFormatError =
  /** Cut off, or with bytes left over. */
  | { readonly code: "QuoteMalformed" }
  /** Without the certificate chain inside. */
  | { readonly code: "UnsupportedCertificationData"; readonly certificationType: number };

const ownSignature = { signature: bytesOf(64), attestationKey: bytesOf(64) };
const certificationFields = {
  qeReport: reportBody,
  qeReportSignature: bytesOf(64),
  qeAuthData: prefixed(u16, MAX_AUTH_DATA_LENGTH),
  certificationType: u16,
  certificationData: prefixed(u32, MAX_SIGNATURE_LENGTH),
};
const listed: Codec<QuoteSignature> = struct({ ...ownSignature, ...certificationFields });
const certification: Codec<Certification> = struct(certificationFields);
const nesting: Codec<OwnSignature & { readonly type: number; readonly data: Uint8Array }> = struct({
  ...ownSignature,
  type: u16,
  data: prefixed(u32, MAX_SIGNATURE_LENGTH),
});

/** Encodes the layout of version 3. @throws {RangeError} If a field has a wrong length. */
export function encodeListedSignature(signature: QuoteSignature): Uint8Array {
  return listed.encode(signature);
}

/** Encodes the layout of version 4. @throws {RangeError} If a field has a wrong length. */
export function encodeNestedSignature(signature: QuoteSignature): Uint8Array {
  return nesting.encode({ ...signature, type: CERTIFICATION_QE_REPORT, data: certification.encode(signature) });
}

/** Decodes the layout of version 3, strictly. */
export function parseListedSignature(bytes: Uint8Array): Result<QuoteSignature, SignatureFormatError> {
  const decoded = tryDecode(listed, bytes);
  return decoded.ok ? withChain(decoded.value) : err({ code: "QuoteMalformed" });
}

/** Decodes the layout of version 4, strictly. */
export function parseNestedSignature(bytes: Uint8Array): Result<QuoteSignature, SignatureFormatError> {
  const outer = tryDecode(nesting, bytes);
  if (!outer.ok) return err({ code: "QuoteMalformed" });
  const { signature, attestationKey, type, data } = outer.value;
  if (type !== CERTIFICATION_QE_REPORT) return err({ code: "UnsupportedCertificationData", certificationType: type });
  const inner = tryDecode(certification, data);
  return inner.ok ? withChain({ signature, attestationKey, ...inner.value }) : err({ code: "QuoteMalformed" });
}

function withChain(signature: QuoteSignature): Result<QuoteSignature, SignatureFormatError> {
  const { certificationType } = signature;
  return certificationType === CERTIFICATION_PCK_CHAIN
    ? ok(signature)
    : err({ code: "UnsupportedCertificationData", certificationType });
}
