import { describe, expect, it } from "vitest";
import { computeReportData } from "../../src/attestation/claim.ts";
import { collateralFromJson } from "../../src/attestation/collateral.ts";
import { verifyQuotedClaim } from "../../src/attestation/evidence.ts";
import { INTEL_SGX_ROOT } from "../../src/attestation/platform_root.ts";
import { type QuotePolicy, verifyQuoteByPolicy } from "../../src/attestation/quote_policy.ts";
import { verifyDcapEnclaveQuote, verifyDcapQuote } from "../../src/attestation/verify_dcap_quote.ts";
import { parseEnclaveQuoteWithChain, verifyQuoteSignature } from "../../src/attestation/verify_quote.ts";
import { accountId, enclaveFingerprint, h256 } from "../../src/primitives/branded.ts";
import { fromHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import type { World } from "./pki_builder.ts";
import { NOW_MS } from "./quote_builder.ts";
import { buildTdWorld } from "./td_world.ts";
import collaterals from "./vectors/collateral.json" with { type: "json" };
import vectors from "./vectors/quotes.json" with { type: "json" };

const NOT_AN_ENCLAVE = { ok: false, error: { code: "NotAnEnclaveQuote" } };

/** A policy that takes whatever could be mistaken for a measurement. */
function policyFor({ root }: Pick<World, "root">, isEmulated = false): QuotePolicy {
  const fingerprints = [0xee, 1, 0].map((byte) => enclaveFingerprint(new Uint8Array(32).fill(byte)));
  return {
    roots: [{ ...root, isEmulated }],
    acceptedEmulatedRoots: [root.name],
    fingerprints,
    allowDebug: true,
    minimumTcbStatus: "OutOfDateConfigurationNeeded",
    nowMs: NOW_MS,
  };
}

describe("verifiers of enclaves and quotes of trust domains", () => {
  it("verifyQuoteByPolicy() reports NotAnEnclaveQuote, with and without collateral, real and emulated", async () => {
    const world = await buildTdWorld();
    const rules = { roots: [world.root], nowMs: NOW_MS };
    expect(await verifyDcapQuote(world.quote, world.collateral, rules)).toMatchObject({ ok: true });
    for (const isEmulated of [false, true]) {
      const policy = policyFor(world, isEmulated);
      expect(await verifyQuoteByPolicy(world.quote, world.collateral, policy)).toEqual(NOT_AN_ENCLAVE);
      expect(await verifyQuoteByPolicy(world.quote, undefined, policy)).toEqual(NOT_AN_ENCLAVE);
    }
  });

  it("verifyQuoteByPolicy() reports NotAnEnclaveQuote for the published quote", async () => {
    const collateral = unwrap(collateralFromJson(collaterals.phalaTdx));
    const policy = policyFor({ root: INTEL_SGX_ROOT });
    expect(await verifyQuoteByPolicy(fromHex(vectors.tdx.hex), collateral, policy)).toEqual(NOT_AN_ENCLAVE);
  });

  it("verifyQuotedClaim() reports NotAnEnclaveQuote for a trust domain that quotes the very claim", async () => {
    const signer = accountId(new Uint8Array(32).fill(5));
    const claim = {
      type: "Provisioning",
      value: { spkiHash: h256(new Uint8Array(32)), role: "requester", peerNonce: new Uint8Array(32) },
    } as const;
    const world = await buildTdWorld({ quote: { report: { reportData: computeReportData(signer, claim) } } });
    const { quote, collateral } = world;
    expect(await verifyQuotedClaim(quote, signer, claim, policyFor(world), collateral)).toEqual(NOT_AN_ENCLAVE);
  });

  it("functions that promise an enclave's quote report NotAnEnclaveQuote", async () => {
    const { quote, collateral, root } = await buildTdWorld();
    expect(parseEnclaveQuoteWithChain(quote)).toEqual(NOT_AN_ENCLAVE);
    expect(await verifyQuoteSignature(quote, [root], NOW_MS)).toEqual(NOT_AN_ENCLAVE);
    const rules = { roots: [root], nowMs: NOW_MS };
    expect(await verifyDcapEnclaveQuote(quote, collateral, rules)).toEqual(NOT_AN_ENCLAVE);
  });
});
