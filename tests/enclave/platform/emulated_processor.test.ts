import { describe, expect, it } from "vitest";
import {
  EMULATED_DEVELOPMENT_ROOT,
  EMULATED_DEVELOPMENT_ROOT_CERTIFICATE,
} from "../../../src/attestation/emulated_root.ts";
import { isDebugReport } from "../../../src/attestation/report_body.ts";
import { verifyQuoteSignature } from "../../../src/attestation/verify_quote.ts";
import { createPlatformClient, PlatformError } from "../../../src/enclave/api/platform_client.ts";
import { platformRequest, platformResponse } from "../../../src/enclave/api/platform_port.ts";
import { EMULATED_DEVELOPMENT_ROOT_KEY } from "../../../src/enclave/platform/development_root_key.ts";
import { createEmulatedProcessor, measureBundle } from "../../../src/enclave/platform/emulated_processor.ts";
import { createSigningRoot, parseSigningRoot, type SigningRoot } from "../../../src/enclave/platform/pck_chain.ts";
import { servePlatformPort } from "../../../src/enclave/platform/serve_port.ts";
import { platformRootFromCertificate } from "../../../src/attestation/platform_root.ts";
import { enclaveFingerprint } from "../../../src/primitives/branded.ts";
import { utf8 } from "../../../src/primitives/bytes.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";

const NOW_MS = Date.UTC(2026, 5, 1);
const SECRET = new Uint8Array(32).fill(7);
const ENCLAVE = enclaveFingerprint(new Uint8Array(32).fill(1));
const OTHER_ENCLAVE = enclaveFingerprint(new Uint8Array(32).fill(2));
const REPORT_DATA = new Uint8Array(64).fill(9);
const DEVELOPMENT: SigningRoot = {
  certificate: EMULATED_DEVELOPMENT_ROOT_CERTIFICATE,
  privateKey: EMULATED_DEVELOPMENT_ROOT_KEY,
};

describe("createEmulatedProcessor()", () => {
  it("makes quotes that lead to the development root and carry measurement and report data", async () => {
    const processor = await createEmulatedProcessor(SECRET, DEVELOPMENT, NOW_MS);
    const bytes = await processor.quote(ENCLAVE, REPORT_DATA);
    const { quote, root } = unwrap(await verifyQuoteSignature(bytes, [EMULATED_DEVELOPMENT_ROOT], NOW_MS));
    expect(root.isEmulated).toBe(true);
    expect(quote.report.mrenclave).toEqual(ENCLAVE);
    expect(quote.report.reportData).toEqual(REPORT_DATA);
    expect(isDebugReport(quote.report)).toBe(false);
    // The parentchain takes proofs of at most 5,000 bytes.
    expect(bytes.length).toBeLessThanOrEqual(5_000);
  });

  it("makes quotes under an operator's root that the development root does not cover", async () => {
    const root = await createSigningRoot("Example operator", NOW_MS);
    const processor = await createEmulatedProcessor(SECRET, parseSigningRoot(JSON.stringify(root)), NOW_MS);
    const bytes = await processor.quote(ENCLAVE, REPORT_DATA);
    const accepted = unwrap(platformRootFromCertificate(root.certificate, "Example operator"));
    expect(accepted.isEmulated).toBe(true);
    expect((await verifyQuoteSignature(bytes, [accepted], NOW_MS)).ok).toBe(true);
    const refused = await verifyQuoteSignature(bytes, [EMULATED_DEVELOPMENT_ROOT], NOW_MS);
    expect(refused).toEqual({ ok: false, error: { code: "RootUnknown" } });
  });

  it("gives each measurement and each platform a sealing key of its own, the same after a restart", async () => {
    const [first, again, elsewhere] = [
      await createEmulatedProcessor(SECRET, DEVELOPMENT, NOW_MS),
      await createEmulatedProcessor(SECRET, DEVELOPMENT, NOW_MS),
      await createEmulatedProcessor(new Uint8Array(32).fill(8), DEVELOPMENT, NOW_MS),
    ];
    const key = toHex(first.sealingKey(ENCLAVE));
    expect(toHex(again.sealingKey(ENCLAVE))).toBe(key);
    expect(toHex(first.sealingKey(OTHER_ENCLAVE))).not.toBe(key);
    expect(toHex(elsewhere.sealingKey(ENCLAVE))).not.toBe(key);
  });

  it("refuses a secret of another length and an unusable root", async () => {
    await expect(createEmulatedProcessor(new Uint8Array(31), DEVELOPMENT, NOW_MS)).rejects.toThrow(RangeError);
    const keyless = { ...DEVELOPMENT, privateKey: { kty: "EC" } };
    await expect(createEmulatedProcessor(SECRET, keyless, NOW_MS)).rejects.toThrow(TypeError);
  });

  it("parseSigningRoot() throws a TypeError for anything else", () => {
    for (const text of ["", "null", "[]", "{}", '{"certificate":1,"privateKey":{}}', '{"certificate":"x"}']) {
      expect(() => parseSigningRoot(text)).toThrow(TypeError);
    }
  });

  it("platformRootFromCertificate() reports CertificateMalformed unless there is one certificate of an authority", () => {
    const malformed = { ok: false, error: { code: "CertificateMalformed" } };
    const { certificate } = DEVELOPMENT;
    for (const text of ["", "no certificate", certificate + certificate, certificate.replace("MIIB", "MIIC")]) {
      expect(platformRootFromCertificate(text, "x")).toEqual(malformed);
    }
  });
});

describe("measureBundle()", () => {
  it("is the SHA-256 of the bytes", () => {
    expect(toHex(measureBundle(utf8("abc")))).toBe(
      "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
});

describe("the platform port", () => {
  it("answers questions of one enclave, each under its number", async () => {
    const processor = await createEmulatedProcessor(SECRET, DEVELOPMENT, NOW_MS);
    const { port1, port2 } = new MessageChannel();
    servePlatformPort(port1, processor, ENCLAVE);
    const platform = createPlatformClient(port2, ENCLAVE);
    const [key, bytes, keyAgain] = await Promise.all([
      platform.sealingKey(),
      platform.quote(REPORT_DATA),
      platform.sealingKey(),
    ]);
    expect(key).toEqual(processor.sealingKey(ENCLAVE));
    expect(keyAgain).toEqual(key);
    const { quote } = unwrap(await verifyQuoteSignature(bytes, [EMULATED_DEVELOPMENT_ROOT], NOW_MS));
    expect(quote.report.mrenclave).toEqual(ENCLAVE);
    port1.close();
    port2.close();
  });

  it("drops what is no request and goes on", async () => {
    const processor = await createEmulatedProcessor(SECRET, DEVELOPMENT, NOW_MS);
    const { port1, port2 } = new MessageChannel();
    servePlatformPort(port1, processor, ENCLAVE);
    const platform = createPlatformClient(port2, ENCLAVE);
    for (const garbage of ["text", null, new Uint8Array(0), new Uint8Array([1, 2, 3, 4, 9]), { id: 1 }]) {
      port2.postMessage(garbage);
    }
    expect(await platform.sealingKey()).toHaveLength(32);
    port1.close();
    port2.close();
  });

  it("the client reports PlatformCallFailed when the platform gives nothing, or something else", async () => {
    for (const answer of ["failed", "quote"] as const) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = (event) => {
        const { id } = platformRequest.decode(event.data);
        const value = answer === "quote" ? new Uint8Array(1) : undefined;
        port1.postMessage(platformResponse.encode({ id, answer: { type: answer, value } as never }));
      };
      const platform = createPlatformClient(port2, ENCLAVE);
      await expect(platform.sealingKey()).rejects.toBeInstanceOf(PlatformError);
      port1.close();
      port2.close();
    }
  });
});
