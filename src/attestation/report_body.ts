/**
 * SGX report: what a processor says of one enclave. All integers little endian.
 *
 * Facts: Intel "SGX ECDSA QuoteLibReference"
 *
 * @module
 */
import { bytesOf, type Codec, struct, u16, u32, u64 } from "../codec/codec.ts";

/** Bit of {@linkcode ReportBody.attributeFlags} that opens the enclave to a debugger. */
const FLAG_DEBUG = 2n;

/** What a processor says of one enclave, 384 bytes. */
export interface ReportBody {
  /** 16 bytes. */
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: number;
  readonly reserved1: Uint8Array;
  readonly isvExtProdId: Uint8Array;
  /** Flags, see {@linkcode isDebugReport}. */
  readonly attributeFlags: bigint;
  readonly attributeXfrm: bigint;
  /** Measurement of the code. */
  readonly mrenclave: Uint8Array;
  readonly reserved2: Uint8Array;
  /** Hash of the vendor's key. */
  readonly mrsigner: Uint8Array;
  readonly reserved3: Uint8Array;
  readonly configId: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly configSvn: number;
  readonly reserved4: Uint8Array;
  readonly isvFamilyId: Uint8Array;
  /** 64 bytes that the enclave chose. */
  readonly reportData: Uint8Array;
}

/** Codec of {@linkcode ReportBody}. */
export const reportBody: Codec<ReportBody> = struct({
  cpuSvn: bytesOf(16),
  miscSelect: u32,
  reserved1: bytesOf(12),
  isvExtProdId: bytesOf(16),
  attributeFlags: u64,
  attributeXfrm: u64,
  mrenclave: bytesOf(32),
  reserved2: bytesOf(32),
  mrsigner: bytesOf(32),
  reserved3: bytesOf(32),
  configId: bytesOf(64),
  isvProdId: u16,
  isvSvn: u16,
  configSvn: u16,
  reserved4: bytesOf(42),
  isvFamilyId: bytesOf(16),
  reportData: bytesOf(64),
});

/** Whether the report is of a debug enclave, which has no secrets. */
export function isDebugReport(report: ReportBody): boolean {
  return (report.attributeFlags & FLAG_DEBUG) !== 0n;
}
