/**
 * Patch levels of what has one security version: the quoting enclave, and the TDX module.
 *
 * @module
 */
import { asObject, type JsonObject, readNumber, readObjects, readText, readTexts } from "./collateral_json.ts";
import { MAX_ADVISORIES, MAX_TCB_LEVELS } from "./tcb_info.ts";

/** One patch level. */
export interface SvnTcbLevel {
  readonly isvSvn: number;
  /** Intel's word, which need not be one of `SVN_TCB_STATUSES`. */
  readonly status: string;
  readonly advisoryIds: readonly string[];
}

/** Reads the levels of a document. @throws {CollateralJsonError} */
export function readSvnTcbLevels(document: JsonObject): readonly SvnTcbLevel[] {
  return readObjects(document, "tcbLevels", MAX_TCB_LEVELS).map((level) => ({
    isvSvn: readNumber(asObject(level["tcb"]), "isvsvn", 0xffff),
    status: readText(level, "tcbStatus"),
    advisoryIds: readTexts(level, "advisoryIDs", MAX_ADVISORIES),
  }));
}

/** The first level that a version reaches; `undefined` if it is below all. */
export function findSvnTcbLevel<Level extends { readonly isvSvn: number }>(
  levels: readonly Level[],
  isvSvn: number,
): Level | undefined {
  return levels.find((level) => isvSvn >= level.isvSvn);
}
