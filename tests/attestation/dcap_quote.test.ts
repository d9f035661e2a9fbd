import "reflect-metadata";
import { KeyUsageFlags } from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { collateralFromJson, type QuoteCollateral } from "../../src/attestation/collateral.ts";
import { INTEL_SGX_ROOT, type PlatformRoot } from "../../src/attestation/platform_root.ts";
import { verifyDcapQuote } from "../../src/attestation/verify_dcap_quote.ts";
import { encodePemChain } from "../../src/attestation/x509.ts";
import { generateP256 } from "../../src/crypto/p256.ts";
import { fromHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import {
  buildCrl,
  buildWorld,
  type CertificateName,
  momentOf,
  qeLevel,
  SERIALS,
  tcbLevel,
  type WorldOptions,
} from "./pki_builder.ts";
import { NOW_MS } from "./quote_builder.ts";
import collaterals from "./vectors/collateral.json" with { type: "json" };
import vectors from "./vectors/quotes.json" with { type: "json" };

const HOUR_MS = 3_600_000;
const PAST = NOW_MS - HOUR_MS;
const FUTURE = NOW_MS + HOUR_MS;
const PHALA = fromHex(vectors.quotes[1]?.hex ?? "");
const PHALA_COLLATERAL = unwrap(collateralFromJson(collaterals.phalaSgx));

async function verdict(
  { quote, collateral, root }: { quote: Uint8Array; collateral: QuoteCollateral; root: PlatformRoot },
  nowMs = NOW_MS,
): Promise<unknown> {
  const verified = await verifyDcapQuote(quote, collateral, { roots: [root], nowMs });
  return verified.ok ? { status: verified.value.tcbStatus, advisories: verified.value.advisoryIds } : verified.error;
}

const UP_TO_DATE = { status: "UpToDate", advisories: [] };

describe("verifyDcapQuote() and published vectors", () => {
  const phala = { quote: PHALA, collateral: PHALA_COLLATERAL, root: INTEL_SGX_ROOT };

  it("accepts the SGX quote of Phala with its status and advisories", async () => {
    const verified = unwrap(await verifyDcapQuote(PHALA, PHALA_COLLATERAL, { roots: [INTEL_SGX_ROOT], nowMs: NOW_MS }));
    expect(verified.tcbStatus).toBe("ConfigurationAndSWHardeningNeeded");
    expect(verified.advisoryIds).toEqual(["INTEL-SA-00289", "INTEL-SA-00615"]);
    expect(verified.root).toBe(INTEL_SGX_ROOT);
    expect(verified.issuedMs).toBe(Date.UTC(2025, 5, 19, 10, 1, 18));
    expect(verified.validUntilMs).toBe(Date.UTC(2025, 6, 19, 10, 1, 18));
    expect(verified.platform).toMatchObject({ pceSvn: 13, fmspc: fromHex("0x00a067110000") });
  });

  it("refuses the SGX quote outside the dates of its collateral", async () => {
    const until = Date.UTC(2025, 6, 19, 10, 1, 18);
    expect(await verdict(phala, until)).toMatchObject({ status: "ConfigurationAndSWHardeningNeeded" });
    expect(await verdict(phala, until + 1)).toEqual({ code: "CollateralExpired", part: "qeIdentity" });
    const from = Date.UTC(2025, 5, 19, 10, 56, 11);
    expect(await verdict(phala, from)).toMatchObject({ status: "ConfigurationAndSWHardeningNeeded" });
    expect(await verdict(phala, from - 1)).toEqual({ code: "CollateralNotYetValid", part: "tcbInfo" });
  });

  it("reports collateral of the TDX quote: it says nothing of an enclave", async () => {
    const { tcbInfo, qeIdentity } = unwrap(collateralFromJson(collaterals.phalaTdx));
    for (const [part, document] of [["tcbInfo", { tcbInfo }], ["qeIdentity", { qeIdentity }]] as const) {
      const collateral = { ...PHALA_COLLATERAL, ...document };
      expect(await verdict({ ...phala, collateral })).toEqual({ code: "CollateralUnsupported", part });
    }
  });
});

describe("verifyDcapQuote() and dates", () => {
  it("accepts a whole world of its own, with a checker that is kept and without", async () => {
    expect(await verdict(await buildWorld())).toEqual(UP_TO_DATE);
  });

  const inDocument = (field: string, ms: number) => ({ [field]: momentOf(ms) });
  const cases: readonly (readonly [why: string, WorldOptions, expected: unknown])[] = [
    ["TCB information has expired", { tcbInfo: inDocument("nextUpdate", PAST) }, ["CollateralExpired", "tcbInfo"]],
    ["TCB information is early", { tcbInfo: inDocument("issueDate", FUTURE) }, ["CollateralNotYetValid", "tcbInfo"]],
    ["the identity has expired", { qeIdentity: inDocument("nextUpdate", PAST) }, ["CollateralExpired", "qeIdentity"]],
    ["the identity is early", { qeIdentity: inDocument("issueDate", FUTURE) }, ["CollateralNotYetValid", "qeIdentity"]],
    ["the root's list has expired", { rootCrl: { nextUpdateMs: PAST } }, ["CollateralExpired", "rootCrl"]],
    ["the root's list is early", { rootCrl: { thisUpdateMs: FUTURE } }, ["CollateralNotYetValid", "rootCrl"]],
    ["the PCK list has expired", { pckCrl: { nextUpdateMs: PAST } }, ["CollateralExpired", "pckCrl"]],
    ["the PCK list is early", { pckCrl: { thisUpdateMs: FUTURE } }, ["CollateralNotYetValid", "pckCrl"]],
  ];
  for (const [why, options, expected] of cases) {
    it(`reports ${JSON.stringify(expected)} when ${why}`, async () => {
      const [code, part] = expected as [string, string];
      expect(await verdict(await buildWorld(options))).toEqual({ code, part });
    });
  }

  for (const [index, name] of (["leaf", "authority", "root"] as const).entries()) {
    it(`reports the PCK chain's ${name} when it has expired or is early`, async () => {
      const expired = await buildWorld({ certificates: { [name]: { notAfterMs: PAST } } });
      expect(await verdict(expired)).toEqual({ code: "CertificateExpired", index });
      const early = await buildWorld({ certificates: { [name]: { notBeforeMs: FUTURE } } });
      expect(await verdict(early)).toEqual({ code: "CertificateNotYetValid", index });
    });
  }

  for (const [name, part] of [["tcbSigner", "tcbInfo"], ["qeSigner", "qeIdentity"]] as const) {
    it(`reports the signer of the ${part} when it has expired or is early`, async () => {
      const expired = await buildWorld({ certificates: { [name]: { notAfterMs: PAST } } });
      const chainError = (code: string) => ({ code: "CollateralChainInvalid", part, reason: { code, index: 0 } });
      expect(await verdict(expired)).toEqual(chainError("CertificateExpired"));
      const early = await buildWorld({ certificates: { [name]: { notBeforeMs: FUTURE } } });
      expect(await verdict(early)).toEqual(chainError("CertificateNotYetValid"));
    });
  }
});

describe("verifyDcapQuote() and revocation", () => {
  const cases: readonly (readonly [CertificateName, WorldOptions, certificate: string])[] = [
    ["leaf", { pckCrl: { revoked: [SERIALS.leaf] } }, "pckLeaf"],
    ["authority", { rootCrl: { revoked: ["77", SERIALS.authority] } }, "pckAuthority"],
    ["root", { rootCrl: { revoked: [SERIALS.root] } }, "root"],
    ["tcbSigner", { rootCrl: { revoked: [SERIALS.tcbSigner] } }, "tcbInfoSigner"],
    ["qeSigner", { rootCrl: { revoked: [SERIALS.qeSigner] } }, "qeIdentitySigner"],
  ];
  for (const [name, options, certificate] of cases) {
    it(`reports CertificateRevoked for the ${name}`, async () => {
      expect(await verdict(await buildWorld(options))).toEqual({ code: "CertificateRevoked", certificate });
    });
  }

  it("takes a list for its own issuer's certificates only", async () => {
    expect(await verdict(await buildWorld({ rootCrl: { revoked: [SERIALS.leaf] } }))).toEqual(UP_TO_DATE);
    expect(await verdict(await buildWorld({ pckCrl: { revoked: [SERIALS.authority] } }))).toEqual(UP_TO_DATE);
  });

  it("reports lists of another issuer, with another signature, or of an authority that may not sign lists", async () => {
    const mismatch = (part: string) => ({ code: "CollateralIssuerMismatch", part });
    const invalid = (part: string) => ({ code: "CollateralSignatureInvalid", part });
    const signedBy = (await generateP256(false)).keys.privateKey;
    for (const part of ["rootCrl", "pckCrl"] as const) {
      expect(await verdict(await buildWorld({ [part]: { issuerName: "CN=other" } }))).toEqual(mismatch(part));
      expect(await verdict(await buildWorld({ [part]: { signedBy } }))).toEqual(invalid(part));
    }
    const world = await buildWorld();
    const { rootCrl, pckCrl } = world.collateral;
    const swapped = { ...world.collateral, rootCrl: pckCrl, pckCrl: rootCrl };
    expect(await verdict({ ...world, collateral: swapped })).toEqual(mismatch("rootCrl"));
    const usage = KeyUsageFlags.keyCertSign;
    expect(await verdict(await buildWorld({ certificates: { root: { usage } } }))).toEqual(mismatch("rootCrl"));
    const reason = { code: "LeafUnsuitable" };
    expect(await verdict(await buildWorld({ certificates: { authority: { usage } } }))).toEqual(
      { code: "CollateralChainInvalid", part: "pckCrl", reason },
    );
  });

  it("reports a list whose issuer's chain leads to another authority or root", async () => {
    const [world, other] = [await buildWorld(), await buildWorld()];
    const { ders, keys } = world;
    const withChain = (list: readonly Uint8Array[]) => ({
      ...world,
      collateral: { ...world.collateral, pckCrlIssuerChain: encodePemChain(list) },
    });
    const chainError = (reason: unknown) => ({ code: "CollateralChainInvalid", part: "pckCrl", reason });
    expect(await verdict(withChain([other.ders.authority, other.ders.root]))).toEqual(
      chainError({ code: "RootUnknown" }),
    );
    expect(await verdict(withChain([ders.root, ders.root]))).toEqual({
      code: "CollateralIssuerMismatch",
      part: "pckCrl",
    });
    expect(await verdict(withChain([ders.authority]))).toEqual(chainError({ code: "ChainTooShort" }));
    expect(await verdict(withChain([ders.leaf, ders.authority, ders.root]))).toEqual(
      chainError({ code: "ChainTooLong" }),
    );
    const foreign = { ...world.collateral, pckCrl: await buildCrl("authority", other.keys.authority) };
    expect(await verdict({ ...world, collateral: foreign })).toEqual(
      { code: "CollateralSignatureInvalid", part: "pckCrl" },
    );
    const own = { ...world.collateral, pckCrl: await buildCrl("authority", keys.authority) };
    expect(await verdict({ ...world, collateral: own })).toEqual(UP_TO_DATE);
  });
});

describe("verifyDcapQuote() and levels", () => {
  const cases: readonly (readonly [why: string, WorldOptions, status: string, advisories: readonly string[]])[] = [
    ["is at the best level", {}, "UpToDate", []],
    [
      "is above the best level",
      { platform: { components: new Uint8Array(16).fill(255), pceSvn: 300 } },
      "UpToDate",
      [],
    ],
    ["misses one component", { platform: { components: Uint8Array.of(4, ...Array(15).fill(5)) } }, "OutOfDate", [
      "INTEL-SA-00001",
    ]],
    ["has an old quoting enclave", { quote: { qeReport: { isvSvn: 7 } } }, "OutOfDate", ["INTEL-SA-00002"]],
    [
      "and its quoting enclave are old",
      {
        platform: { components: new Uint8Array(16).fill(3) },
        quote: { qeReport: { isvSvn: 6 } },
      },
      "OutOfDate",
      ["INTEL-SA-00001", "INTEL-SA-00002"],
    ],
    ["has a revoked level", { tcbInfo: { tcbLevels: [tcbLevel(1, "Revoked")] } }, "Revoked", []],
    ["has a revoked quoting enclave", { qeIdentity: { tcbLevels: [qeLevel(1, "Revoked")] } }, "Revoked", []],
  ];
  for (const [why, options, status, advisories] of cases) {
    it(`says ${status} when the platform ${why}`, async () => {
      expect(await verdict(await buildWorld(options))).toEqual({ status, advisories });
    });
  }

  it("takes the first level that is reached, in the order of the document", async () => {
    const tcbLevels = [
      tcbLevel(5, "SWHardeningNeeded", ["A"], 11),
      tcbLevel(2, "ConfigurationNeeded", ["B"]),
      tcbLevel(5, "UpToDate"),
    ];
    expect(await verdict(await buildWorld({ tcbInfo: { tcbLevels } }))).toEqual({
      status: "ConfigurationNeeded",
      advisories: ["B"],
    });
  });

  it("reads TCB information of version 2", async () => {
    const named = Object.fromEntries(
      Array.from(
        { length: 16 },
        (_, place) => [`sgxtcbcomp${String(place + 1).padStart(2, "0")}svn`, place === 15 ? 6 : 1],
      ),
    );
    const level = (tcbStatus: string, change = {}) => ({ tcb: { ...named, ...change, pcesvn: 10 }, tcbStatus });
    const tcbInfo = {
      id: undefined,
      version: 2,
      tcbLevels: [level("UpToDate"), level("OutOfDate", { sgxtcbcomp16svn: 5 })],
    };
    expect(await verdict(await buildWorld({ tcbInfo }))).toEqual({ status: "OutOfDate", advisories: [] });
    expect(await verdict(await buildWorld({ tcbInfo: { ...tcbInfo, id: "SGX" } }))).toEqual(
      { code: "CollateralUnsupported", part: "tcbInfo" },
    );
  });
});
