/**
 * Identity of Intel's quoting enclave, JSON of version 2, and the comparison of a report with it.
 *
 * @module
 */
import { u32, u64 } from "../codec/codec.ts";
import { concatBytes, equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import {
  asObject,
  CollateralJsonError,
  readDocument,
  readHex,
  readMomentMs,
  readNumber,
  readObjects,
  readText,
  readTexts,
} from "./collateral_json.ts";
import type { ReportBody } from "./quote.ts";
import { type DocumentError, MAX_ADVISORIES, MAX_TCB_LEVELS } from "./tcb_info.ts";

/** One patch level of the quoting enclave. */
export interface QeTcbLevel {
  readonly isvSvn: number;
  /** Intel's word, which need not be one of `QE_TCB_STATUSES`. */
  readonly status: string;
  readonly advisoryIds: readonly string[];
}

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
  readonly levels: readonly QeTcbLevel[];
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

/** Reads the raw bytes of an `enclaveIdentity` object; says nothing about its signature. */
export function parseQeIdentity(json: Uint8Array): Result<QeIdentity, DocumentError> {
  try {
    const document = readDocument(json);
    if (document["id"] !== "QE" || readNumber(document, "version", 0xffff) !== 2) return err({ code: "Unsupported" });
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
      levels: readObjects(document, "tcbLevels", MAX_TCB_LEVELS).map((level) => ({
        isvSvn: readNumber(asObject(level["tcb"]), "isvsvn", 0xffff),
        status: readText(level, "tcbStatus"),
        advisoryIds: readTexts(level, "advisoryIDs", MAX_ADVISORIES),
      })),
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

/** The first level that a quoting enclave reaches; `undefined` if it is below all. */
export function findQeTcbLevel<Level extends { readonly isvSvn: number }>(
  levels: readonly Level[],
  isvSvn: number,
): Level | undefined {
  return levels.find((level) => isvSvn >= level.isvSvn);
}

function equalUnder(mask: Uint8Array, left: Uint8Array, right: Uint8Array): boolean {
  return mask.every((bits, place) => ((left[place] ?? 0) & bits) === ((right[place] ?? 0) & bits));
}
