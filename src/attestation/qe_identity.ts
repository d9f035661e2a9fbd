/**
 * Identity of Intel's quoting enclave for enclaves or for trust domains, JSON of version 2, and the comparison of a
 * report with it.
 *
 * @module
 */
import { u32, u64 } from "../codec/codec.ts";
import { concatBytes, equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { CollateralJsonError, readDocument, readHex, readMomentMs, readNumber } from "./collateral_json.ts";
import { equalUnder } from "./masked_bytes.ts";
import type { ReportBody } from "./report_body.ts";
import { readSvnTcbLevels, type SvnTcbLevel } from "./svn_tcb_level.ts";
import type { DocumentError } from "./tcb_info.ts";

/** What a quoting enclave's report must be. */
export interface QeExpectation {
  /** 4 bytes, as they stand in a report. */
  readonly miscSelect: Uint8Array;
  /** Bits of {@linkcode miscSelect} that count. */
  readonly miscSelectMask: Uint8Array;
  /** 16 bytes, as they stand in a report. */
  readonly attributes: Uint8Array;
  /** Bits of {@linkcode attributes} that count. */
  readonly attributesMask: Uint8Array;
  /** Hash of the vendor's key, 32 bytes. */
  readonly mrsigner: Uint8Array;
  readonly isvProdId: number;
}

/** The fields of a document. */
export interface QeIdentity extends QeExpectation {
  /** First moment at which it counts, ms since 1970. */
  readonly issueDateMs: number;
  /** Last moment at which it counts, ms since 1970. */
  readonly nextUpdateMs: number;
  /** Grows whenever Intel judges quoting enclaves anew. */
  readonly evaluationNumber: number;
  /** Best first, as the document has them. */
  readonly levels: readonly SvnTcbLevel[];
}

/** Why an enclave is not the quoting enclave. */
export type QeMismatch =
  /** Another vendor signed it. */
  | { readonly code: "QeMrsignerMismatch" }
  /** It is another product of the vendor. */
  | { readonly code: "QeIsvProdIdMismatch" }
  /** It saves other things on exceptions. */
  | { readonly code: "QeMiscSelectMismatch" }
  /** It has other attributes, such as debug. */
  | { readonly code: "QeAttributesMismatch" };

/** Reads the identity of the quoting enclave for enclaves; says nothing about its signature. */
export function parseQeIdentity(json: Uint8Array): Result<QeIdentity, DocumentError> {
  return parseIdentity(json, "QE");
}

/** Reads the identity of the quoting enclave for trust domains; says nothing about its signature. */
export function parseTdQeIdentity(json: Uint8Array): Result<QeIdentity, DocumentError> {
  return parseIdentity(json, "TD_QE");
}

/** Reads the raw bytes of an `enclaveIdentity` object. */
function parseIdentity(json: Uint8Array, id: "QE" | "TD_QE"): Result<QeIdentity, DocumentError> {
  try {
    const document = readDocument(json);
    if (document["id"] !== id || readNumber(document, "version", 0xffff) !== 2) return err({ code: "Unsupported" });
    return ok({
      issueDateMs: readMomentMs(document, "issueDate"),
      nextUpdateMs: readMomentMs(document, "nextUpdate"),
      evaluationNumber: readNumber(document, "tcbEvaluationDataNumber", 0xffff_ffff),
      miscSelect: readHex(document, "miscselect", 4),
      miscSelectMask: readHex(document, "miscselectMask", 4),
      attributes: readHex(document, "attributes", 16),
      attributesMask: readHex(document, "attributesMask", 16),
      mrsigner: readHex(document, "mrsigner", 32),
      isvProdId: readNumber(document, "isvprodid", 0xffff),
      levels: readSvnTcbLevels(document),
    });
  } catch (error) {
    if (error instanceof CollateralJsonError) return err({ code: "Malformed" });
    throw error;
  }
}

/** Compares the report of an enclave with what a quoting enclave must be. */
export function matchQuotingEnclave(report: ReportBody, expected: QeExpectation): Result<undefined, QeMismatch> {
  if (!equalBytes(report.mrsigner, expected.mrsigner)) return err({ code: "QeMrsignerMismatch" });
  if (report.isvProdId !== expected.isvProdId) return err({ code: "QeIsvProdIdMismatch" });
  if (!equalUnder(expected.miscSelectMask, u32.encode(report.miscSelect), expected.miscSelect)) {
    return err({ code: "QeMiscSelectMismatch" });
  }
  const attributes = concatBytes(u64.encode(report.attributeFlags), u64.encode(report.attributeXfrm));
  return equalUnder(expected.attributesMask, attributes, expected.attributes)
    ? ok(undefined)
    : err({ code: "QeAttributesMismatch" });
}
