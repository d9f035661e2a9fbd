/**
 * TCB information for trust domains: Intel's list of the patch levels of one kind of platform and of its TDX modules,
 * JSON of version 3.
 *
 * @module
 */
import type { Result } from "../primitives/result.ts";
import { asObject, readObjects } from "./collateral_json.ts";
import {
  type DocumentError,
  MAX_TCB_LEVELS,
  type PlatformTcb,
  reachesTcbLevel,
  readListedComponents,
  readTcbInfo,
  readTcbLevel,
  type TcbInfoHead,
  type TcbLevel,
} from "./tcb_info.ts";
import { readTdxModules, type TdxModules } from "./tdx_module.ts";

/** One patch level. */
export interface TdxTcbLevel extends TcbLevel {
  /** Versions of the TDX module and of the firmware below it, one number per component. */
  readonly tdxComponents: Uint8Array;
}

/** The fields of a document for trust domains. */
export interface TdxTcbInfo extends TcbInfoHead {
  readonly tee: "tdx";
  readonly modules: TdxModules;
  /** Best first, as the document has them. */
  readonly levels: readonly TdxTcbLevel[];
}

/** Reads the raw bytes of a `tcbInfo` object for trust domains; says nothing about its signature. */
export function parseTdxTcbInfo(json: Uint8Array): Result<TdxTcbInfo, DocumentError> {
  const isTdx = (version: number, id: unknown) => version === 3 && id === "TDX";
  return readTcbInfo(json, isTdx, (document, head) => ({
    ...head,
    tee: "tdx",
    modules: readTdxModules(document),
    levels: readObjects(document, "tcbLevels", MAX_TCB_LEVELS).map((level) => ({
      ...readTcbLevel(level, head.version),
      tdxComponents: readListedComponents(asObject(level["tcb"]), "tdxtcbcomponents"),
    })),
  }));
}

/**
 * The first level that platform and trust domain reach in every component; `undefined` if they are below all.
 *
 * @param teeTcbSvn The versions that the report names, 16 bytes. The first two are those of the TDX module: a module
 *   whose major version is not 0 has levels of its own, so they do not count here.
 */
export function findTdxTcbLevel<Level extends PlatformTcb & Pick<TdxTcbLevel, "tdxComponents">>(
  levels: readonly Level[],
  platform: PlatformTcb,
  teeTcbSvn: Uint8Array,
): Level | undefined {
  const first = teeTcbSvn[1] === 0 ? 0 : 2;
  return levels.find((level) =>
    reachesTcbLevel(platform, level) &&
    level.tdxComponents.every((svn, place) => place < first || (teeTcbSvn[place] ?? -1) >= svn)
  );
}
