/**
 * TCB information for enclaves: Intel's list of the patch levels of one kind of platform, JSON of version 2 or 3.
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

/** What documents for enclaves and for trust domains have in common. */
export interface TcbInfoHead {
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
}

/** The fields of a document for enclaves. */
export interface TcbInfo extends TcbInfoHead {
  readonly tee: "sgx";
  /** Best first, as the document has them. */
  readonly levels: readonly TcbLevel[];
}

/** Why a document cannot be judged. */
export type DocumentError =
  /** It has not the expected shape. */
  | { readonly code: "Malformed" }
  /** It is of another kind or version. */
  | { readonly code: "Unsupported" };

/** Reads the raw bytes of a `tcbInfo` object for enclaves; says nothing about its signature. */
export function parseTcbInfo(json: Uint8Array): Result<TcbInfo, DocumentError> {
  // Version 2 has no name, and is about SGX only.
  const isSgx = (version: number, id: unknown) => version === 2 ? id === undefined : version === 3 && id === "SGX";
  return readTcbInfo(json, isSgx, (document, head) => ({
    ...head,
    tee: "sgx",
    levels: readObjects(document, "tcbLevels", MAX_TCB_LEVELS).map((level) => readTcbLevel(level, head.version)),
  }));
}

/** Reads a `tcbInfo` object of a kind; `read` may throw {@linkcode CollateralJsonError}. */
export function readTcbInfo<Info>(
  json: Uint8Array,
  isOfKind: (version: number, id: unknown) => boolean,
  read: (document: JsonObject, head: TcbInfoHead) => Info,
): Result<Info, DocumentError> {
  try {
    const document = readDocument(json);
    const version = readNumber(document, "version", 0xffff);
    if (!isOfKind(version, document["id"]) || readNumber(document, "tcbType", 0xff) !== 0) {
      return err({ code: "Unsupported" });
    }
    const head = {
      version,
      issueDateMs: readMomentMs(document, "issueDate"),
      nextUpdateMs: readMomentMs(document, "nextUpdate"),
      fmspc: readHex(document, "fmspc", 6),
      pceId: readHex(document, "pceId", 2),
      evaluationNumber: readNumber(document, "tcbEvaluationDataNumber", 0xffff_ffff),
    };
    return ok(read(document, head));
  } catch (error) {
    if (error instanceof CollateralJsonError) return err({ code: "Malformed" });
    throw error;
  }
}

/** Reads one level of a document of a version. @throws {CollateralJsonError} */
export function readTcbLevel(level: JsonObject, version: number): TcbLevel {
  const tcb = asObject(level["tcb"]);
  return {
    components: version === 2 ? readNamedComponents(tcb) : readListedComponents(tcb, "sgxtcbcomponents"),
    pceSvn: readNumber(tcb, "pcesvn", 0xffff),
    status: readText(level, "tcbStatus"),
    advisoryIds: readTexts(level, "advisoryIDs", MAX_ADVISORIES),
  };
}

/** Reads a list of {@linkcode TCB_COMPONENTS} security versions. @throws {CollateralJsonError} */
export function readListedComponents(tcb: JsonObject, key: "sgxtcbcomponents" | "tdxtcbcomponents"): Uint8Array {
  const components = readObjects(tcb, key, TCB_COMPONENTS);
  if (components.length !== TCB_COMPONENTS) throw new CollateralJsonError("Cannot read level: components missing");
  return Uint8Array.from(components, (component) => readNumber(component, "svn", 0xff));
}

/** The first level that a platform reaches in every component; `undefined` if it is below all. */
export function findTcbLevel<Level extends PlatformTcb>(
  levels: readonly Level[],
  platform: PlatformTcb,
): Level | undefined {
  return levels.find((level) => reachesTcbLevel(platform, level));
}

/** Whether a platform reaches a level in every component. */
export function reachesTcbLevel(platform: PlatformTcb, { components, pceSvn }: PlatformTcb): boolean {
  return platform.pceSvn >= pceSvn && components.every((svn, place) => (platform.components[place] ?? -1) >= svn);
}

function readNamedComponents(tcb: JsonObject): Uint8Array {
  return Uint8Array.from({ length: TCB_COMPONENTS }, (_, place) => {
    const name = String(place + 1).padStart(2, "0");
    return readNumber(tcb, `sgxtcbcomp${name}svn`, 0xff);
  });
}
