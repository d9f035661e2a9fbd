/**
 * The TDX module, which stands between a host and its trust domains: what Intel says it must be, and the comparison of
 * a report with it.
 *
 * Facts: Intel "SGX DCAP Quote Verification Library", "PCS API" version 4
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { asObject, CollateralJsonError, type JsonObject, readHex, readObjects, readText } from "./collateral_json.ts";
import { equalUnder } from "./masked_bytes.ts";
import { findSvnTcbLevel, readSvnTcbLevels, type SvnTcbLevel } from "./svn_tcb_level.ts";
import { type TdReport, tdxModuleVersionOf } from "./td_report.ts";

/** Most versions of the module in one document; Intel's have two. */
export const MAX_TDX_MODULES = 64;

/** What a TDX module must be. */
export interface TdxModule {
  /** Hash of the vendor's key, 48 bytes. */
  readonly mrsigner: Uint8Array;
  /** 8 bytes, as they stand in a report. */
  readonly attributes: Uint8Array;
  /** Bits of {@linkcode attributes} that count. */
  readonly attributesMask: Uint8Array;
}

/** What a TDX module of one major version must be. */
export interface TdxModuleIdentity extends TdxModule {
  /** Major version, from 0 to 255. */
  readonly version: number;
  /** Best first, as the document has them. */
  readonly levels: readonly SvnTcbLevel[];
}

/** All that is known of TDX modules. */
export interface TdxModules {
  /** The module of version 0: its levels are those of the platform. */
  readonly first: TdxModule;
  /** Those of later versions, each with levels of its own. */
  readonly identities: readonly TdxModuleIdentity[];
}

/** Why a TDX module is none of Intel's. */
export type TdxModuleError =
  /** There is no word for modules of this version. */
  | { readonly code: "TdxModuleUnknown"; readonly version: number }
  /** Another vendor signed it. */
  | { readonly code: "TdxModuleSignerMismatch" }
  /** It has other attributes, such as debug. */
  | { readonly code: "TdxModuleAttributesMismatch" }
  /** It is below every level that there is a word for. */
  | { readonly code: "TdxModuleTcbLevelMissing" };

/** Reads the modules of a document. @throws {CollateralJsonError} */
export function readTdxModules(document: JsonObject): TdxModules {
  const first = readModule(asObject(document["tdxModule"]));
  // Left out where there are modules of version 0 only.
  const hasIdentities = document["tdxModuleIdentities"] !== undefined;
  const identities = hasIdentities ? readObjects(document, "tdxModuleIdentities", MAX_TDX_MODULES) : [];
  return { first, identities: identities.map(readIdentity) };
}

/**
 * The level of the TDX module of a report, after the module was compared with what it must be; `undefined` for a module
 * of version 0.
 */
export function judgeTdxModule(
  report: TdReport,
  { first, identities }: TdxModules,
): Result<SvnTcbLevel | undefined, TdxModuleError> {
  const { version, svn } = tdxModuleVersionOf(report);
  const identity = identities.find((known) => known.version === version);
  const expected = version === 0 ? first : identity;
  if (expected === undefined) return err({ code: "TdxModuleUnknown", version });
  if (!equalBytes(report.mrSignerSeam, expected.mrsigner)) return err({ code: "TdxModuleSignerMismatch" });
  if (!equalUnder(expected.attributesMask, report.seamAttributes, expected.attributes)) {
    return err({ code: "TdxModuleAttributesMismatch" });
  }
  if (version === 0 || identity === undefined) return ok(undefined);
  const level = findSvnTcbLevel(identity.levels, svn);
  return level === undefined ? err({ code: "TdxModuleTcbLevelMissing" }) : ok(level);
}

function readModule(module: JsonObject): TdxModule {
  return {
    mrsigner: readHex(module, "mrsigner", 48),
    attributes: readHex(module, "attributes", 8),
    attributesMask: readHex(module, "attributesMask", 8),
  };
}

function readIdentity(identity: JsonObject): TdxModuleIdentity {
  const [, digits] = /^TDX_([0-9a-fA-F]{2})$/u.exec(readText(identity, "id")) ?? [];
  if (digits === undefined) throw new CollateralJsonError("Cannot read TDX module: name of unknown form");
  return { ...readModule(identity), version: parseInt(digits, 16), levels: readSvnTcbLevels(identity) };
}
