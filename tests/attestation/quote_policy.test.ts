import { describe, expect, it } from "vitest";
import { INTEL_SGX_ROOT } from "../../src/attestation/platform_root.ts";
import { type QuotePolicy, verifyQuoteByPolicy } from "../../src/attestation/quote_policy.ts";
import {
  isTcbStatusAtLeast,
  mergeAdvisoryIds,
  mergeTcbStatus,
  SVN_TCB_STATUSES,
  TCB_STATUSES,
} from "../../src/attestation/tcb_status.ts";
import { verifyQuoteSignature } from "../../src/attestation/verify_quote.ts";
import { enclaveFingerprint } from "../../src/primitives/branded.ts";
import { fromHex } from "../../src/primitives/hex.ts";
import { buildWorld, qeLevel, tcbLevel, type World, type WorldOptions } from "./pki_builder.ts";
import { buildChain, buildQuote, NOW_MS, rootOf } from "./quote_builder.ts";
import vectors from "./vectors/quotes.json" with { type: "json" };

const DAY_MS = 86_400_000;
const MEASURED = enclaveFingerprint(new Uint8Array(32).fill(0xee));

function policyFor(world: Pick<World, "root">, change: Partial<QuotePolicy> = {}): QuotePolicy {
  return { roots: [world.root], acceptedEmulatedRoots: [], fingerprints: [MEASURED], nowMs: NOW_MS, ...change };
}

async function verdict(options: WorldOptions, change: Partial<QuotePolicy> = {}): Promise<unknown> {
  const world = await buildWorld(options);
  const taken = await verifyQuoteByPolicy(world.quote, world.collateral, policyFor(world, change));
  return taken.ok ? taken.value.tcb?.tcbStatus : taken.error;
}

describe("verifyQuoteByPolicy()", () => {
  it("takes a good quote and tells what it is", async () => {
    const world = await buildWorld();
    const taken = await verifyQuoteByPolicy(world.quote, world.collateral, policyFor(world));
    expect(taken).toMatchObject({
      ok: true,
      value: { emulated: false, debug: false, root: world.root, tcb: { tcbStatus: "UpToDate", advisoryIds: [] } },
    });
  });

  it("reports FingerprintNotAccepted for another measurement, and none if none is accepted", async () => {
    const other = { quote: { report: { mrenclave: new Uint8Array(32).fill(0xef) } } };
    expect(await verdict(other)).toEqual({ code: "FingerprintNotAccepted" });
    expect(await verdict({}, { fingerprints: [] })).toEqual({ code: "FingerprintNotAccepted" });
  });

  it("reports DebugEnclave unless the policy allows it", async () => {
    const debug = { quote: { report: { attributeFlags: 7n } } };
    expect(await verdict(debug)).toEqual({ code: "DebugEnclave" });
    expect(await verdict(debug, { allowDebug: true })).toBe("UpToDate");
  });

  it("reports DebugEnclave for Integritee's own debug enclave, whose signatures hold", async () => {
    const quote = fromHex(vectors.quotes[0]?.hex ?? "");
    expect(await verifyQuoteSignature(quote, [INTEL_SGX_ROOT], NOW_MS)).toMatchObject({ ok: true });
    const real = policyFor({ root: INTEL_SGX_ROOT });
    expect(await verifyQuoteByPolicy(quote, undefined, real)).toEqual({
      ok: false,
      error: { code: "CollateralMissing" },
    });
    // Its collateral was never valid all at one moment, so here the root counts as one that has none.
    const named = policyFor({ root: { ...INTEL_SGX_ROOT, isEmulated: true } }, {
      acceptedEmulatedRoots: [INTEL_SGX_ROOT.name],
      fingerprints: [enclaveFingerprint(fromHex(vectors.quotes[0]?.mrenclave ?? ""))],
    });
    expect(await verifyQuoteByPolicy(quote, undefined, named)).toEqual({ ok: false, error: { code: "DebugEnclave" } });
    expect(await verifyQuoteByPolicy(quote, undefined, { ...named, allowDebug: true })).toMatchObject({
      ok: true,
      value: { debug: true, tcb: undefined },
    });
  });

  it("reports TcbStatusNotAccepted below the minimum, with status and advisories", async () => {
    const levels = (status: string) => ({ tcbInfo: { tcbLevels: [tcbLevel(1, status, ["INTEL-SA-1"])] } });
    const refused = (status: string) => ({ code: "TcbStatusNotAccepted", status, advisoryIds: ["INTEL-SA-1"] });
    const hardening = levels("SWHardeningNeeded");
    expect(await verdict(hardening)).toEqual(refused("SWHardeningNeeded"));
    expect(await verdict(hardening, { minimumTcbStatus: "SWHardeningNeeded" })).toBe("SWHardeningNeeded");
    const both = levels("ConfigurationAndSWHardeningNeeded");
    const name = "ConfigurationAndSWHardeningNeeded";
    expect(await verdict(both, { minimumTcbStatus: "ConfigurationNeeded" })).toEqual(refused(name));
    expect(await verdict(both, { minimumTcbStatus: "OutOfDate" })).toBe(name);
    expect(await verdict(levels("Revoked"), { minimumTcbStatus: "OutOfDateConfigurationNeeded" })).toEqual(
      refused("Revoked"),
    );
    const qe = { qeIdentity: { tcbLevels: [qeLevel(1, "OutOfDate", ["INTEL-SA-2"])] } };
    expect(await verdict(qe)).toEqual({
      code: "TcbStatusNotAccepted",
      status: "OutOfDate",
      advisoryIds: ["INTEL-SA-2"],
    });
  });

  it("reports CollateralTooOld above the maximum age of the oldest monthly piece", async () => {
    expect(await verdict({}, { maxCollateralAgeMs: DAY_MS })).toBe("UpToDate");
    expect(await verdict({}, { maxCollateralAgeMs: DAY_MS - 1 })).toEqual({ code: "CollateralTooOld", ageMs: DAY_MS });
    const list = { pckCrl: { thisUpdateMs: NOW_MS - 2 * DAY_MS } };
    expect(await verdict(list, { maxCollateralAgeMs: DAY_MS })).toEqual({
      code: "CollateralTooOld",
      ageMs: 2 * DAY_MS,
    });
    const yearly = { rootCrl: { thisUpdateMs: NOW_MS - 300 * DAY_MS } };
    expect(await verdict(yearly, { maxCollateralAgeMs: DAY_MS })).toBe("UpToDate");
  });

  it("reports EmulatedEnclaveNotAccepted unless the root is named", async () => {
    const chain = await buildChain();
    const quote = await buildQuote(chain);
    const policy = policyFor({ root: rootOf(chain) });
    const error = { code: "EmulatedEnclaveNotAccepted", rootName: "test root" };
    expect(await verifyQuoteByPolicy(quote, undefined, policy)).toEqual({ ok: false, error });
    const other = { ...policy, acceptedEmulatedRoots: ["test"] };
    expect(await verifyQuoteByPolicy(quote, undefined, other)).toEqual({ ok: false, error });
    const named = { ...policy, acceptedEmulatedRoots: ["test root"] };
    expect(await verifyQuoteByPolicy(quote, undefined, named)).toMatchObject({ ok: true, value: { emulated: true } });
  });

  it("reports CollateralMissing for a real processor, even if its root's name is among the emulated ones", async () => {
    const world = await buildWorld();
    const policy = policyFor(world, { acceptedEmulatedRoots: [world.root.name] });
    const error = { code: "CollateralMissing" };
    expect(await verifyQuoteByPolicy(world.quote, undefined, policy)).toEqual({ ok: false, error });
  });
});

describe("TCB statuses", () => {
  it("isTcbStatusAtLeast() orders them, and never takes a revoked platform", () => {
    for (const [place, status] of TCB_STATUSES.entries()) {
      for (const [wantedPlace, wanted] of TCB_STATUSES.entries()) {
        if (wanted === "Revoked") continue;
        expect(isTcbStatusAtLeast(status, wanted)).toBe(status !== "Revoked" && place <= wantedPlace);
      }
    }
  });

  it("mergeTcbStatus() never gives a better status than either part has", () => {
    const place = (status: (typeof TCB_STATUSES)[number]) => TCB_STATUSES.indexOf(status);
    for (const platform of TCB_STATUSES) {
      for (const quotingEnclave of SVN_TCB_STATUSES) {
        const merged = mergeTcbStatus(platform, quotingEnclave);
        expect(place(merged)).toBeGreaterThanOrEqual(Math.max(place(platform), place(quotingEnclave)));
      }
    }
    expect(mergeTcbStatus("ConfigurationNeeded", "OutOfDate")).toBe("OutOfDateConfigurationNeeded");
    expect(mergeTcbStatus("SWHardeningNeeded", "OutOfDate")).toBe("OutOfDate");
    expect(mergeTcbStatus("SWHardeningNeeded", "UpToDate")).toBe("SWHardeningNeeded");
    expect(mergeTcbStatus("UpToDate", "Revoked")).toBe("Revoked");
  });

  it("mergeAdvisoryIds() names each once, the platform's first", () => {
    expect(mergeAdvisoryIds(["b", "a"], ["c", "a"])).toEqual(["b", "a", "c"]);
  });
});
