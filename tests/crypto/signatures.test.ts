import { describe, expect, it } from "vitest";
import { ecdsaAccount, ecdsaFromSecret, ecdsaSign, ecdsaVerifyAccount } from "../../src/crypto/ecdsa.ts";
import { ed25519FromSeed, ed25519Sign, ed25519Verify, ed25519VerifyAsync } from "../../src/crypto/ed25519.ts";
import { verifyMultiSignature } from "../../src/crypto/multi_signature.ts";
import { generateP256, p256FromJwk, p256Sign, p256Verify } from "../../src/crypto/p256.ts";
import {
  sr25519DeriveHard,
  sr25519DerivePublicSoft,
  sr25519DeriveSoft,
  sr25519FromSeed,
  sr25519Sign,
  sr25519Verify,
} from "../../src/crypto/sr25519.ts";
import { utf8 } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { describeEachCrypto } from "./implementations.ts";
import ecdsaVectors from "./vectors/ecdsa.json" with { type: "json" };
import ed25519Vectors from "./vectors/ed25519.json" with { type: "json" };
import sr25519Vectors from "./vectors/sr25519.json" with { type: "json" };

const MESSAGE = utf8("a message");

describeEachCrypto("sr25519", () => {
  for (const { publicKey, message, signature } of sr25519Vectors.valid) {
    it(`sr25519Verify() accepts ${signature.slice(0, 10)}`, () => {
      expect(sr25519Verify(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(true);
    });
  }

  for (const { why, publicKey, message, signature } of sr25519Vectors.invalid) {
    it(`sr25519Verify() reports false when: ${why}`, () => {
      expect(sr25519Verify(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(false);
    });
  }

  it("sr25519Sign() makes what sr25519Verify() accepts, for pairs of every origin", () => {
    const root = sr25519FromSeed(new Uint8Array(32).fill(7));
    const chainCode = new Uint8Array(32).fill(1);
    for (const pair of [root, sr25519DeriveHard(root, chainCode), sr25519DeriveSoft(root, chainCode)]) {
      const signature = sr25519Sign(pair, MESSAGE);
      expect(sr25519Verify(signature, MESSAGE, pair.publicKey)).toBe(true);
      expect(sr25519Verify(signature, utf8("b message"), pair.publicKey)).toBe(false);
    }
  });

  it("sr25519FromSeed() and the derivations give the published public keys", () => {
    for (const { seed, publicKey } of sr25519Vectors.fromSeed) {
      expect(toHex(sr25519FromSeed(fromHex(seed)).publicKey)).toBe(publicKey);
    }
    for (const { seed, chainCode, publicKey } of sr25519Vectors.hard) {
      expect(toHex(sr25519DeriveHard(sr25519FromSeed(fromHex(seed)), fromHex(chainCode)).publicKey)).toBe(publicKey);
    }
    for (const { seed, chainCode, publicKey } of sr25519Vectors.soft) {
      expect(toHex(sr25519DeriveSoft(sr25519FromSeed(fromHex(seed)), fromHex(chainCode)).publicKey)).toBe(publicKey);
    }
    for (const { parent, chainCode, publicKey } of sr25519Vectors.publicSoft) {
      expect(toHex(sr25519DerivePublicSoft(fromHex(parent), fromHex(chainCode)))).toBe(publicKey);
    }
  });

  it("sr25519FromSeed() refuses a seed of another length", () => {
    expect(() => sr25519FromSeed(new Uint8Array(31))).toThrow(RangeError);
  });
});

describe("ed25519", () => {
  it("ed25519FromSeed() and ed25519Sign() give the values of RFC 8032", () => {
    for (const { seed, publicKey, message, signature } of ed25519Vectors.valid) {
      const pair = ed25519FromSeed(fromHex(seed));
      expect(toHex(pair.publicKey)).toBe(publicKey);
      expect(toHex(ed25519Sign(pair, fromHex(message)))).toBe(signature);
    }
  });

  it("both verifications accept the signatures of RFC 8032", async () => {
    for (const { publicKey, message, signature } of ed25519Vectors.valid) {
      expect(ed25519Verify(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(true);
      expect(await ed25519VerifyAsync(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(true);
    }
  });

  for (const { why, publicKey, message, signature } of ed25519Vectors.invalid) {
    it(`both verifications report false when: ${why}`, async () => {
      expect(ed25519Verify(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(false);
      expect(await ed25519VerifyAsync(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(false);
    });
  }
});

describe("ecdsa", () => {
  it("ecdsaVerifyAccount() accepts published accounts' signatures", () => {
    for (const { account, publicKey, message, signature } of ecdsaVectors.valid) {
      expect(toHex(ecdsaAccount(fromHex(publicKey)))).toBe(account);
      expect(ecdsaVerifyAccount(fromHex(signature), fromHex(message), fromHex(account))).toBe(true);
    }
  });

  for (const { why, account, message, signature } of ecdsaVectors.invalid) {
    it(`ecdsaVerifyAccount() reports false when: ${why}`, () => {
      expect(ecdsaVerifyAccount(fromHex(signature), fromHex(message), fromHex(account))).toBe(false);
    });
  }

  it("ecdsaVerifyAccount() takes the recovery id with Ethereum's offset of 27, too", () => {
    const pair = ecdsaFromSecret(new Uint8Array(32).fill(3));
    const signature = ecdsaSign(pair, MESSAGE);
    const offset = signature.slice();
    offset[64] = (signature[64] as number) + 27;
    expect(ecdsaVerifyAccount(signature, MESSAGE, ecdsaAccount(pair.publicKey))).toBe(true);
    expect(ecdsaVerifyAccount(offset, MESSAGE, ecdsaAccount(pair.publicKey))).toBe(true);
  });
});

describe("verifyMultiSignature()", () => {
  it("accepts each scheme under its own name only", () => {
    const ed = ed25519FromSeed(new Uint8Array(32).fill(1));
    const sr = sr25519FromSeed(new Uint8Array(32).fill(2));
    const ec = ecdsaFromSecret(new Uint8Array(32).fill(3));
    const signed = [
      { type: "Ed25519", value: ed25519Sign(ed, MESSAGE), account: ed.publicKey },
      { type: "Sr25519", value: sr25519Sign(sr, MESSAGE), account: sr.publicKey },
      { type: "Ecdsa", value: ecdsaSign(ec, MESSAGE), account: ecdsaAccount(ec.publicKey) },
    ] as const;
    for (const { value, account, type: own } of signed) {
      for (const { type } of signed) {
        expect(verifyMultiSignature({ type, value }, MESSAGE, account)).toBe(type === own);
      }
    }
  });
});

describe("p256", () => {
  it("p256Verify() accepts what p256Sign() made and nothing else", async () => {
    const pair = await generateP256(true);
    const other = await generateP256(false);
    const signature = await p256Sign(pair.keys.privateKey, MESSAGE);
    expect(await p256Verify(signature, MESSAGE, pair.publicKey)).toBe(true);
    expect(await p256Verify(signature, utf8("b message"), pair.publicKey)).toBe(false);
    expect(await p256Verify(signature, MESSAGE, other.publicKey)).toBe(false);
    expect(await p256Verify(signature.subarray(1), MESSAGE, pair.publicKey)).toBe(false);
    expect(await p256Verify(signature, MESSAGE, new Uint8Array(64).fill(1))).toBe(false);
    expect(await p256Verify(signature, MESSAGE, pair.publicKey.subarray(1))).toBe(false);
    expect(await p256Verify(new Uint8Array(64), MESSAGE, pair.publicKey)).toBe(false);
  });

  it("p256FromJwk() takes a private key of the curve and refuses other JWKs without quoting them", async () => {
    const pair = await generateP256(true);
    const jwk = await crypto.subtle.exportKey("jwk", pair.keys.privateKey);
    expect((await p256FromJwk(jwk)).publicKey).toEqual(pair.publicKey);
    await expect(p256FromJwk({ ...jwk, x: "canary" })).rejects.toThrow(/^(?!.*canary).*no private JWK/u);
    const { d: _d, ...publicOnly } = jwk;
    await expect(p256FromJwk(publicOnly)).rejects.toThrow(TypeError);
  });
});
