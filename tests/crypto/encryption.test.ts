import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aeadOpen, aeadSeal, importAeadKey } from "../../src/crypto/aead.ts";
import { hkdfSha256, MAX_HKDF_LENGTH } from "../../src/crypto/hkdf.ts";
import { randomBytes } from "../../src/crypto/random.ts";
import {
  shieldingKeyPairFromJson,
  shieldingKeyPairToJson,
  shieldingPublicKeyFromJson,
  shieldingPublicKeyToJson,
} from "../../src/crypto/rsa_json.ts";
import {
  generateShieldingKey,
  MAX_RSA_BLOCKS,
  RSA_BLOCK_LENGTH,
  RSA_CHUNK_LENGTH,
  rsaDecrypt,
  rsaEncrypt,
} from "../../src/crypto/rsa_oaep.ts";
import { generateX25519, x25519Derive, x25519FromSecret } from "../../src/crypto/x25519.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import aeadVectors from "./vectors/aead.json" with { type: "json" };
import hkdfVectors from "./vectors/hkdf.json" with { type: "json" };
import rsaVectors from "./vectors/rsa_oaep.json" with { type: "json" };
import x25519Vectors from "./vectors/x25519.json" with { type: "json" };

describe("hkdfSha256()", () => {
  it("gives the values of RFC 5869", () => {
    for (const { ikm, salt, info, length, okm } of hkdfVectors.valid) {
      expect(toHex(hkdfSha256(fromHex(ikm), fromHex(salt), fromHex(info), length))).toBe(okm);
    }
  });

  it("refuses lengths outside 1 to 255 blocks", () => {
    const none = new Uint8Array(0);
    for (const length of [0, -1, 1.5, MAX_HKDF_LENGTH + 1]) {
      expect(() => hkdfSha256(none, none, none, length)).toThrow(RangeError);
    }
    expect(hkdfSha256(none, none, none, MAX_HKDF_LENGTH)).toHaveLength(MAX_HKDF_LENGTH);
  });
});

describe("AEAD", () => {
  it("aeadSeal() and aeadOpen() agree with the published test cases, with raw and prepared keys", async () => {
    for (const vector of aeadVectors.valid) {
      const [nonce, aad, plaintext] = [fromHex(vector.nonce), fromHex(vector.aad), fromHex(vector.plaintext)];
      for (const key of [fromHex(vector.key), await importAeadKey(fromHex(vector.key))]) {
        expect(toHex(await aeadSeal(key, nonce, aad, plaintext))).toBe(vector.ciphertext);
        expect(unwrap(await aeadOpen(key, nonce, aad, fromHex(vector.ciphertext)))).toEqual(plaintext);
      }
    }
  });

  it("aeadOpen() reports AeadOpenFailed for every single flipped bit of ciphertext, nonce, data and key", async () => {
    const [key, nonce, aad] = [randomBytes(32), randomBytes(12), randomBytes(5)];
    const sealed = await aeadSeal(key, nonce, aad, randomBytes(9));
    const parts = { key, nonce, aad, sealed };
    for (const [name, part] of Object.entries(parts)) {
      for (let bit = 0; bit < 8 * part.length; bit++) {
        const flipped = part.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        const changed = { ...parts, [name]: flipped };
        const opened = await aeadOpen(changed.key, changed.nonce, changed.aad, changed.sealed);
        expect(opened).toEqual({ ok: false, error: { code: "AeadOpenFailed" } });
      }
    }
  });

  it("aeadOpen() reports AeadOpenFailed for every cut", async () => {
    const [key, nonce, aad] = [randomBytes(32), randomBytes(12), new Uint8Array(0)];
    const sealed = await aeadSeal(key, nonce, aad, randomBytes(9));
    for (let length = 0; length < sealed.length; length++) {
      expect((await aeadOpen(key, nonce, aad, sealed.subarray(0, length))).ok).toBe(false);
    }
  });

  it("refuses keys and nonces of other lengths, 192-bit keys above all", async () => {
    const [key, nonce, none] = [randomBytes(32), randomBytes(12), new Uint8Array(0)];
    await expect(aeadSeal(randomBytes(24), nonce, none, none)).rejects.toThrow(RangeError);
    await expect(aeadSeal(key, randomBytes(16), none, none)).rejects.toThrow(RangeError);
    await expect(aeadOpen(key, randomBytes(11), none, new Uint8Array(16))).rejects.toThrow(RangeError);
  });
});

describe("X25519", () => {
  it("x25519Derive() gives the shared secret of RFC 7748", async () => {
    for (const { secret, publicKey, peer, shared } of x25519Vectors.valid) {
      const pair = await x25519FromSecret(fromHex(secret));
      expect(toHex(pair.publicKey)).toBe(publicKey);
      expect(toHex(unwrap(await x25519Derive(pair.privateKey, fromHex(peer))))).toBe(shared);
    }
  });

  for (const { why, peer } of x25519Vectors.invalid) {
    it(`x25519Derive() reports X25519Failed when the peer's key is: ${why}`, async () => {
      const { privateKey } = await generateX25519();
      expect(await x25519Derive(privateKey, fromHex(peer))).toEqual({ ok: false, error: { code: "X25519Failed" } });
    });
  }

  it("generateX25519() makes pairs that agree, and keeps the secret inside WebCrypto", async () => {
    const [a, b] = [await generateX25519(), await generateX25519()];
    const ab = unwrap(await x25519Derive(a.privateKey, b.publicKey));
    expect(unwrap(await x25519Derive(b.privateKey, a.publicKey))).toEqual(ab);
    await expect(crypto.subtle.exportKey("pkcs8", a.privateKey)).rejects.toThrow();
  });

  it("x25519FromSecret() refuses other lengths", async () => {
    await expect(x25519FromSecret(new Uint8Array(31))).rejects.toThrow(RangeError);
  });
});

describe("the shielding key", () => {
  it("rsaDecrypt() opens what OpenSSL encrypted, chunked, empty and with its first zero byte stripped", async () => {
    const pair = await shieldingKeyPairFromJson(rsaVectors.keyPairJson);
    for (const { plaintext, ciphertext } of rsaVectors.valid) {
      expect(toHex(unwrap(await rsaDecrypt(pair.privateKey, fromHex(ciphertext))))).toBe(plaintext);
    }
  });

  it("rsaDecrypt() undoes rsaEncrypt() at every chunk border", async () => {
    const pair = await shieldingKeyPairFromJson(rsaVectors.keyPairJson);
    const sizes = [0, 1, RSA_CHUNK_LENGTH - 1, RSA_CHUNK_LENGTH, RSA_CHUNK_LENGTH + 1, 2 * RSA_CHUNK_LENGTH];
    for (const size of sizes) {
      const plaintext = randomBytes(size);
      const ciphertext = await rsaEncrypt(pair.publicKey, plaintext);
      expect(ciphertext).toHaveLength(Math.ceil(size / RSA_CHUNK_LENGTH) * RSA_BLOCK_LENGTH);
      expect(unwrap(await rsaDecrypt(pair.privateKey, ciphertext))).toEqual(plaintext);
    }
  });

  it("rsaDecrypt() reports RsaLengthInvalid for broken blocks and too many of them", async () => {
    const { privateKey } = await shieldingKeyPairFromJson(rsaVectors.keyPairJson);
    for (const length of [385, 767, (MAX_RSA_BLOCKS + 1) * RSA_BLOCK_LENGTH]) {
      const decrypted = await rsaDecrypt(privateKey, new Uint8Array(length));
      expect(decrypted).toEqual({ ok: false, error: { code: "RsaLengthInvalid", length } });
    }
  });

  it("rsaDecrypt() reports RsaDecryptFailed for a flipped bit, garbage and another key", async () => {
    const pair = await shieldingKeyPairFromJson(rsaVectors.keyPairJson);
    const other = await generateShieldingKey();
    const ciphertext = await rsaEncrypt(pair.publicKey, new Uint8Array(10));
    const flipped = ciphertext.slice();
    flipped[200] = (flipped[200] as number) ^ 1;
    const failed = { ok: false, error: { code: "RsaDecryptFailed" } };
    expect(await rsaDecrypt(pair.privateKey, flipped)).toEqual(failed);
    expect(await rsaDecrypt(pair.privateKey, new Uint8Array(RSA_BLOCK_LENGTH).fill(0xff))).toEqual(failed);
    expect(await rsaDecrypt(other.privateKey, ciphertext)).toEqual(failed);
  });

  it("rsaEncrypt() refuses more than the largest number of blocks", async () => {
    const publicKey = await shieldingPublicKeyFromJson(rsaVectors.publicKeyJson);
    const plaintext = new Uint8Array(MAX_RSA_BLOCKS * RSA_CHUNK_LENGTH + 1);
    await expect(rsaEncrypt(publicKey, plaintext)).rejects.toThrow(RangeError);
  });

  it("the JSON forms are those of the vectors, byte for byte", async () => {
    const pair = await shieldingKeyPairFromJson(rsaVectors.keyPairJson);
    expect(await shieldingKeyPairToJson(pair)).toBe(rsaVectors.keyPairJson);
    expect(await shieldingPublicKeyToJson(pair.publicKey)).toBe(rsaVectors.publicKeyJson);
  });

  it("the JSON form takes the SGX SDK's exponent 16777217", async () => {
    const { n } = JSON.parse(rsaVectors.publicKeyJson);
    const text = JSON.stringify({ n, e: [1, 0, 0, 1] });
    expect(await shieldingPublicKeyToJson(await shieldingPublicKeyFromJson(text))).toBe(text);
  });

  it("the JSON readers throw a TypeError that quotes nothing when the text is no key", async () => {
    const key = JSON.parse(rsaVectors.keyPairJson);
    const broken = [
      "",
      "null",
      "[]",
      "{}",
      JSON.stringify({ ...key, n: key.n.slice(1) }),
      JSON.stringify({ ...key, e: [1, 0, 1] }),
      JSON.stringify({ ...key, n: [256, ...key.n.slice(1)] }),
      JSON.stringify({ ...key, n: ["1", ...key.n.slice(1)] }),
      JSON.stringify({ ...key, p: key.q.map((byte: number) => byte ^ 1) }),
      JSON.stringify({ ...key, pad: "x".repeat(40_000) }),
    ];
    for (const text of broken) {
      await expect(shieldingKeyPairFromJson(text)).rejects.toThrow(/^Cannot (parse|import) shie/u);
    }
  });

  it("generateShieldingKey() survives its JSON form", async () => {
    const pair = await shieldingKeyPairFromJson(await shieldingKeyPairToJson(await generateShieldingKey()));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 700 }), async (plaintext) => {
        expect(unwrap(await rsaDecrypt(pair.privateKey, await rsaEncrypt(pair.publicKey, plaintext)))).toEqual(
          plaintext,
        );
      }),
      { numRuns: 5 },
    );
  });
});

describe("randomBytes()", () => {
  it("draws any length, fresh each time", () => {
    expect(randomBytes(0)).toHaveLength(0);
    expect(randomBytes(70_000).subarray(69_000).some((byte) => byte !== 0)).toBe(true);
    expect(randomBytes(32)).not.toEqual(randomBytes(32));
    expect(() => randomBytes(-1)).toThrow(RangeError);
    expect(() => randomBytes(1.5)).toThrow(RangeError);
  });
});
