/**
 * Verification of a real SGX quote with its collateral, against a published verifier on the same quote.
 *
 * @module
 */
import { verify } from "@phala/dcap-qvl";
import { collateralFromJson } from "../src/attestation/collateral.ts";
import { INTEL_SGX_ROOT } from "../src/attestation/platform_root.ts";
import { verifyDcapQuote } from "../src/attestation/verify_dcap_quote.ts";
import { fromHex } from "../src/primitives/hex.ts";
import { unwrap } from "../src/primitives/result.ts";
import vectors from "../tests/attestation/vectors/collateral.json" with { type: "json" };
import quotes from "../tests/attestation/vectors/quotes.json" with { type: "json" };
import { type Figure, meanMs } from "./measure.ts";

/** A moment inside the dates of the quote's collateral. */
const NOW_MS = Date.UTC(2025, 5, 25);
/** How long each verifier runs. */
const RUN_MS = 2_000;

/** Our time over the other verifier's, nothing remembered between two quotes. */
export async function quoteVerification(): Promise<Figure[]> {
  const quote = fromHex(quotes.quotes.find(({ name }) => name.includes("phala"))?.hex ?? "");
  const collateral = unwrap(collateralFromJson(vectors.phalaSgx));
  const published = JSON.parse(vectors.phalaSgx);
  const ours = await meanMs(RUN_MS, async () => {
    unwrap(await verifyDcapQuote(quote, collateral, { roots: [INTEL_SGX_ROOT], nowMs: NOW_MS }));
  });
  const theirs = await meanMs(RUN_MS, () => verify(quote, published, Math.floor(NOW_MS / 1_000)));
  return [{
    name: "p17_quote_verification_ratio",
    value: ours / theirs,
    detail: `${ours.toFixed(2)} ms, dcap-qvl ${theirs.toFixed(2)} ms`,
  }];
}
