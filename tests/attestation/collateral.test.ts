import { describe, expect, it } from "vitest";
import {
  collateralFromJson,
  MAX_ISSUER_CHAIN_LENGTH,
  quoteCollateral,
  type SignedDocument,
  splitSignedJson,
} from "../../src/attestation/collateral.ts";
import { parseRevocationList } from "../../src/attestation/crl.ts";
import { INTEL_SGX_ROOT } from "../../src/attestation/platform_root.ts";
import { createSignatureChecker } from "../../src/attestation/signature_checker.ts";
import { parseChain } from "../../src/attestation/verify_chain.ts";
import { verifyQeIdentity, verifyRevocationList, verifyTcbInfo } from "../../src/attestation/verify_collateral.ts";
import { type Certificate, normalizePem, parseCertificate, splitPemChain } from "../../src/attestation/x509.ts";
import { generateP256, p256Sign } from "../../src/crypto/p256.ts";
import { utf8 } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import vectors from "./vectors/collateral.json" with { type: "json" };

const { integritee } = vectors;
const PHALA = unwrap(collateralFromJson(vectors.phalaSgx));

function signed(answer: string, member: "tcbInfo" | "enclaveIdentity", issuerChain: string): SignedDocument {
  return { ...unwrap(splitSignedJson(utf8(answer), member)), issuerChain: utf8(issuerChain) };
}

const certificatesOf = (pem: string) => unwrap(parseChain(normalizePem(utf8(pem)))) as [Certificate, Certificate];
const at = (nowMs: number) => ({ roots: [INTEL_SGX_ROOT], nowMs });

describe("Integritee's collateral", () => {
  it("verifyTcbInfo() takes the TCB information until its nextUpdate and not after", async () => {
    const document = signed(integritee.tcbInfo, "tcbInfo", integritee.tcbInfoIssuerChain);
    const until = Date.UTC(2023, 3, 16, 12, 45, 32);
    const held = unwrap(await verifyTcbInfo(document, at(until))).document;
    expect(held).toMatchObject({ version: 3, fmspc: fromHex("0x00906ea10000"), evaluationNumber: 12 });
    expect(held.levels[0]).toMatchObject({ pceSvn: 11, status: "SWHardeningNeeded", advisoryIds: ["INTEL-SA-00334"] });
    const refused = (code: string) => ({ ok: false, error: { code, part: "tcbInfo" } });
    expect(await verifyTcbInfo(document, at(until + 1))).toEqual(refused("CollateralExpired"));
    const from = Date.UTC(2022, 10, 17, 12, 45, 32);
    expect(await verifyTcbInfo(document, at(from))).toMatchObject({ ok: true });
    expect(await verifyTcbInfo(document, at(from - 1))).toEqual(refused("CollateralNotYetValid"));
  });

  it("verifyQeIdentity() takes the identity until its nextUpdate and not after", async () => {
    const document = signed(integritee.qeIdentity, "enclaveIdentity", integritee.qeIdentityIssuerChain);
    const until = Date.UTC(2023, 0, 3, 22, 45, 33);
    const held = unwrap(await verifyQeIdentity(document, at(until)));
    expect(held.document.levels[0]).toEqual({ isvSvn: 6, status: "UpToDate", advisoryIds: [] });
    const bare = Uint8Array.from(
      atob(integritee.qeIdentityCert.replaceAll("\n", "")),
      (letter) => letter.charCodeAt(0),
    );
    expect(held.signer).toEqual(unwrap(parseCertificate(bare)));
    const error = { code: "CollateralExpired", part: "qeIdentity" };
    expect(await verifyQeIdentity(document, at(until + 1))).toEqual({ ok: false, error });
  });

  it("verifyRevocationList() reads both lists, below Intel's root", async () => {
    const [processorAuthority, root] = certificatesOf(integritee.pckCrlIssuerChain);
    // The published chain is the one of processors, the list the one of platforms.
    const [platformAuthority] = certificatesOf(JSON.parse(vectors.phalaTdx).pck_crl_issuer_chain);
    expect(root.publicKey).toEqual(INTEL_SGX_ROOT.publicKey);
    const rootCrl = fromHex(integritee.rootCrl);
    const pckCrl = fromHex(integritee.pckCrl);
    const then = at(Date.UTC(2022, 10, 1));
    expect(unwrap(await verifyRevocationList("rootCrl", rootCrl, root, then)).revoked.size).toBe(0);
    const { revoked } = unwrap(await verifyRevocationList("pckCrl", pckCrl, platformAuthority, then));
    expect([...revoked].sort()).toEqual([
      "0x00959d533f9249dc1e513544cdc830bf19b7f1f301",
      "0x0fda43a00b68ea79b7c2deaeac0b498bdfb2af90",
      "0x639f139a5040fdcff191e8a4fb1bf086ed603971",
    ]);
    expect(await verifyRevocationList("pckCrl", pckCrl, processorAuthority, then)).toEqual({
      ok: false,
      error: { code: "CollateralIssuerMismatch", part: "pckCrl" },
    });
    expect(await verifyRevocationList("pckCrl", pckCrl, platformAuthority, at(Date.UTC(2023, 0)))).toEqual({
      ok: false,
      error: { code: "CollateralExpired", part: "pckCrl" },
    });
  });

  it("parseRevocationList() reports CrlMalformed for every cut, and never throws for a flipped bit", () => {
    const list = fromHex(integritee.pckCrl);
    for (let length = 0; length < list.length; length++) {
      expect(parseRevocationList(list.subarray(0, length))).toEqual({ ok: false, error: { code: "CrlMalformed" } });
    }
    for (let bit = 0; bit < 8 * list.length; bit++) {
      parseRevocationList(list.with(bit >> 3, (list[bit >> 3] as number) ^ (1 << (bit & 7))));
    }
  });
});

describe("the form of collateral", () => {
  it("the codec gives the same back, refuses every cut and chains that are too long", () => {
    const encoded = quoteCollateral.encode(PHALA);
    expect(quoteCollateral.decode(encoded)).toEqual(PHALA);
    for (let length = 0; length < encoded.length; length += 7) {
      expect(() => quoteCollateral.decode(encoded.subarray(0, length))).toThrow();
    }
    const pckCrlIssuerChain = new Uint8Array(MAX_ISSUER_CHAIN_LENGTH + 1);
    expect(() => quoteCollateral.encode({ ...PHALA, pckCrlIssuerChain })).toThrow(RangeError);
  });

  it("collateralFromJson() reports CollateralUnreadable for anything else", () => {
    const good = JSON.parse(vectors.phalaSgx) as Record<string, unknown>;
    const error = { code: "CollateralUnreadable" };
    for (const text of ["", "[]", "{}", JSON.stringify({ ...good, root_ca_crl: "3" })]) {
      expect(collateralFromJson(text)).toEqual({ ok: false, error });
    }
    for (const key of Object.keys(good)) {
      expect(collateralFromJson(JSON.stringify({ ...good, [key]: 1 })), key).toEqual({ ok: false, error });
    }
  });

  it("splitSignedJson() keeps the signed bytes and reports CollateralUnreadable for anything else", () => {
    const signature = "ab".repeat(64);
    const split = (text: string) => splitSignedJson(utf8(text), "tcbInfo");
    const { json } = unwrap(split(`{"tcbInfo":{ "a" : [1,{"b":2}] },"signature":"${signature}"}\n`));
    expect(new TextDecoder().decode(json)).toBe('{ "a" : [1,{"b":2}] }');
    for (
      const text of [
        `{"enclaveIdentity":{},"signature":"${signature}"}`,
        `{"tcbInfo":{},"signature":"${signature.slice(2)}"}`,
        `{"tcbInfo":{}}`,
        `{"tcbInfo":{},"more":{},"signature":"${signature}"}`,
        `{"tcbInfo":[],"signature":"${signature}"}`,
      ]
    ) {
      expect(split(text), text).toEqual({ ok: false, error: { code: "CollateralUnreadable" } });
    }
  });

  it("normalizePem() adds the last line break and nothing else", () => {
    const pem = utf8(integritee.tcbInfoIssuerChain);
    expect(splitPemChain(pem)).toBeUndefined();
    expect(splitPemChain(normalizePem(pem))).toHaveLength(2);
    expect(normalizePem(normalizePem(pem))).toEqual(normalizePem(pem));
    expect(normalizePem(new Uint8Array(0))).toHaveLength(0);
  });
});

describe("createSignatureChecker()", () => {
  it("remembers good signatures, and never lets one stand for another message or key", async () => {
    const [pair, other] = [await generateP256(false), await generateP256(false)];
    const [message, forged] = [utf8("message"), utf8("forged")];
    const signature = await p256Sign(pair.keys.privateKey, message);
    const check = createSignatureChecker();
    expect(await check(signature, forged, pair.publicKey)).toBe(false);
    expect(await check(signature, message, pair.publicKey)).toBe(true);
    expect(await check(signature, message, pair.publicKey)).toBe(true);
    expect(await check(signature, forged, pair.publicKey)).toBe(false);
    expect(await check(signature, message, other.publicKey)).toBe(false);
    expect(await check(signature.slice(1), message, pair.publicKey)).toBe(false);
    const [first, second] = [check(signature, message, pair.publicKey), check(signature, forged, pair.publicKey)];
    expect([await first, await second]).toEqual([true, false]);
  });

  it("keeps no view on the caller's bytes, and forgets the oldest", async () => {
    const pair = await generateP256(false);
    const check = createSignatureChecker(2);
    const message = utf8("0");
    const signatures = [];
    for (let digit = 0; digit < 4; digit++) {
      message[0] = 48 + digit;
      const signature = await p256Sign(pair.keys.privateKey, message);
      signatures.push(signature);
      expect(await check(signature, message, pair.publicKey)).toBe(true);
    }
    for (const [digit, signature] of signatures.entries()) {
      expect(await check(signature, message, pair.publicKey), toHex(signature)).toBe(digit === 3);
      expect(await check(signature, utf8(String(digit)), pair.publicKey)).toBe(true);
    }
  });
});
