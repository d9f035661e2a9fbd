import "reflect-metadata";
import { Extension, KeyUsageFlags } from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { INTEL_SGX_ROOT } from "../../src/attestation/platform_root.ts";
import { encodeQuote, MAX_QUOTE_LENGTH, parseEnclaveQuote, parseQuote } from "../../src/attestation/quote.ts";
import { isDebugReport } from "../../src/attestation/report_body.ts";
import { verifyQuoteSignature } from "../../src/attestation/verify_quote.ts";
import { encodePemChain } from "../../src/attestation/x509.ts";
import { generateP256 } from "../../src/crypto/p256.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { buildChain, buildQuote, type CertificateOptions, NOW_MS, rootOf } from "./quote_builder.ts";
import vectors from "./vectors/quotes.json" with { type: "json" };

const DAY_MS = 86_400_000;
const PHALA = fromHex(vectors.quotes[1]?.hex ?? "");

async function codeOf(quote: Uint8Array, roots = [INTEL_SGX_ROOT], nowMs = NOW_MS): Promise<unknown> {
  const verified = await verifyQuoteSignature(quote, roots, nowMs);
  return verified.ok ? "accepted" : verified.error;
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

describe("real quotes", () => {
  for (const { name, debug, mrenclave, hex } of vectors.quotes) {
    it(`parseQuote() reads the quote of the ${name}, and encodeQuote() gives the same bytes`, () => {
      const quote = unwrap(parseEnclaveQuote(fromHex(hex)));
      expect(unwrap(parseQuote(fromHex(hex)))).toEqual(quote);
      expect(toHex(quote.report.mrenclave)).toBe(mrenclave);
      expect(isDebugReport(quote.report)).toBe(debug);
      expect(toHex(encodeQuote(quote))).toBe(hex);
    });

    it(`verifyQuoteSignature() follows the ${name} to Intel's root`, async () => {
      const { root } = unwrap(await verifyQuoteSignature(fromHex(hex), [INTEL_SGX_ROOT], NOW_MS));
      expect(root).toBe(INTEL_SGX_ROOT);
      expect(root.isEmulated).toBe(false);
    });
  }

  it("verifyQuoteSignature() reports RootUnknown when Intel's root is not accepted", async () => {
    expect(await codeOf(PHALA, [rootOf(await buildChain())])).toEqual({ code: "RootUnknown" });
    expect(await codeOf(PHALA, [])).toEqual({ code: "RootUnknown" });
  });

  it("verifyQuoteSignature() reports the certificate whose validity the clock is outside of", async () => {
    expect(await codeOf(PHALA, [INTEL_SGX_ROOT], Date.UTC(2031, 0))).toEqual({ code: "CertificateExpired", index: 0 });
    expect(await codeOf(PHALA, [INTEL_SGX_ROOT], Date.UTC(2023, 0))).toEqual({
      code: "CertificateNotYetValid",
      index: 0,
    });
  });

  it("parseQuote() reports QuoteMalformed for every cut and for a byte too many", () => {
    for (let length = 2; length < PHALA.length; length++) {
      const cut = parseQuote(PHALA.subarray(0, length));
      expect(cut.ok ? "accepted" : cut.error.code, `length ${length}`).toBe("QuoteMalformed");
    }
    expect(parseQuote(new Uint8Array(0))).toEqual({ ok: false, error: { code: "QuoteMalformed" } });
    expect(parseQuote(concatBytes(PHALA, new Uint8Array(1)))).toEqual({ ok: false, error: { code: "QuoteMalformed" } });
  });

  it("parseQuote() reports QuoteMalformed above the largest length", () => {
    const long = concatBytes(PHALA, new Uint8Array(MAX_QUOTE_LENGTH));
    expect(parseQuote(long)).toEqual({ ok: false, error: { code: "QuoteMalformed" } });
  });

  it("parseQuote() reports unknown key types, processors and certification data", () => {
    const keyType = { code: "UnsupportedAttestationKeyType", attestationKeyType: 3, teeType: 0 };
    expect(parseQuote(changed(PHALA, 2, 3))).toEqual({ ok: false, error: keyType });
    const tee = { code: "UnsupportedAttestationKeyType", attestationKeyType: 2, teeType: 0x81 };
    expect(parseQuote(changed(PHALA, 4, 0x81))).toEqual({ ok: false, error: tee });
    // Header 48, report 384, length 4, signatures and key 128, report 384, signature 64, authentication data 2 + 32.
    for (const certificationType of [1, 3]) {
      const error = { code: "UnsupportedCertificationData", certificationType };
      expect(parseQuote(changed(PHALA, 1_046, certificationType))).toEqual({ ok: false, error });
    }
  });
});

describe("verifyQuoteSignature()", () => {
  it("accepts a quote under a test root, and one with a chain of two", async () => {
    for (const length of [2, 3, 4]) {
      const chain = await buildChain(length);
      const verified = unwrap(await verifyQuoteSignature(await buildQuote(chain), [rootOf(chain)], NOW_MS));
      expect(verified.root.isEmulated).toBe(true);
    }
  });

  it("reports QeReportSignatureInvalid when another key signed the quoting enclave's report", async () => {
    const chain = await buildChain();
    const quote = await buildQuote(chain, { qeSigner: (await generateP256(false)).keys.privateKey });
    expect(await codeOf(quote, [rootOf(chain)])).toEqual({ code: "QeReportSignatureInvalid" });
  });

  it("reports AttestationKeyUnbound when the quoting enclave vouches for another key", async () => {
    const chain = await buildChain();
    for (const qeReportData of [new Uint8Array(64), new Uint8Array(64).fill(1)]) {
      expect(await codeOf(await buildQuote(chain, { qeReportData }), [rootOf(chain)])).toEqual({
        code: "AttestationKeyUnbound",
      });
    }
  });

  it("reports QuoteSignatureInvalid when another key signed the quote", async () => {
    const chain = await buildChain();
    const quote = await buildQuote(chain, { quoteSigner: (await generateP256(false)).keys.privateKey });
    expect(await codeOf(quote, [rootOf(chain)])).toEqual({ code: "QuoteSignatureInvalid" });
  });

  const unknownCritical = new Extension("1.2.3.4", true, new Uint8Array([5, 0]));
  const cases: readonly (readonly [why: string, Readonly<Record<number, CertificateOptions>>, expected: unknown])[] = [
    ["the leaf has expired", { 0: { notAfterMs: NOW_MS - 1_000 } }, { code: "CertificateExpired", index: 0 }],
    ["an authority has expired", { 1: { notAfterMs: NOW_MS - 1_000 } }, { code: "CertificateExpired", index: 1 }],
    ["the root has expired", { 2: { notAfterMs: NOW_MS - 1_000 } }, { code: "CertificateExpired", index: 2 }],
    ["an authority is not yet valid", { 1: { notBeforeMs: NOW_MS + DAY_MS / 2 } }, {
      code: "CertificateNotYetValid",
      index: 1,
    }],
    ["an authority stands as leaf", { 0: { isCa: true } }, { code: "LeafUnsuitable" }],
    ["the leaf may not sign", { 0: { usage: KeyUsageFlags.keyAgreement } }, { code: "LeafUnsuitable" }],
    ["a leaf stands as authority", { 1: { isCa: false } }, { code: "IssuerUnsuitable", index: 1 }],
    ["an authority may not sign certificates", { 1: { usage: KeyUsageFlags.cRLSign } }, {
      code: "IssuerUnsuitable",
      index: 1,
    }],
    ["the root allows no authority below it", { 2: { pathLength: 0 } }, { code: "IssuerUnsuitable", index: 2 }],
    ["the leaf names another issuer", { 0: { issuerName: "CN=other" } }, { code: "IssuerMismatch", index: 0 }],
    ["the root names another issuer", { 2: { issuerName: "CN=other" } }, { code: "IssuerMismatch", index: 2 }],
    ["a critical extension is unknown", { 0: { extensions: [unknownCritical] } }, {
      code: "CertificateMalformed",
      index: 0,
    }],
  ];
  for (const [why, options, expected] of cases) {
    it(`reports ${JSON.stringify(expected)} when ${why}`, async () => {
      const chain = await buildChain(3, options);
      expect(await codeOf(await buildQuote(chain), [rootOf(chain)])).toEqual(expected);
    });
  }

  it("reports CertificateSignatureInvalid for each place when another key signed there", async () => {
    const signedBy = (await generateP256(false)).keys.privateKey;
    for (const index of [0, 1, 2]) {
      const chain = await buildChain(3, { [index]: { signedBy } });
      const expected = { code: "CertificateSignatureInvalid", index };
      expect(await codeOf(await buildQuote(chain), [rootOf(chain)])).toEqual(expected);
    }
  });

  it("reports chains that are too short, too long, in the wrong order or no chain at all", async () => {
    const chain = await buildChain();
    const long = await buildChain(5);
    const [leaf, authority, root] = chain.ders as [Uint8Array, Uint8Array, Uint8Array];
    const codeOfPem = async (pem: Uint8Array) => codeOf(await buildQuote(chain, { pem }), [rootOf(chain)]);
    expect(await codeOfPem(new Uint8Array(0))).toEqual({ code: "ChainTooShort" });
    expect(await codeOfPem(encodePemChain([leaf]))).toEqual({ code: "ChainTooShort" });
    expect(await codeOfPem(encodePemChain(long.ders))).toEqual({ code: "ChainMalformed" });
    expect(await codeOfPem(encodePemChain([root, authority, leaf]))).toEqual({ code: "LeafUnsuitable" });
    expect(await codeOfPem(encodePemChain([leaf, root]))).toEqual({ code: "IssuerMismatch", index: 0 });
    expect(await codeOfPem(encodePemChain([leaf, root, authority]))).toEqual({ code: "IssuerMismatch", index: 0 });
    expect(await codeOfPem(encodePemChain([leaf, authority]))).toEqual({ code: "IssuerMismatch", index: 1 });
    expect(await codeOfPem(encodePemChain([leaf, authority, new Uint8Array(9)]))).toEqual({
      code: "CertificateMalformed",
      index: 2,
    });
    const pem = encodePemChain(chain.ders);
    expect(await codeOfPem(concatBytes(new Uint8Array([32]), pem))).toEqual({ code: "ChainMalformed" });
    expect(await codeOfPem(concatBytes(pem, new Uint8Array([10])))).toEqual({ code: "ChainMalformed" });
    expect(await codeOfPem(concatBytes(pem, new Uint8Array([0])))).toBe("accepted");
  });

  it("reports RootUnknown for a foreign root of the same name", async () => {
    const [chain, other] = [await buildChain(), await buildChain()];
    expect(await codeOf(await buildQuote(chain), [rootOf(other)])).toEqual({ code: "RootUnknown" });
  });
});
