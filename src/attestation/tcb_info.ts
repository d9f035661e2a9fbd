/**
 * TCB information: Intel's list of the patch levels of one kind of platform, JSON of version 2 or 3.
 *
 * @module
 */
import { err, ok, type Result } from "../primitives/result.ts";
import {
  asObject,
  CollateralJsonError,
  type JsonObject,
  readDocument,
  readHex,
  readMomentMs,
  readNumber,
  readObjects,
  readText,
  readTexts,
} from "./collateral_json.ts";

/** Most levels in one document; Intel's have about 20. */
export const MAX_TCB_LEVELS = 256;
/** Most advisories of one level; Intel's have about 20. */
export const MAX_ADVISORIES = 256;
/** Components of a processor's security version. */
export const TCB_COMPONENTS = 16;

/** Security version of a platform. */
export interface PlatformTcb {
  /** One number per component, {@linkcode TCB_COMPONENTS} bytes. */
  readonly components: Uint8Array;
  /** Version of the provisioning certification enclave. */
  readonly pceSvn: number;
}

/** One patch level. */
export interface TcbLevel extends PlatformTcb {
  /** Intel's word, which need not be one of `TCB_STATUSES`. */
  readonly status: string;
  readonly advisoryIds: readonly string[];
}

/** The fields of a document. */
export interface TcbInfo {
  readonly version: number;
  /** First moment at which it counts, ms since 1970. */
  readonly issueDateMs: number;
  /** Last moment at which it counts, ms since 1970. */
  readonly nextUpdateMs: number;
  /** Kind of platform, 6 bytes. */
  readonly fmspc: Uint8Array;
  /** Kind of provisioning certification enclave, 2 bytes. */
  readonly pceId: Uint8Array;
  /** Grows whenever Intel judges platforms anew. */
  readonly evaluationNumber: number;
  /** Best first, as the document has them. */
  readonly levels: readonly TcbLevel[];
}

/** Why a document cannot be judged. */
export type DocumentError =
  /** It has not the expected shape. */
  | { readonly code: "Malformed" }
  /** It is of another kind or version. */
  | { readonly code: "Unsupported" };

/** Reads the raw bytes of a `tcbInfo` object; says nothing about its signature. */
export function parseTcbInfo(json: Uint8Array): Result<TcbInfo, DocumentError> {
  try {
    const document = readDocument(json);
    const version = readNumber(document, "version", 0xffff);
    // Version 2 has no name, and is about SGX only.
    const isSgx = version === 2 ? document["id"] === undefined : version === 3 && document["id"] === "SGX";
    if (!isSgx || readNumber(document, "tcbType", 0xff) !== 0) return err({ code: "Unsupported" });
    return ok({
      version,
      issueDateMs: readMomentMs(document, "issueDate"),
      nextUpdateMs: readMomentMs(document, "nextUpdate"),
      fmspc: readHex(document, "fmspc", 6),
      pceId: readHex(document, "pceId", 2),
      evaluationNumber: readNumber(document, "tcbEvaluationDataNumber", 0xffff_ffff),
      levels: readObjects(document, "tcbLevels", MAX_TCB_LEVELS).map((level) => readLevel(level, version)),
    });
  } catch (error) {
    if (error instanceof CollateralJsonError) return err({ code: "Malformed" });
    throw error;
  }
}

/** The first level that a platform reaches in every component; `undefined` if it is below all. */
export function findTcbLevel<Level extends PlatformTcb>(
  levels: readonly Level[],
  platform: PlatformTcb,
): Level | undefined {
  return levels.find(({ components, pceSvn }) =>
    platform.pceSvn >= pceSvn && components.every((svn, place) => (platform.components[place] ?? -1) >= svn)
  );
}

function readLevel(level: JsonObject, version: number): TcbLevel {
  const tcb = asObject(level["tcb"]);
  return {
    components: version === 2 ? readNamedComponents(tcb) : readListedComponents(tcb),
    pceSvn: readNumber(tcb, "pcesvn", 0xffff),
    status: readText(level, "tcbStatus"),
    advisoryIds: readTexts(level, "advisoryIDs", MAX_ADVISORIES),
  };
}

function readListedComponents(tcb: JsonObject): Uint8Array {
  const components = readObjects(tcb, "sgxtcbcomponents", TCB_COMPONENTS);
  if (components.length !== TCB_COMPONENTS) throw new CollateralJsonError("Cannot read level: components missing");
  return Uint8Array.from(components, (component) => readNumber(component, "svn", 0xff));
}

function readNamedComponents(tcb: JsonObject): Uint8Array {
  return Uint8Array.from({ length: TCB_COMPONENTS }, (_, place) => {
    const name = String(place + 1).padStart(2, "0");
    return readNumber(tcb, `sgxtcbcomp${name}svn`, 0xff);
  });
}
