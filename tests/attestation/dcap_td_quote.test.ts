import "reflect-metadata";
import { describe, expect, it } from "vitest";
import { collateralFromJson } from "../../src/attestation/collateral.ts";
import { INTEL_SGX_ROOT } from "../../src/attestation/platform_root.ts";
import { encodeQuote, MAX_QUOTE_LENGTH, parseEnclaveQuote, parseQuote } from "../../src/attestation/quote.ts";
import { createSignatureChecker } from "../../src/attestation/signature_checker.ts";
import { verifyDcapQuote } from "../../src/attestation/verify_dcap_quote.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { NOW_MS } from "./quote_builder.ts";
import collaterals from "./vectors/collateral.json" with { type: "json" };
import vectors from "./vectors/quotes.json" with { type: "json" };

const TDX = fromHex(vectors.tdx.hex);
const TDX_COLLATERAL = unwrap(collateralFromJson(collaterals.phalaTdx));
/** Zeros after the signatures of the vector. */
const PADDING = 70;

async function verdict(quote: Uint8Array, nowMs = NOW_MS, collateral = TDX_COLLATERAL): Promise<unknown> {
  const verified = await verifyDcapQuote(quote, collateral, { roots: [INTEL_SGX_ROOT], nowMs });
  return verified.ok ? verified.value.tcbStatus : verified.error;
}

function codeOf(quote: Uint8Array): unknown {
  const parsed = parseQuote(quote);
  return parsed.ok ? "parsed" : parsed.error;
}

describe("verifyDcapQuote() and the published quote of a trust domain", () => {
  it("accepts it as UpToDate, and tells what it is of", async () => {
    const rules = { roots: [INTEL_SGX_ROOT], nowMs: NOW_MS };
    const verified = unwrap(await verifyDcapQuote(TDX, TDX_COLLATERAL, rules));
    expect(verified).toMatchObject({ tcbStatus: "UpToDate", advisoryIds: [], root: INTEL_SGX_ROOT });
    expect(verified.platform).toMatchObject({ pceSvn: 11, fmspc: fromHex("0xb0c06f000000") });
    if (verified.quote.tee !== "tdx") expect.fail("the quote is not of a trust domain");
    const { mrTd, teeTcbSvn, tdAttributes, rtmr3, reportData } = verified.quote.report;
    expect(toHex(mrTd)).toMatch(/^0x91eb2b44d141d4ec.*538873118b7$/u);
    expect(toHex(teeTcbSvn)).toBe("0x06010300000000000000000000000000");
    expect(tdAttributes).toBe(1n << 28n);
    expect(toHex(rtmr3)).toBe(`0x${"00".repeat(48)}`);
    expect(toHex(reportData)).toMatch(/^0x9a9d48e7f679.*c2b523f20$/u);
  });

  it("accepts it from the last issue date to the first next update, and refuses it outside", async () => {
    const [from, until] = [Date.UTC(2025, 5, 19, 10, 32, 27), Date.UTC(2025, 6, 19, 10, 0, 35)];
    expect(await verdict(TDX, from)).toBe("UpToDate");
    expect(await verdict(TDX, from - 1)).toEqual({ code: "CollateralNotYetValid", part: "qeIdentity" });
    expect(await verdict(TDX, until)).toBe("UpToDate");
    expect(await verdict(TDX, until + 1)).toEqual({ code: "CollateralExpired", part: "pckCrl" });
  });

  it("refuses collateral of an enclave's quote, document by document", async () => {
    const { tcbInfo, qeIdentity } = unwrap(collateralFromJson(collaterals.phalaSgx));
    for (const [part, document] of [["tcbInfo", { tcbInfo }], ["qeIdentity", { qeIdentity }]] as const) {
      const collateral = { ...TDX_COLLATERAL, ...document };
      expect(await verdict(TDX, NOW_MS, collateral)).toEqual({ code: "CollateralUnsupported", part });
    }
  });

  // No byte is unsigned: lengths are strict, padding is zero, the chain's text is canonical, the root signs itself.
  it("refuses it with any one bit flipped (a tenth of them; `deno task fuzz` turns all)", async () => {
    const rules = { roots: [INTEL_SGX_ROOT], nowMs: NOW_MS, check: createSignatureChecker() };
    expect((await verifyDcapQuote(TDX, TDX_COLLATERAL, rules)).ok).toBe(true);
    // 11 and 8 have no common divisor, so bits of every weight are among them.
    for (let bit = 0; bit < 8 * TDX.length; bit += 11) {
      const flipped = TDX.with(bit >> 3, (TDX[bit >> 3] as number) ^ (1 << (bit & 7)));
      if ((await verifyDcapQuote(flipped, TDX_COLLATERAL, rules)).ok) expect.fail(`bit ${bit} is not protected`);
    }
  }, 60_000);
});

describe("parseQuote() and quotes of trust domains", () => {
  const unpadded = TDX.slice(0, -PADDING);

  it("reads the published quote, and encodeQuote() gives the same bytes without the padding", () => {
    const quote = unwrap(parseQuote(TDX));
    expect(quote.tee).toBe("tdx");
    expect(toHex(encodeQuote(quote))).toBe(toHex(unpadded));
    expect(unwrap(parseQuote(unpadded))).toEqual(quote);
  });

  it("takes padding of zeros up to the largest length, and reports QuoteMalformed for any other", () => {
    const padded = (padding: Uint8Array) => codeOf(concatBytes(unpadded, padding));
    const most = MAX_QUOTE_LENGTH - unpadded.length;
    for (const size of [0, 1, PADDING - 1, most]) expect(padded(new Uint8Array(size))).toBe("parsed");
    const malformed = { code: "QuoteMalformed" };
    expect(padded(new Uint8Array(most + 1))).toEqual(malformed);
    for (const at of [0, 35, PADDING - 1]) expect(padded(new Uint8Array(PADDING).with(at, 1))).toEqual(malformed);
  });

  it("reports QuoteMalformed for a quote cut at any field's boundary, one byte before and one after", () => {
    const header = [2, 2, 4, 2, 2, 16, 20];
    const tdReport = [16, 48, 48, 8, 8, 8, ...Array<number>(8).fill(48), 64];
    const qeReport = [16, 4, 12, 16, 8, 8, 32, 32, 32, 32, 64, 2, 2, 2, 42, 16, 64];
    const fields = [...header, ...tdReport, 4, 64, 64, 2, 4, ...qeReport, 64, 2, 32, 2, 4];
    let boundary = 0;
    for (const size of fields) {
      boundary += size;
      for (const at of [boundary - 1, boundary, boundary + 1]) {
        expect(codeOf(unpadded.slice(0, at)), `cut at ${at}`).toEqual({ code: "QuoteMalformed" });
      }
    }
    // The rest is the chain.
    expect(boundary).toBe(1_258);
    for (const at of [boundary + 1_000, unpadded.length - 1]) {
      expect(codeOf(unpadded.slice(0, at)), `cut at ${at}`).toEqual({ code: "QuoteMalformed" });
    }
  });

  it("reports QuoteMalformed for every length field that is one too small or too large", () => {
    const [signature, certification, authData, chain] = [632, 766, 1_218, 1_254];
    for (const at of [signature, certification, authData, chain]) {
      for (const by of [-1, 1]) {
        const changed = TDX.with(at, ((TDX[at] as number) + by) & 0xff);
        expect(codeOf(changed), `length at ${at} by ${by}`).toEqual({ code: "QuoteMalformed" });
      }
    }
  });

  it("reports unknown versions, processors, key types and certification data", () => {
    for (const version of [0, 1, 2, 5, 6]) {
      expect(codeOf(TDX.with(0, version))).toEqual({ code: "UnsupportedQuoteVersion", version });
    }
    for (const teeType of [0, 1, 0x80, 0x82]) {
      expect(codeOf(TDX.with(4, teeType))).toEqual({ code: "UnsupportedQuoteVersion", version: 4 });
    }
    expect(codeOf(TDX.with(2, 3))).toEqual({
      code: "UnsupportedAttestationKeyType",
      attestationKeyType: 3,
      teeType: 0x81,
    });
    for (const certificationType of [1, 2, 3, 4, 5, 7]) {
      const error = { code: "UnsupportedCertificationData", certificationType };
      expect(codeOf(TDX.with(764, certificationType))).toEqual(error);
    }
    for (const certificationType of [1, 2, 3, 4, 6, 7]) {
      const error = { code: "UnsupportedCertificationData", certificationType };
      expect(codeOf(TDX.with(1_252, certificationType))).toEqual(error);
    }
  });

  it("parseEnclaveQuote() reports NotAnEnclaveQuote for one, and what is wrong with bytes that are none", () => {
    expect(parseEnclaveQuote(TDX)).toEqual({ ok: false, error: { code: "NotAnEnclaveQuote" } });
    expect(parseEnclaveQuote(TDX.slice(0, 700))).toEqual({ ok: false, error: { code: "QuoteMalformed" } });
  });
});
