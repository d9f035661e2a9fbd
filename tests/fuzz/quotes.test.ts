import { describe, expect, it } from "vitest";
import { collateralFromJson } from "../../src/attestation/collateral.ts";
import { INTEL_SGX_ROOT } from "../../src/attestation/platform_root.ts";
import { createSignatureChecker } from "../../src/attestation/signature_checker.ts";
import { encodeQuote, parseQuote } from "../../src/attestation/quote.ts";
import { verifyDcapQuote } from "../../src/attestation/verify_dcap_quote.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import collaterals from "../attestation/vectors/collateral.json" with { type: "json" };
import vectors from "../attestation/vectors/quotes.json" with { type: "json" };
import { fuzz, mutate } from "./fuzz.ts";

/** A moment inside the dates of the collateral. */
const NOW_MS = Date.UTC(2025, 5, 25);
/** Bytes that the gate turns, a tenth of this: `tests/attestation/` turns a tenth of all bits there. */
const GATE_RUNS = 500;

describe("the published quote of a trust domain", () => {
  const quote = fromHex(vectors.tdx.hex);
  const collateral = unwrap(collateralFromJson(collaterals.phalaTdx));

  it("is refused with any one bit flipped, byte by byte from a random one on", async () => {
    const rules = { roots: [INTEL_SGX_ROOT], nowMs: NOW_MS, check: createSignatureChecker() };
    expect((await verifyDcapQuote(quote, collateral, rules)).ok).toBe(true);
    let first: number | undefined;
    await fuzz("flipped bits of a quote", GATE_RUNS, async (random, index) => {
      first ??= random.below(quote.length);
      // As many runs as there are bytes turn every bit once; more would only do it again.
      if (index >= quote.length) return;
      const at = (first + index) % quote.length;
      for (let bit = 0; bit < 8; bit++) {
        const flipped = quote.with(at, (quote[at] as number) ^ (1 << bit));
        if ((await verifyDcapQuote(flipped, collateral, rules)).ok) expect.fail(`bit ${bit} of byte ${at}`);
      }
    });
  });
});

describe("parseQuote()", () => {
  const samples = [...vectors.quotes, vectors.tdx].map(({ hex }) => fromHex(hex));

  it("answers to any bytes, and encodeQuote() gives what it took, up to padding of zeros", async () => {
    await fuzz("parseQuote()", 20_000, (random) => {
      const bytes = mutate(random, samples);
      const parsed = parseQuote(bytes);
      if (!parsed.ok) return;
      const encoded = encodeQuote(parsed.value);
      const padding = new Uint8Array(parsed.value.tee === "tdx" ? bytes.length - encoded.length : 0);
      expect(toHex(encoded)).toBe(toHex(bytes.subarray(0, encoded.length)));
      expect(toHex(padding)).toBe(toHex(bytes.subarray(encoded.length)));
    });
  });
});
