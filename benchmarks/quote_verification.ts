/**
 * Verification of real quotes with their collateral, of an enclave and of a trust domain, against a published verifier on the same quotes.
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

/** A moment inside the dates of the quotes' collateral. */
const NOW_MS = Date.UTC(2025, 5, 25);
/** How long each verifier runs. */
const RUN_MS = 2_000;

/** Our time over the other verifier's, nothing remembered between two quotes. */
export async function quoteVerification(): Promise<Figure[]> {
  const enclave = quotes.quotes.find(({ name }) => name.includes("phala"))?.hex ?? "";
  return [
    await compare("p17_quote_verification_ratio", enclave, vectors.phalaSgx),
    await compare("p17_td_quote_verification_ratio", quotes.tdx.hex, vectors.phalaTdx),
  ];
}

async function compare(name: string, quoteHex: string, collateralJson: string): Promise<Figure> {
  const quote = fromHex(quoteHex);
  const collateral = unwrap(collateralFromJson(collateralJson));
  const published = JSON.parse(collateralJson);
  const ours = await meanMs(RUN_MS, async () => {
    unwrap(await verifyDcapQuote(quote, collateral, { roots: [INTEL_SGX_ROOT], nowMs: NOW_MS }));
  });
  const theirs = await meanMs(RUN_MS, () => verify(quote, published, Math.floor(NOW_MS / 1_000)));
  return { name, value: ours / theirs, detail: `${ours.toFixed(2)} ms, dcap-qvl ${theirs.toFixed(2)} ms` };
}
