/**
 * TD report 1.0: what the TDX module says of one trust domain. All integers little endian.
 *
 * Facts: Intel "TDX DCAP Quoting Library API" appendix 3, "TDX Module Base Architecture Specification"
 *
 * @module
 */
import { bytesOf, type Codec, struct, u64 } from "../codec/codec.ts";

/**
 * Bits of {@linkcode TdReport.tdAttributes} with which a host sees or steers what the domain does: DEBUG, profiling,
 * and what may come to be among them.
 */
const TD_UNDER_DEBUG = 0xffn;

/** What the TDX module says of one trust domain, 584 bytes. */
export interface TdReport {
  /** Versions of the TDX module and of the firmware below it, 16 bytes; see {@linkcode tdxModuleVersionOf}. */
  readonly teeTcbSvn: Uint8Array;
  /** Measurement of the TDX module. */
  readonly mrSeam: Uint8Array;
  /** Hash of the key of the TDX module's vendor; zeros for Intel's. */
  readonly mrSignerSeam: Uint8Array;
  /** 8 bytes, as they stand in the report. */
  readonly seamAttributes: Uint8Array;
  /** Flags, see {@linkcode isDebugTd}. */
  readonly tdAttributes: bigint;
  readonly xfam: bigint;
  /** Measurement of what the domain started with. */
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  /** Measurements that the domain extends while it runs. */
  readonly rtmr0: Uint8Array;
  readonly rtmr1: Uint8Array;
  readonly rtmr2: Uint8Array;
  readonly rtmr3: Uint8Array;
  /** 64 bytes that the domain chose. */
  readonly reportData: Uint8Array;
}

/** Codec of {@linkcode TdReport}. */
export const tdReport: Codec<TdReport> = struct({
  teeTcbSvn: bytesOf(16),
  mrSeam: bytesOf(48),
  mrSignerSeam: bytesOf(48),
  seamAttributes: bytesOf(8),
  tdAttributes: u64,
  xfam: u64,
  mrTd: bytesOf(48),
  mrConfigId: bytesOf(48),
  mrOwner: bytesOf(48),
  mrOwnerConfig: bytesOf(48),
  rtmr0: bytesOf(48),
  rtmr1: bytesOf(48),
  rtmr2: bytesOf(48),
  rtmr3: bytesOf(48),
  reportData: bytesOf(64),
});

/** Whether the report is of a domain under debug, which has no secrets. */
export function isDebugTd(report: TdReport): boolean {
  return (report.tdAttributes & TD_UNDER_DEBUG) !== 0n;
}

/** Major version and security version of the TDX module. */
export function tdxModuleVersionOf({ teeTcbSvn: [svn = 0, version = 0] }: TdReport): {
  readonly version: number;
  readonly svn: number;
} {
  return { version, svn };
}
