import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../src/primitives/hex.ts";

describe("hex", () => {
  it("encodes in lower case with the prefix", () => {
    expect(toHex(new Uint8Array([0, 171, 255]))).toBe("0x00abff");
    expect(toHex(new Uint8Array())).toBe("0x");
  });

  it("decodes either case, with and without the prefix", () => {
    expect([...fromHex("0x00aBfF")]).toEqual([0, 171, 255]);
    expect([...fromHex("00ABff")]).toEqual([0, 171, 255]);
  });

  it("round-trips any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect([...fromHex(toHex(bytes))]).toEqual([...bytes]);
    }));
  });

  it("refuses odd lengths and other characters", () => {
    for (const text of ["0x0", "f", "0xzz", "0x 1", "0x0x00", "0X00", "00é0"]) {
      expect(() => fromHex(text), text).toThrow(TypeError);
    }
  });
});
