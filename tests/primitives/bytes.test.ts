import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accountId } from "../../src/primitives/branded.ts";
import { asBufferSource, compareBytes, concatBytes, equalBytes, startsWithBytes } from "../../src/primitives/bytes.ts";
import { err, ok, unwrap } from "../../src/primitives/result.ts";

const bytes = fc.uint8Array({ maxLength: 6, max: 3 });

describe("bytes", () => {
  it("concatBytes() joins in order into a new array", () => {
    const part = new Uint8Array([1]);
    const joined = concatBytes(part, new Uint8Array(), new Uint8Array([2, 3]));
    part[0] = 9;
    expect([...joined]).toEqual([1, 2, 3]);
  });

  it("compareBytes() orders like the hexadecimal texts, and equalBytes() agrees with it", () => {
    fc.assert(fc.property(bytes, bytes, (a, b) => {
      const [x, y] = [[...a].join(""), [...b].join("")];
      expect(compareBytes(a, b)).toBe(x < y ? -1 : x > y ? 1 : 0);
      expect(equalBytes(a, b)).toBe(x === y);
      expect(startsWithBytes(a, b)).toBe(x.startsWith(y));
    }));
  });

  it("asBufferSource() copies only out of shared memory", () => {
    const plain = new Uint8Array([1, 2]);
    expect(asBufferSource(plain)).toBe(plain);
  });
});

describe("branded bytes", () => {
  it("accountId() refuses any length but 32", () => {
    expect(accountId(new Uint8Array(32))).toHaveLength(32);
    for (const length of [0, 31, 33]) expect(() => accountId(new Uint8Array(length))).toThrow(RangeError);
  });
});

describe("result", () => {
  it("unwrap() gives the value, and names the code of a failure", () => {
    expect(unwrap(ok(1))).toBe(1);
    expect(() => unwrap(err({ code: "InvalidNonce" }))).toThrow("InvalidNonce");
  });
});
