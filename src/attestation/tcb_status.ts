/**
 * How well a platform is patched, and how two such words become one.
 *
 * @module
 */

/** Statuses of a platform in Intel's TCB information, best first. */
export const TCB_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
] as const;
/** One of {@linkcode TCB_STATUSES}. */
export type TcbStatus = (typeof TCB_STATUSES)[number];
/** A status that a policy can ask for; a revoked platform is never accepted. */
export type AcceptableTcbStatus = Exclude<TcbStatus, "Revoked">;

/** Statuses of what has one security version: quoting enclave, and TDX module. */
export const SVN_TCB_STATUSES = ["UpToDate", "OutOfDate", "Revoked"] as const;
/** One of {@linkcode SVN_TCB_STATUSES}. */
export type SvnTcbStatus = (typeof SVN_TCB_STATUSES)[number];

/** The platform's status of this name; `undefined` for an unknown one. */
export function tcbStatusOf(name: string): TcbStatus | undefined {
  return TCB_STATUSES.find((status) => status === name);
}

/** The status of a quoting enclave or TDX module of this name; `undefined` for an unknown one. */
export function svnTcbStatusOf(name: string): SvnTcbStatus | undefined {
  return SVN_TCB_STATUSES.find((status) => status === name);
}

/** Whether a status is the wanted one or a better one; never for a revoked platform. */
export function isTcbStatusAtLeast(status: TcbStatus, wanted: AcceptableTcbStatus): boolean {
  return status !== "Revoked" && TCB_STATUSES.indexOf(status) <= TCB_STATUSES.indexOf(wanted);
}

/** The status of a platform and a part of it together, as Intel's own verification library merges them. */
export function mergeTcbStatus(platform: TcbStatus, part: SvnTcbStatus): TcbStatus {
  if (part === "UpToDate" || platform === "Revoked") return platform;
  if (part === "Revoked") return "Revoked";
  switch (platform) {
    case "UpToDate":
    case "SWHardeningNeeded":
    case "OutOfDate":
      return "OutOfDate";
    case "ConfigurationNeeded":
    case "ConfigurationAndSWHardeningNeeded":
    case "OutOfDateConfigurationNeeded":
      return "OutOfDateConfigurationNeeded";
  }
}

/** The advisories of both, each once, the platform's first. */
export function mergeAdvisoryIds(platform: readonly string[], part: readonly string[]): readonly string[] {
  return [...new Set([...platform, ...part])];
}
