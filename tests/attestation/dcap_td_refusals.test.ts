import "reflect-metadata";
import { describe, expect, it } from "vitest";
import { verifyDcapQuote } from "../../src/attestation/verify_dcap_quote.ts";
import { encodePemChain } from "../../src/attestation/x509.ts";
import { generateP256 } from "../../src/crypto/p256.ts";
import { utf8 } from "../../src/primitives/bytes.ts";
import { buildWorld, qeLevel, SERIALS, signDocument, type World } from "./pki_builder.ts";
import { NOW_MS } from "./quote_builder.ts";
import {
  buildTdReport,
  buildTdWorld,
  GOOD_MODULE,
  moduleIdentity,
  type TdQuoteOptions,
  type TdWorldOptions,
  tdxLevel,
} from "./td_world.ts";

async function verdict({ quote, collateral, root }: World): Promise<unknown> {
  const verified = await verifyDcapQuote(quote, collateral, { roots: [root], nowMs: NOW_MS });
  if (!verified.ok) return verified.error;
  return { status: verified.value.tcbStatus, advisories: verified.value.advisoryIds };
}

async function verdictOf(options: TdWorldOptions): Promise<unknown> {
  return await verdict(await buildTdWorld(options));
}

/** Report whose versions begin with these, the others being 5. */
function svns(...first: readonly number[]): TdQuoteOptions {
  const teeTcbSvn = buildTdReport().teeTcbSvn.slice();
  teeTcbSvn.set(first);
  return { report: { teeTcbSvn } };
}

const UP_TO_DATE = { status: "UpToDate", advisories: [] };

describe("verifyDcapQuote() and levels of trust domains", () => {
  const old = { platform: { components: Uint8Array.of(4, ...Array<number>(15).fill(5)) } };
  const cases: readonly (readonly [why: string, TdWorldOptions, status: string, advisories: readonly string[]])[] = [
    ["everything is at its best level", {}, "UpToDate", []],
    ["everything is above its best level", { quote: svns(255, 1, 255, 255) }, "UpToDate", []],
    ["a TDX component is low", { quote: svns(5, 1, 4) }, "SWHardeningNeeded", ["INTEL-SA-00004"]],
    ["another TDX component is lower", { quote: svns(5, 1, 3) }, "OutOfDate", ["INTEL-SA-00001"]],
    ["an SGX component is low", old, "OutOfDate", ["INTEL-SA-00001"]],
    ["the TDX module is old", { quote: svns(4, 1) }, "OutOfDate", ["INTEL-SA-00003"]],
    ["a TDX component is low and the TDX module old", { quote: svns(3, 1, 4) }, "OutOfDate", [
      "INTEL-SA-00004",
      "INTEL-SA-00003",
    ]],
    ["quoting enclave and TDX module are old", { quote: { ...svns(3, 1), qeReport: { isvSvn: 6 } } }, "OutOfDate", [
      "INTEL-SA-00002",
      "INTEL-SA-00003",
    ]],
    [
      "configuration is needed and the TDX module is old",
      {
        tcbInfo: { tcbLevels: [tdxLevel(5, [0, 0, 5], "ConfigurationNeeded")] },
        quote: svns(4, 1),
      },
      "OutOfDateConfigurationNeeded",
      ["INTEL-SA-00003"],
    ],
    [
      "the TDX module is revoked",
      {
        tcbInfo: { tdxModuleIdentities: [moduleIdentity("TDX_01", { tcbLevels: [qeLevel(1, "Revoked")] })] },
      },
      "Revoked",
      [],
    ],
    ["the platform is revoked", { tcbInfo: { tcbLevels: [tdxLevel(1, [], "Revoked")] } }, "Revoked", []],
    [
      "the last of the TDX components is low",
      {
        tcbInfo: {
          tcbLevels: [
            tdxLevel(5, [...Array<number>(15).fill(0), 6], "UpToDate"),
            tdxLevel(5, [], "ConfigurationNeeded"),
          ],
        },
      },
      "ConfigurationNeeded",
      [],
    ],
    [
      "the module is another version's, by that one's levels",
      {
        tcbInfo: {
          tdxModuleIdentities: [
            moduleIdentity("TDX_01"),
            moduleIdentity("TDX_0a", { tcbLevels: [qeLevel(2, "UpToDate")] }),
          ],
        },
        quote: svns(2, 10),
      },
      "UpToDate",
      [],
    ],
  ];
  for (const [why, options, status, advisories] of cases) {
    it(`says ${status} when ${why}`, async () => {
      expect(await verdictOf(options)).toEqual({ status, advisories });
    });
  }

  it("compares the first two components only of a TDX module of version 0, which has no levels of its own", async () => {
    const tcbInfo = { tcbLevels: [tdxLevel(5, [5, 0, 5], "UpToDate"), tdxLevel(5, [3, 0, 5], "OutOfDate")] };
    const none = { ...tcbInfo, tdxModuleIdentities: undefined };
    for (const documents of [tcbInfo, none]) {
      expect(await verdictOf({ tcbInfo: documents, quote: svns(5, 0) })).toEqual(UP_TO_DATE);
      expect(await verdictOf({ tcbInfo: documents, quote: svns(4, 0) })).toMatchObject({ status: "OutOfDate" });
      expect(await verdictOf({ tcbInfo: documents, quote: svns(2, 0) })).toEqual({ code: "TcbLevelMissing" });
    }
    const second = { tcbLevels: [tdxLevel(5, [0, 1, 5], "UpToDate")] };
    expect(await verdictOf({ tcbInfo: second, quote: svns(5, 0) })).toEqual({ code: "TcbLevelMissing" });
    expect(await verdictOf({ tcbInfo: second, quote: svns(5, 1) })).toEqual(UP_TO_DATE);
  });
});

describe("verifyDcapQuote() and refusals of trust domains", () => {
  const identity = (change: Readonly<Record<string, unknown>>) => ({
    tdxModuleIdentities: [moduleIdentity("TDX_01", change)],
  });
  const foreignSigner = "01" + "00".repeat(47);
  const cases: readonly (readonly [why: string, TdWorldOptions, expected: unknown])[] = [
    ["a TDX module of an unknown version", { quote: svns(5, 2) }, { code: "TdxModuleUnknown", version: 2 }],
    ["a TDX module without any identity", { tcbInfo: { tdxModuleIdentities: undefined } }, {
      code: "TdxModuleUnknown",
      version: 1,
    }],
    ["a TDX module of another signer", { quote: { report: { mrSignerSeam: new Uint8Array(48).with(47, 1) } } }, {
      code: "TdxModuleSignerMismatch",
    }],
    ["an identity of another signer", { tcbInfo: identity({ mrsigner: foreignSigner }) }, {
      code: "TdxModuleSignerMismatch",
    }],
    ["another signer of the module of version 0", {
      tcbInfo: { tdxModule: { ...GOOD_MODULE, mrsigner: foreignSigner } },
      quote: svns(9, 0),
    }, { code: "TdxModuleSignerMismatch" }],
    ["a TDX module under debug", { quote: { report: { seamAttributes: new Uint8Array(8).with(0, 1) } } }, {
      code: "TdxModuleAttributesMismatch",
    }],
    ["the last of the TDX module's attributes", {
      quote: { report: { seamAttributes: new Uint8Array(8).with(7, 128) } },
    }, {
      code: "TdxModuleAttributesMismatch",
    }],
    ["an identity of other attributes", { tcbInfo: identity({ attributes: "0200000000000000" }) }, {
      code: "TdxModuleAttributesMismatch",
    }],
    ["a TDX module below all levels", { quote: svns(2, 1) }, { code: "TdxModuleTcbLevelMissing" }],
    ["a TDX module of unknown status", { tcbInfo: identity({ tcbLevels: [qeLevel(1, "Shiny")] }) }, {
      code: "TcbStatusUnknown",
      status: "Shiny",
    }],
    ["a TDX component below all levels", { quote: svns(5, 1, 2) }, { code: "TcbLevelMissing" }],
    ["an SGX component below all levels", { platform: { components: new Uint8Array(16) } }, {
      code: "TcbLevelMissing",
    }],
    ["a PCE below all levels", { platform: { pceSvn: 9 } }, { code: "TcbLevelMissing" }],
    ["another FMSPC", { platform: { fmspc: new Uint8Array(6) } }, { code: "FmspcMismatch" }],
    ["another PCE", { platform: { pceId: Uint8Array.of(0, 1) } }, { code: "PceIdMismatch" }],
    ["no SGX extension", { platform: null }, { code: "PckExtensionMissing" }],
    ["a quoting enclave of another signer", { quote: { qeReport: { mrsigner: new Uint8Array(32) } } }, {
      code: "QeMrsignerMismatch",
    }],
    ["another product as quoting enclave", { quote: { qeReport: { isvProdId: 2 } } }, { code: "QeIsvProdIdMismatch" }],
    ["a debug quoting enclave", { quote: { qeReport: { attributeFlags: 0x17n } } }, { code: "QeAttributesMismatch" }],
    ["a quoting enclave below all levels", { quote: { qeReport: { isvSvn: 5 } } }, { code: "QeTcbLevelMissing" }],
    ["a quoting enclave of another vendor", { quote: { header: { qeVendorId: new Uint8Array(16) } } }, {
      code: "QeVendorUnsupported",
    }],
    ["the identity of an enclave's quoting enclave", { qeIdentity: { id: "QE" } }, {
      code: "CollateralUnsupported",
      part: "qeIdentity",
    }],
    ["the identity of something else", { qeIdentity: { id: "QVE" } }, {
      code: "CollateralUnsupported",
      part: "qeIdentity",
    }],
    ["TCB information for enclaves", { tcbInfo: { id: "SGX" } }, { code: "CollateralUnsupported", part: "tcbInfo" }],
    ["TCB information of version 2", { tcbInfo: { id: undefined, version: 2 } }, {
      code: "CollateralUnsupported",
      part: "tcbInfo",
    }],
    ["TCB information of another type", { tcbInfo: { tcbType: 1 } }, {
      code: "CollateralUnsupported",
      part: "tcbInfo",
    }],
    ["a revoked leaf", { pckCrl: { revoked: [SERIALS.leaf] } }, { code: "CertificateRevoked", certificate: "pckLeaf" }],
  ];
  for (const [why, options, expected] of cases) {
    it(`reports ${JSON.stringify(expected)} for ${why}`, async () => {
      expect(await verdictOf(options)).toEqual(expected);
    });
  }

  it("reports DebugTd for every bit of debug, and for no other attribute", async () => {
    const withAttribute = (bit: number) => verdictOf({ quote: { report: { tdAttributes: 1n << BigInt(bit) } } });
    for (const bit of [0, 1, 4, 7]) expect(await withAttribute(bit), `bit ${bit}`).toEqual({ code: "DebugTd" });
    for (const bit of [8, 28, 63]) expect(await withAttribute(bit), `bit ${bit}`).toEqual(UP_TO_DATE);
  });

  it("counts the bits of the TDX module's mask and no others", async () => {
    const tcbInfo = identity({ attributes: "0000000000000080", attributesMask: "00000000000000F0" });
    const seamAttributes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0x8f);
    expect(await verdictOf({ tcbInfo, quote: { report: { seamAttributes } } })).toEqual(UP_TO_DATE);
    expect(await verdictOf({ tcbInfo })).toEqual({ code: "TdxModuleAttributesMismatch" });
  });

  it("reports signatures of other keys, an attestation key nobody vouches for, and chains that do not hold", async () => {
    const other = (await generateP256(false)).keys.privateKey;
    expect(await verdictOf({ quote: { qeSigner: other } })).toEqual({ code: "QeReportSignatureInvalid" });
    expect(await verdictOf({ quote: { quoteSigner: other } })).toEqual({ code: "QuoteSignatureInvalid" });
    expect(await verdictOf({ quote: { qeReportData: new Uint8Array(64) } })).toEqual({ code: "AttestationKeyUnbound" });
    expect(await verdictOf({ documentSigner: other })).toEqual({ code: "CollateralSignatureInvalid", part: "tcbInfo" });
    const { ders: { leaf, root } } = await buildWorld();
    expect(await verdictOf({ quote: { pem: encodePemChain([leaf, root]) } })).toEqual({ code: "ChainTooShort" });
    const foreign = await buildTdWorld();
    expect(await verdict({ ...await buildTdWorld(), root: foreign.root })).toEqual({ code: "RootUnknown" });
  });

  it("reports an enclave's quote with the collateral of a trust domain, and the reverse", async () => {
    const world = await buildTdWorld();
    const sgx = await buildWorld();
    expect(await verdict({ ...sgx, collateral: await resign(sgx, world) })).toEqual({
      code: "CollateralUnsupported",
      part: "tcbInfo",
    });
    expect(await verdict({ ...world, collateral: await resign(world, sgx) })).toEqual({
      code: "CollateralUnsupported",
      part: "tcbInfo",
    });
  });

  it("reports CollateralMalformed for TCB information whose TDX parts have another form", async () => {
    const world = await buildTdWorld();
    const good = JSON.parse(new TextDecoder().decode(world.collateral.tcbInfo.json));
    const { tdxtcbcomponents, ...sgxOnly } = good.tcbLevels[0].tcb;
    const withTcb = (tcb: unknown) => ({ tcbLevels: [{ ...good.tcbLevels[0], tcb }] });
    const changes: readonly Readonly<Record<string, unknown>>[] = [
      { tdxModule: undefined },
      { tdxModule: null },
      { tdxModule: [GOOD_MODULE] },
      ...Object.keys(GOOD_MODULE).map((field) => ({ tdxModule: { ...GOOD_MODULE, [field]: undefined } })),
      { tdxModule: { ...GOOD_MODULE, mrsigner: "00".repeat(47) } },
      { tdxModule: { ...GOOD_MODULE, mrsigner: "0g".repeat(48) } },
      { tdxModuleIdentities: [] },
      { tdxModuleIdentities: {} },
      { tdxModuleIdentities: Array(65).fill(moduleIdentity("TDX_01")) },
      ...["TDX_1", "TDX_001", "tdx_01", "TDX_0x", "", 1].map((id) => ({
        tdxModuleIdentities: [moduleIdentity("", { id })],
      })),
      identity({ tcbLevels: [] }),
      identity({ tcbLevels: [qeLevel(65_536, "UpToDate")] }),
      identity({ mrsigner: undefined }),
      withTcb(sgxOnly),
      withTcb({ ...sgxOnly, tdxtcbcomponents: tdxtcbcomponents.slice(1) }),
      withTcb({ ...sgxOnly, tdxtcbcomponents: [...tdxtcbcomponents, { svn: 0 }] }),
      withTcb({ ...sgxOnly, tdxtcbcomponents: tdxtcbcomponents.with(3, { svn: 256 }) }),
    ];
    for (const change of changes) {
      const tcbInfo = await signDocument(world, utf8(JSON.stringify({ ...good, ...change })));
      const expected = { code: "CollateralMalformed", part: "tcbInfo" };
      const changed = { ...world, collateral: { ...world.collateral, tcbInfo } };
      expect(await verdict(changed), JSON.stringify(change).slice(0, 80)).toEqual(expected);
    }
  });
});

/** The collateral of one world with the documents of another, signed by the first one's signer. */
async function resign(world: World, { collateral: { tcbInfo, qeIdentity } }: World): Promise<World["collateral"]> {
  return {
    ...world.collateral,
    tcbInfo: await signDocument(world, tcbInfo.json),
    qeIdentity: await signDocument(world, qeIdentity.json),
  };
}
