import { describe, expect, it } from "vitest";
import {
  DER_TAG,
  DerError,
  readBoolean,
  readChildren,
  readDer,
  readTimeMs,
  readUnsigned,
} from "../../src/attestation/der.ts";
import {
  EMULATED_DEVELOPMENT_ROOT,
  EMULATED_DEVELOPMENT_ROOT_CERTIFICATE,
} from "../../src/attestation/emulated_root.ts";
import { parseCertificate, splitPemChain } from "../../src/attestation/x509.ts";
import { p256Verify } from "../../src/crypto/p256.ts";
import { utf8 } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";

const ROOT_DER = splitPemChain(utf8(EMULATED_DEVELOPMENT_ROOT_CERTIFICATE))?.[0] as Uint8Array;

describe("readDer()", () => {
  it("reads an element with short and long lengths", () => {
    expect(toHex(readDer(fromHex("0x0401aa"), DER_TAG.octetString).content)).toBe("0xaa");
    expect(readDer(fromHex(`0x048180${"00".repeat(128)}`), DER_TAG.octetString).content).toHaveLength(128);
    expect(readDer(fromHex(`0x04820100${"00".repeat(256)}`), DER_TAG.octetString).content).toHaveLength(256);
  });

  for (
    const [why, hex] of [
      ["nothing", "0x"],
      ["no length", "0x04"],
      ["content cut off", "0x0402aa"],
      ["bytes left", "0x0401aaaa"],
      ["indefinite length", "0x0480aa0000"],
      ["long form of a short length", "0x048101aa"],
      ["length with a leading zero", `0x04820080${"00".repeat(128)}`],
      ["length of four bytes", "0x048401000000"],
      ["length cut off", "0x048201"],
      ["tag of several bytes", "0x1f2001aa"],
      ["another tag", "0x0201aa"],
    ] as const
  ) {
    it(`throws a DerError when: ${why}`, () => {
      expect(() => readDer(fromHex(hex), DER_TAG.octetString)).toThrow(DerError);
    });
  }
});

describe("DER values", () => {
  const time = (tag: number, text: string) => {
    const content = utf8(text);
    return readTimeMs({ tag, content, whole: content });
  };

  it("readTimeMs() counts like the platform's calendar", () => {
    expect(time(DER_TAG.utcTime, "700101000000Z")).toBe(0);
    expect(time(DER_TAG.utcTime, "491231235959Z")).toBe(Date.UTC(2049, 11, 31, 23, 59, 59));
    expect(time(DER_TAG.utcTime, "500101000000Z")).toBe(Date.UTC(1950, 0, 1));
    for (let day = -10_000; day < 40_000; day += 17) {
      const date = new Date(day * 86_400_000 + 3_723_000);
      const text = date.toISOString().replaceAll(/[-:T]|\.000/gu, "");
      expect(time(DER_TAG.generalizedTime, text)).toBe(date.getTime());
    }
  });

  it("readTimeMs() refuses other forms and impossible times", () => {
    for (
      const text of ["20250101000000", "20250101000000+0100", "20251301000000Z", "20250132000000Z", "20250101240000Z"]
    ) {
      expect(() => time(DER_TAG.generalizedTime, text)).toThrow(DerError);
    }
    expect(() => time(DER_TAG.utcTime, "20250101000000Z")).toThrow(DerError);
    expect(() => readTimeMs(undefined)).toThrow(DerError);
  });

  it("readUnsigned() and readBoolean() refuse what DER does not allow", () => {
    const integer = (hex: string) => readUnsigned(readDer(fromHex(hex), DER_TAG.integer), 2);
    expect(toHex(integer("0x020101"))).toBe("0x0001");
    expect(toHex(integer("0x020300ffff"))).toBe("0xffff");
    for (const hex of ["0x0200", "0x0201ff", "0x02020001", "0x0203010000"]) {
      expect(() => integer(hex)).toThrow(DerError);
    }
    const flag = (hex: string) => readBoolean(readDer(fromHex(hex), DER_TAG.boolean));
    expect(flag("0x0101ff")).toBe(true);
    expect(flag("0x010100")).toBe(false);
    for (const hex of ["0x010101", "0x0100", "0x0102ffff"]) expect(() => flag(hex)).toThrow(DerError);
  });

  it("readChildren() reads none from nothing", () => {
    expect(readChildren(new Uint8Array(0))).toEqual([]);
  });
});

describe("parseCertificate()", () => {
  it("reads the development root, which signed itself", async () => {
    const root = unwrap(parseCertificate(ROOT_DER));
    expect(root).toMatchObject({ isCa: true, pathLength: 1, maySign: false, notBeforeMs: Date.UTC(2020, 0) });
    expect(root.publicKey).toEqual(EMULATED_DEVELOPMENT_ROOT.publicKey);
    expect(await p256Verify(root.signature, root.tbs, root.publicKey)).toBe(true);
    expect(EMULATED_DEVELOPMENT_ROOT.isEmulated).toBe(true);
  });

  it("reports CertificateMalformed for every cut and a byte too many", () => {
    const malformed = { ok: false, error: { code: "CertificateMalformed" } };
    for (let length = 0; length < ROOT_DER.length; length++) {
      expect(parseCertificate(ROOT_DER.subarray(0, length))).toEqual(malformed);
    }
    expect(parseCertificate(new Uint8Array([...ROOT_DER, 0]))).toEqual(malformed);
  });

  it("never throws for a flipped bit", () => {
    for (let bit = 0; bit < 8 * ROOT_DER.length; bit++) {
      const flipped = ROOT_DER.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      parseCertificate(flipped);
    }
  });
});
