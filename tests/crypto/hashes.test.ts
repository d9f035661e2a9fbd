import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blake2_128, blake2_256, blake2_256_keyed, blake2_512 } from "../../src/crypto/blake2.ts";
import { createFastCrypto } from "../../src/crypto/fast.ts";
import { activeCrypto, portableCrypto } from "../../src/crypto/implementation.ts";
import { keccak_256 } from "../../src/crypto/keccak.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { twox128, twox256, twox64 } from "../../src/crypto/twox.ts";
import { utf8 } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { describeEachCrypto } from "./implementations.ts";
import blake2Vectors from "./vectors/blake2.json" with { type: "json" };
import shaVectors from "./vectors/sha.json" with { type: "json" };
import twoxVectors from "./vectors/twox.json" with { type: "json" };

describeEachCrypto("blake2", () => {
  it("blake2_512() and blake2_256() give the published hashes of abc", () => {
    const data = fromHex(blake2Vectors.tiny.data);
    expect(toHex(blake2_512(data))).toBe(blake2Vectors.tiny.blake2_512);
    expect(toHex(blake2_256(data))).toBe(blake2Vectors.tiny.blake2_256);
  });

  it("blake2 functions give the reference's hashes around the block size", () => {
    for (const vector of blake2Vectors.valid) {
      const data = fromHex(vector.data);
      expect(toHex(blake2_128(data))).toBe(vector.blake2_128);
      expect(toHex(blake2_256(data))).toBe(vector.blake2_256);
      expect(toHex(blake2_512(data))).toBe(vector.blake2_512);
    }
  });

  it("blake2_256_keyed() gives the reference's hashes", () => {
    for (const { key, data, blake2_256: hash } of blake2Vectors.keyed) {
      expect(toHex(blake2_256_keyed(fromHex(key), fromHex(data)))).toBe(hash);
    }
  });

  it("blake2_256_keyed() refuses a key that is empty or too long", () => {
    expect(() => blake2_256_keyed(new Uint8Array(0), new Uint8Array(1))).toThrow(RangeError);
    expect(() => blake2_256_keyed(new Uint8Array(65), new Uint8Array(1))).toThrow(RangeError);
  });

  it("blake2_256() returns bytes that a later hash does not change", () => {
    const first = blake2_256(new Uint8Array([1]));
    const copy = first.slice();
    blake2_256(new Uint8Array([2]));
    expect(first).toEqual(copy);
  });
});

describeEachCrypto("twox", () => {
  it("xxh64 gives the published hashes", () => {
    for (const { text, seed, hash } of twoxVectors.xxh64) {
      expect(`0x${activeCrypto().xxh64(utf8(text), BigInt(seed)).toString(16).padStart(16, "0")}`).toBe(hash);
    }
  });

  it("twox64() is little endian", () => {
    expect(toHex(twox64(utf8("abc")))).toBe("0x990977adf52cbc44");
  });

  it("twox128() gives the published prefixes of pallets and storage items", () => {
    for (const { text, hash } of twoxVectors.twox128) expect(toHex(twox128(utf8(text)))).toBe(hash);
  });

  it("twox256() begins with twox128()", () => {
    const data = utf8("a text of more than thirty-two bytes for all four lanes");
    expect(twox256(data).subarray(0, 16)).toEqual(twox128(data));
    expect(twox256(data)).toHaveLength(32);
  });
});

describe("portable and fast hashes", () => {
  it("give the same for random data", async () => {
    const fast = await createFastCrypto();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), fc.bigInt(0n, (1n << 64n) - 1n), (data, seed) => {
      expect(fast.xxh64(data, seed)).toBe(portableCrypto.xxh64(data, seed));
      for (const size of [16, 24, 32, 64]) expect(fast.blake2b(data, size)).toEqual(portableCrypto.blake2b(data, size));
      const key = new Uint8Array([1, ...data.subarray(0, 63)]);
      expect(fast.blake2bKeyed(key, data, 32)).toEqual(portableCrypto.blake2bKeyed(key, data, 32));
    }));
  });
});

describe("sha256() and keccak_256()", () => {
  it("give the published hashes", () => {
    for (const { text, sha256: sha, keccak_256: keccak } of shaVectors.valid) {
      expect(toHex(sha256(utf8(text)))).toBe(sha);
      expect(toHex(keccak_256(utf8(text)))).toBe(keccak);
    }
  });
});
