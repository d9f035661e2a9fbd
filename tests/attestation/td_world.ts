/** A world of attestation whose quote is that of a trust domain. */
import type { QuoteHeader } from "../../src/attestation/quote.ts";
import type { TdReport } from "../../src/attestation/td_report.ts";
import {
  buildWorld,
  GOOD_QE_REPORT,
  INTEL_VENDOR,
  momentOf,
  qeLevel,
  type World,
  type WorldOptions,
} from "./pki_builder.ts";
import { buildHeader, NOW_MS, type SigningOptions, signQuote } from "./quote_builder.ts";

const DAY_MS = 86_400_000;

/** What the quote of a trust domain can be made wrong in. */
export interface TdQuoteOptions extends SigningOptions {
  readonly header?: Partial<QuoteHeader>;
  readonly report?: Partial<TdReport>;
}

/** How the world departs from a good one, each leaving all other signatures right. */
export interface TdWorldOptions extends Omit<WorldOptions, "quote"> {
  readonly quote?: TdQuoteOptions;
}

/** Builds everything anew. */
export async function buildTdWorld(options: TdWorldOptions = {}): Promise<World> {
  const { quote, ...others } = options;
  const world = await buildWorld({
    ...others,
    tcbInfo: { ...goodTdxFields(), ...options.tcbInfo },
    qeIdentity: { id: "TD_QE", ...options.qeIdentity },
  });
  return { ...world, quote: await tdQuoteOfWorld(world, quote) };
}

/** One more quote of a trust domain under the same processor. */
export function tdQuoteOfWorld({ ders, keys }: Pick<World, "ders" | "keys">, options: TdQuoteOptions = {}) {
  const header = buildHeader({ version: 4, teeType: 0x81, qeVendorId: INTEL_VENDOR, ...options.header });
  return signQuote(
    { ders: [ders.leaf, ders.authority, ders.root], keys: [keys.leaf] },
    { tee: "tdx", header, report: buildTdReport(options.report) },
    { ...options, qeReport: { ...GOOD_QE_REPORT, ...options.qeReport } },
  );
}

/** The report of a domain above module 1.5 and all other parts at version 5. */
export function buildTdReport(change: Partial<TdReport> = {}): TdReport {
  return {
    teeTcbSvn: Uint8Array.of(5, 1, ...Array<number>(14).fill(5)),
    mrSeam: new Uint8Array(48).fill(1),
    mrSignerSeam: new Uint8Array(48),
    seamAttributes: new Uint8Array(8),
    tdAttributes: 1n << 28n,
    xfam: 0x602e7n,
    mrTd: new Uint8Array(48).fill(0xee),
    mrConfigId: new Uint8Array(48),
    mrOwner: new Uint8Array(48),
    mrOwnerConfig: new Uint8Array(48),
    rtmr0: new Uint8Array(48),
    rtmr1: new Uint8Array(48),
    rtmr2: new Uint8Array(48),
    rtmr3: new Uint8Array(48),
    reportData: new Uint8Array(64),
    ...change,
  };
}

/** A level: the first SGX component, and all TDX components, count. */
export function tdxLevel(
  sgx: number,
  tdx: readonly number[],
  tcbStatus: string,
  advisoryIDs?: readonly string[],
  pcesvn = 10,
): unknown {
  const sgxtcbcomponents = Array.from({ length: 16 }, (_, place) => ({ svn: place === 0 ? sgx : 1 }));
  const tdxtcbcomponents = Array.from({ length: 16 }, (_, place) => ({ svn: tdx[place] ?? 0 }));
  return {
    tcb: { sgxtcbcomponents, pcesvn, tdxtcbcomponents },
    tcbDate: momentOf(NOW_MS - DAY_MS),
    tcbStatus,
    advisoryIDs,
  };
}

/** What the document says of every TDX module. */
export const GOOD_MODULE = {
  mrsigner: "00".repeat(48),
  attributes: "00".repeat(8),
  attributesMask: "FF".repeat(8),
};

/** The identity of the modules of one version; security version 5 is up to date. */
export function moduleIdentity(id: string, change: Readonly<Record<string, unknown>> = {}): unknown {
  const tcbLevels = [qeLevel(5, "UpToDate"), qeLevel(3, "OutOfDate", ["INTEL-SA-00003"])];
  return { id, ...GOOD_MODULE, tcbLevels, ...change };
}

function goodTdxFields(): Record<string, unknown> {
  return {
    id: "TDX",
    tdxModule: GOOD_MODULE,
    tdxModuleIdentities: [moduleIdentity("TDX_03"), moduleIdentity("TDX_01")],
    // Of a module 1.5, the first two numbers do not count.
    tcbLevels: [
      tdxLevel(5, [9, 9, 5], "UpToDate"),
      tdxLevel(5, [4, 0, 4], "SWHardeningNeeded", ["INTEL-SA-00004"]),
      tdxLevel(3, [3, 0, 3], "OutOfDate", ["INTEL-SA-00001"]),
    ],
  };
}
