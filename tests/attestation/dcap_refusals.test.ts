import "reflect-metadata";
import { Extension, KeyUsageFlags } from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { collateralFromJson } from "../../src/attestation/collateral.ts";
import { INTEL_SGX_ROOT } from "../../src/attestation/platform_root.ts";
import { encodeQuote, parseQuote } from "../../src/attestation/quote.ts";
import { createSignatureChecker } from "../../src/attestation/signature_checker.ts";
import { verifyDcapQuote } from "../../src/attestation/verify_dcap_quote.ts";
import { encodePemChain } from "../../src/attestation/x509.ts";
import { generateP256 } from "../../src/crypto/p256.ts";
import { concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import { fromHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import {
  buildWorld,
  qeLevel,
  sgxExtensionValue,
  signDocument,
  tcbLevel,
  type World,
  type WorldOptions,
} from "./pki_builder.ts";
import { type CertificateOptions, NOW_MS } from "./quote_builder.ts";
import collaterals from "./vectors/collateral.json" with { type: "json" };
import vectors from "./vectors/quotes.json" with { type: "json" };

const PHALA = fromHex(vectors.quotes[1]?.hex ?? "");
const PHALA_COLLATERAL = unwrap(collateralFromJson(collaterals.phalaSgx));

async function verdict({ quote, collateral, root }: Pick<World, "quote" | "collateral" | "root">): Promise<unknown> {
  const verified = await verifyDcapQuote(quote, collateral, { roots: [root], nowMs: NOW_MS });
  return verified.ok ? "accepted" : verified.error;
}

async function verdictOf(options: WorldOptions): Promise<unknown> {
  return await verdict(await buildWorld(options));
}

function withPem(world: World, pem: Uint8Array): World {
  const quote = unwrap(parseQuote(world.quote));
  return {
    ...world,
    quote: encodeQuote({ ...quote, signature: { ...quote.signature, certificationData: pem } }),
  };
}

const changed = (bytes: Uint8Array, at: number, value: number) => bytes.with(at, value);

describe("verifyDcapQuote() and chains", () => {
  it("reports PCK chains that are too short, too long or in the wrong order", async () => {
    const world = await buildWorld();
    const { leaf, authority, root, tcbSigner } = world.ders;
    const codeOf = (...ders: Uint8Array[]) => verdict(withPem(world, encodePemChain(ders)));
    expect(await codeOf(leaf, authority, root)).toBe("accepted");
    expect(await codeOf(leaf)).toEqual({ code: "ChainTooShort" });
    expect(await codeOf(leaf, authority)).toEqual({ code: "ChainTooShort" });
    expect(await codeOf(tcbSigner, root)).toEqual({ code: "ChainTooShort" });
    expect(await codeOf(leaf, authority, root, root)).toEqual({ code: "ChainTooLong" });
    expect(await codeOf(root, authority, leaf)).toEqual({ code: "LeafUnsuitable" });
    expect(await codeOf(authority, leaf, root)).toEqual({ code: "LeafUnsuitable" });
    expect(await codeOf(leaf, root, authority)).toEqual({ code: "IssuerMismatch", index: 0 });
    expect(await codeOf(tcbSigner, root, root)).toEqual({ code: "QeReportSignatureInvalid" });
  });

  it("reports chains of documents that are too short, too long or in the wrong order", async () => {
    const world = await buildWorld();
    const { leaf, authority, root, tcbSigner } = world.ders;
    for (const part of ["tcbInfo", "qeIdentity"] as const) {
      const codeOf = (...ders: Uint8Array[]) => {
        const document = { ...world.collateral[part], issuerChain: encodePemChain(ders) };
        return verdict({ ...world, collateral: { ...world.collateral, [part]: document } });
      };
      const chainError = (reason: unknown) => ({ code: "CollateralChainInvalid", part, reason });
      expect(await codeOf()).toEqual(chainError({ code: "ChainTooShort" }));
      expect(await codeOf(tcbSigner)).toEqual(chainError({ code: "ChainTooShort" }));
      expect(await codeOf(leaf, authority, root)).toEqual(chainError({ code: "ChainTooLong" }));
      expect(await codeOf(root, tcbSigner)).toEqual(chainError({ code: "LeafUnsuitable" }));
      expect(await codeOf(authority, root)).toEqual(chainError({ code: "LeafUnsuitable" }));
      expect(await codeOf(leaf, authority)).toEqual(chainError({ code: "IssuerMismatch", index: 1 }));
      expect(await codeOf(tcbSigner, authority)).toEqual(chainError({ code: "IssuerMismatch", index: 0 }));
    }
  });

  const certificates: readonly (readonly [keyof World["ders"], CertificateOptions, expected: unknown])[] = [
    ["leaf", { isCa: true }, { code: "LeafUnsuitable" }],
    ["leaf", { usage: KeyUsageFlags.keyAgreement }, { code: "LeafUnsuitable" }],
    ["authority", { isCa: false }, { code: "IssuerUnsuitable", index: 1 }],
    ["authority", { usage: KeyUsageFlags.cRLSign }, { code: "IssuerUnsuitable", index: 1 }],
    ["root", { isCa: false }, { code: "IssuerUnsuitable", index: 2 }],
    ["root", { pathLength: 0 }, { code: "IssuerUnsuitable", index: 2 }],
    ["leaf", { issuerName: "CN=other" }, { code: "IssuerMismatch", index: 0 }],
    ["authority", { extensions: [new Extension("1.2.3.4", true, new Uint8Array([5, 0]))] }, {
      code: "CertificateMalformed",
      index: 1,
    }],
    ["tcbSigner", { isCa: true }, {
      code: "CollateralChainInvalid",
      part: "tcbInfo",
      reason: { code: "LeafUnsuitable" },
    }],
    ["qeSigner", { usage: KeyUsageFlags.keyAgreement }, {
      code: "CollateralChainInvalid",
      part: "qeIdentity",
      reason: { code: "LeafUnsuitable" },
    }],
  ];
  for (const [name, change, expected] of certificates) {
    it(`reports ${JSON.stringify(expected)} for the ${name} changed in ${Object.keys(change)}`, async () => {
      expect(await verdictOf({ certificates: { [name]: change } })).toEqual(expected);
    });
  }

  it("reports CertificateSignatureInvalid wherever another key signed a certificate", async () => {
    const signedBy = (await generateP256(false)).keys.privateKey;
    for (const [index, name] of ["leaf", "authority", "root"].entries()) {
      const expected = { code: "CertificateSignatureInvalid", index };
      expect(await verdictOf({ certificates: { [name]: { signedBy } } })).toEqual(expected);
    }
    for (const [name, part] of [["tcbSigner", "tcbInfo"], ["qeSigner", "qeIdentity"]] as const) {
      const reason = { code: "CertificateSignatureInvalid", index: 0 };
      expect(await verdictOf({ certificates: { [name]: { signedBy } } })).toEqual(
        { code: "CollateralChainInvalid", part, reason },
      );
    }
  });

  it("reports RootUnknown for a foreign root, and for collateral below another accepted root", async () => {
    const [world, other] = [await buildWorld(), await buildWorld()];
    expect(await verdict({ ...world, root: INTEL_SGX_ROOT })).toEqual({ code: "RootUnknown" });
    expect(await verdict({ ...world, root: other.root })).toEqual({ code: "RootUnknown" });
    for (const part of ["tcbInfo", "qeIdentity"] as const) {
      const collateral = { ...world.collateral, [part]: other.collateral[part] };
      const roots = [other.root, world.root];
      const verified = await verifyDcapQuote(world.quote, collateral, { roots, nowMs: NOW_MS });
      const error = { code: "CollateralChainInvalid", part, reason: { code: "RootUnknown" } };
      expect(verified).toEqual({ ok: false, error });
    }
  });
});

describe("verifyDcapQuote() and platforms", () => {
  const cases: readonly (readonly [why: string, WorldOptions, expected: unknown])[] = [
    ["another FMSPC", { platform: { fmspc: new Uint8Array(6) } }, { code: "FmspcMismatch" }],
    ["TCB information of another FMSPC", { tcbInfo: { fmspc: "00A067110001" } }, { code: "FmspcMismatch" }],
    ["another PCE", { platform: { pceId: Uint8Array.of(0, 1) } }, { code: "PceIdMismatch" }],
    ["TCB information of another PCE", { tcbInfo: { pceId: "0100" } }, { code: "PceIdMismatch" }],
    ["no SGX extension", { platform: null }, { code: "PckExtensionMissing" }],
    ["a TCB below all levels", { platform: { components: new Uint8Array(16) } }, { code: "TcbLevelMissing" }],
    ["a PCE below all levels", { platform: { pceSvn: 9 } }, { code: "TcbLevelMissing" }],
    ["an unknown status", { tcbInfo: { tcbLevels: [tcbLevel(1, "Shiny")] } }, {
      code: "TcbStatusUnknown",
      status: "Shiny",
    }],
    ["an unknown status of its quoting enclave", { qeIdentity: { tcbLevels: [qeLevel(1, "SWHardeningNeeded")] } }, {
      code: "TcbStatusUnknown",
      status: "SWHardeningNeeded",
    }],
    ["a quoting enclave of another signer", { quote: { qeReport: { mrsigner: new Uint8Array(32) } } }, {
      code: "QeMrsignerMismatch",
    }],
    ["another product as quoting enclave", { quote: { qeReport: { isvProdId: 2 } } }, { code: "QeIsvProdIdMismatch" }],
    ["a quoting enclave of other MISCSELECT", { quote: { qeReport: { miscSelect: 1 } } }, {
      code: "QeMiscSelectMismatch",
    }],
    ["a debug quoting enclave", { quote: { qeReport: { attributeFlags: 0x17n } } }, { code: "QeAttributesMismatch" }],
    ["a quoting enclave without provisioning key", { quote: { qeReport: { attributeFlags: 0x05n } } }, {
      code: "QeAttributesMismatch",
    }],
    ["a quoting enclave below all levels", { quote: { qeReport: { isvSvn: 5 } } }, { code: "QeTcbLevelMissing" }],
    ["a quoting enclave of another vendor", { quote: { header: { qeVendorId: new Uint8Array(16) } } }, {
      code: "QeVendorUnsupported",
    }],
  ];
  for (const [why, options, expected] of cases) {
    it(`reports ${JSON.stringify(expected)} for a quote with ${why}`, async () => {
      expect(await verdictOf(options)).toEqual(expected);
    });
  }

  it("counts the bits of the masks and no others", async () => {
    const qeReport = { attributeFlags: 0x11n, attributeXfrm: 0xe7n, miscSelect: 0xff00 };
    const qeIdentity = { miscselectMask: "00000000" };
    expect(await verdictOf({ qeIdentity, quote: { qeReport } })).toBe("accepted");
    expect(await verdictOf({ qeIdentity: { miscselectMask: "00FF0000" }, quote: { qeReport } })).toEqual({
      code: "QeMiscSelectMismatch",
    });
  });

  it("reports PckExtensionMalformed for an SGX extension of another form", async () => {
    for (const value of [new Uint8Array([0x30, 0]), new Uint8Array([5, 0]), sgxExtensionValue().slice(0, -1)]) {
      const extension = new Extension("1.2.840.113741.1.13.1", false, value);
      const options = { platform: null, certificates: { leaf: { extensions: [extension] } } };
      expect(await verdictOf(options)).toEqual({ code: "PckExtensionMalformed" });
    }
  });

  it("reports signatures of other keys, and an attestation key that nobody vouches for", async () => {
    const other = (await generateP256(false)).keys.privateKey;
    expect(await verdictOf({ quote: { qeSigner: other } })).toEqual({ code: "QeReportSignatureInvalid" });
    expect(await verdictOf({ quote: { quoteSigner: other } })).toEqual({ code: "QuoteSignatureInvalid" });
    expect(await verdictOf({ quote: { qeReportData: new Uint8Array(64) } })).toEqual({ code: "AttestationKeyUnbound" });
    expect(await verdictOf({ documentSigner: other })).toEqual({ code: "CollateralSignatureInvalid", part: "tcbInfo" });
  });
});

describe("verifyDcapQuote() and forms", () => {
  it("reports the documents' signature when a byte of them differs, and swapped documents", async () => {
    const world = await buildWorld();
    const { tcbInfo, qeIdentity } = world.collateral;
    for (const [part, document] of [["tcbInfo", tcbInfo], ["qeIdentity", qeIdentity]] as const) {
      const with_ = (change: object) =>
        verdict({ ...world, collateral: { ...world.collateral, [part]: { ...document, ...change } } });
      const expected = { code: "CollateralSignatureInvalid", part };
      expect(await with_({ json: concatBytes(document.json, utf8(" ")) })).toEqual(expected);
      expect(await with_({ signature: document.signature.slice(1) })).toEqual(expected);
      expect(await with_({ signature: changed(document.signature, 5, 1) })).toEqual(expected);
    }
    expect(await verdict({ ...world, collateral: { ...world.collateral, tcbInfo: qeIdentity } })).toMatchObject({
      part: "tcbInfo",
    });
  });

  it("reports signed documents of another form, kind or version", async () => {
    const world = await buildWorld();
    const codeOf = async (part: "tcbInfo" | "qeIdentity", json: Uint8Array) =>
      await verdict({ ...world, collateral: { ...world.collateral, [part]: await signDocument(world, json) } });
    for (const part of ["tcbInfo", "qeIdentity"] as const) {
      const good = JSON.parse(new TextDecoder().decode(world.collateral[part].json));
      const malformed = { code: "CollateralMalformed", part };
      const unsupported = { code: "CollateralUnsupported", part };
      const json = (change: object) => utf8(JSON.stringify({ ...good, ...change }));
      for (const bytes of [utf8(""), utf8("[]"), utf8("null"), Uint8Array.of(0x22, 0xff, 0x22)]) {
        expect(await codeOf(part, bytes)).toEqual(malformed);
      }
      for (const field of Object.keys(good).filter((name) => name !== "id")) {
        expect(await codeOf(part, json({ [field]: undefined })), field).toEqual(malformed);
        expect(await codeOf(part, json({ [field]: {} })), field).toEqual(malformed);
      }
      expect(await codeOf(part, json({ id: "TDX" }))).toEqual(unsupported);
      expect(await codeOf(part, json({ version: 4 }))).toEqual(unsupported);
      expect(await codeOf(part, json({ tcbLevels: [] }))).toEqual(malformed);
      expect(await codeOf(part, json({ nextUpdate: "2025-13-01T00:00:00Z" }))).toEqual(malformed);
      expect(await codeOf(part, json({ nextUpdate: "2025-06-30" }))).toEqual(malformed);
    }
    expect(await codeOf("tcbInfo", world.collateral.qeIdentity.json)).toMatchObject({ part: "tcbInfo" });
  });

  it("reports lists that cannot be read", async () => {
    const world = await buildWorld({ pckCrl: { revoked: ["55"] } });
    for (const part of ["rootCrl", "pckCrl"] as const) {
      const list = world.collateral[part];
      const expected = { code: "CollateralMalformed", part };
      for (
        const bytes of [new Uint8Array(0), list.slice(0, -1), concatBytes(list, new Uint8Array(1)), world.ders.root]
      ) {
        expect(await verdict({ ...world, collateral: { ...world.collateral, [part]: bytes } })).toEqual(expected);
      }
      const partial = new Extension("2.5.29.27", true, new Uint8Array([2, 1, 1]));
      expect(await verdictOf({ [part]: { extensions: [partial] } })).toEqual(expected);
    }
  });

  it("reports unknown versions, key types, processors and certification data", async () => {
    const { quote, ...world } = await buildWorld();
    for (const version of [0, 1, 2, 4, 5]) {
      const error = { code: "UnsupportedQuoteVersion", version };
      expect(await verdict({ ...world, quote: changed(quote, 0, version) })).toEqual(error);
    }
    for (const [at, value, attestationKeyType, teeType] of [[2, 3, 3, 0], [4, 0x81, 2, 0x81]] as const) {
      const error = { code: "UnsupportedAttestationKeyType", attestationKeyType, teeType };
      expect(await verdict({ ...world, quote: changed(quote, at, value) })).toEqual(error);
    }
    for (const certificationType of [1, 2, 3, 4, 6, 7]) {
      const error = { code: "UnsupportedCertificationData", certificationType };
      expect(await verdict({ ...world, quote: changed(quote, 1_046, certificationType) })).toEqual(error);
    }
  });

  it("reports QuoteMalformed for a quote cut at any field's boundary, and for one byte more", async () => {
    const { quote, ...world } = await buildWorld();
    const header = [2, 2, 4, 2, 2, 16, 20];
    const report = [16, 4, 12, 16, 8, 8, 32, 32, 32, 32, 64, 2, 2, 2, 42, 16, 64];
    let at = 0;
    for (const size of [...header, ...report, 4, 64, 64, ...report, 64, 2, 32, 2, 4]) {
      if (at >= 2) expect(await verdict({ ...world, quote: quote.slice(0, at) })).toEqual({ code: "QuoteMalformed" });
      at += size;
    }
    // The rest is the chain.
    expect(at).toBe(1_052);
    for (const cut of [quote.slice(0, at), quote.slice(0, -1), concatBytes(quote, new Uint8Array(1))]) {
      expect(await verdict({ ...world, quote: cut })).toEqual({ code: "QuoteMalformed" });
    }
  });
});

describe("verifyDcapQuote() and flipped bits", () => {
  const rules = { roots: [INTEL_SGX_ROOT], nowMs: NOW_MS, check: createSignatureChecker() };
  const isAccepted = async (quote: Uint8Array, collateral = PHALA_COLLATERAL) =>
    (await verifyDcapQuote(quote, collateral, rules)).ok;
  const flip = (bytes: Uint8Array, bit: number) => bytes.with(bit >> 3, (bytes[bit >> 3] as number) ^ (1 << (bit & 7)));

  /** Every bit is turned in Deno; browsers, whose checks are the same WebCrypto, turn one in so many. */
  const STEP = "Deno" in globalThis ? 1 : 11;

  // No byte of a quote is unsigned: lengths are strict, the chain's text is canonical, the root signs itself.
  it("refuses the quote with any one bit flipped", async () => {
    expect(await isAccepted(PHALA)).toBe(true);
    for (let bit = 0; bit < 8 * PHALA.length; bit += STEP) {
      if (await isAccepted(flip(PHALA, bit))) expect.fail(`bit ${bit} of the quote is not protected`);
    }
  }, 600_000);

  it("refuses collateral with one bit of any byte flipped", async () => {
    const { tcbInfo, qeIdentity, rootCrl, pckCrl, pckCrlIssuerChain } = PHALA_COLLATERAL;
    const changes = [
      ...Object.entries(tcbInfo).map((
        [key, bytes],
      ) => [bytes, (to: Uint8Array) => ({ tcbInfo: { ...tcbInfo, [key]: to } })]),
      ...Object.entries(qeIdentity).map((
        [key, bytes],
      ) => [bytes, (to: Uint8Array) => ({ qeIdentity: { ...qeIdentity, [key]: to } })]),
      [rootCrl, (to: Uint8Array) => ({ rootCrl: to })],
      [pckCrl, (to: Uint8Array) => ({ pckCrl: to })],
      [pckCrlIssuerChain, (to: Uint8Array) => ({ pckCrlIssuerChain: to })],
    ] as [Uint8Array, (to: Uint8Array) => object][];
    for (const [place, [bytes, change]] of changes.entries()) {
      for (let at = 0; at < bytes.length; at += 3) {
        const collateral = { ...PHALA_COLLATERAL, ...change(flip(bytes, 8 * at + (at % 8))) };
        if (await isAccepted(PHALA, collateral)) expect.fail(`byte ${at} of piece ${place} is not protected`);
      }
    }
  }, 600_000);
});
