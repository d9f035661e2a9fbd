import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase58, encodeBase58, MAX_BASE58_LENGTH } from "../../src/primitives/base58.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";

describe("base58", () => {
  // Source: https://datatracker.ietf.org/doc/html/draft-msporny-base58-03, section 5, and a measurement of the worker.
  it.each([
    ["0x48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U"],
    ["0x0000287fb4cd", "11233QC4"],
    ["0x", ""],
    [
      "0x760150e5b93cbdfbf0a867a3c4df375db48b98c1f4c2e49f509b4a7ddd8373c6",
      "8weGnjvG3nh6UzoYjqaTjpWjX1ouNPioA1K5134DJc5j",
    ],
  ])("encodes and decodes %s as %s", (hex, text) => {
    expect(encodeBase58(fromHex(hex))).toBe(text);
    expect(toHex(decodeBase58(text))).toBe(hex);
  });

  it("round-trips any bytes, leading zeros included", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect([...decodeBase58(encodeBase58(bytes))]).toEqual([...bytes]);
    }));
  });

  it("refuses characters outside the alphabet and overlong text", () => {
    for (const text of ["0", "O", "I", "l", "a b", "é"]) expect(() => decodeBase58(text)).toThrow(TypeError);
    expect(() => decodeBase58("1".repeat(MAX_BASE58_LENGTH + 1))).toThrow(RangeError);
  });
});
