import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  array,
  bool,
  bytes,
  bytesOf,
  type Codec,
  compact,
  compactU32,
  lazy,
  mapped,
  option,
  remaining,
  str,
  struct,
  tryDecode,
  tuple,
  u128,
  u16,
  u32,
  u64,
  u8,
  unit,
  type Variant,
  variant,
  vec,
} from "../../src/codec/codec.ts";
import { CodecError, type CodecErrorCode } from "../../src/codec/error.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import vectors from "./vectors/compact.json" with { type: "json" };

interface Call {
  readonly to: Uint8Array;
  readonly amount: bigint;
  readonly memo: string | undefined;
}

const call: Codec<Call> = struct({ to: bytesOf(2), amount: u128, memo: option(str(8)) });
type Shape = Variant<{ empty: undefined; call: Call; many: readonly number[] }>;
const shape: Codec<Shape> = variant({ empty: [0, unit], call: [7, call], many: [255, vec(u16, 3)] });

function codeOf(run: () => unknown): CodecErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof CodecError) return error.code;
    throw error;
  }
  return undefined;
}

describe("compact", () => {
  it.each(vectors.valid)("encodes $value as $hex and back", ({ value, hex }) => {
    expect(toHex(compact.encode(BigInt(value)))).toBe(hex);
    expect(compact.decode(fromHex(hex))).toBe(BigInt(value));
  });

  it.each(vectors.invalid)("refuses $hex with $code: $why", ({ hex, code }) => {
    expect(codeOf(() => compact.decode(fromHex(hex)))).toBe(code);
  });

  it("compactU32 writes what compact writes, at the bounds of each length and in between", () => {
    const bounds = [64, 1 << 14, 2 ** 30, 2 ** 32 - 1].flatMap((bound) => [bound - 1, bound, Math.floor(bound * 0.7)]);
    for (const value of [0, 1, ...bounds]) {
      expect([value, compactU32.encode(value)]).toEqual([value, compact.encode(BigInt(value))]);
      expect(compactU32.decode(compactU32.encode(value))).toBe(value);
    }
  });

  it("compactU32 refuses values above 2^32 - 1", () => {
    expect(codeOf(() => compactU32.decode(compact.encode(1n << 32n)))).toBe("TooLarge");
    expect(() => compactU32.encode(-1)).toThrow(RangeError);
    expect(() => compactU32.encode(1.5)).toThrow(RangeError);
  });
});

describe("fixed-width integers", () => {
  it("are little endian and range-checked", () => {
    expect(toHex(u16.encode(0x0102))).toBe("0x0201");
    expect(toHex(u32.encode(1))).toBe("0x01000000");
    expect(toHex(u64.encode(1n))).toBe("0x0100000000000000");
    expect(u128.decode(fromHex("0x" + "ff".repeat(16)))).toBe((1n << 128n) - 1n);
    expect(() => u8.encode(256)).toThrow(RangeError);
    expect(() => u64.encode(-1n)).toThrow(RangeError);
    expect(() => u128.encode(1n << 128n)).toThrow(RangeError);
  });

  it("round-trip", () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
      expect(u128.decode(u128.encode(value))).toBe(value);
      expect(compact.decode(compact.encode(value))).toBe(value);
    }));
  });
});

describe("composed codecs", () => {
  const value: Shape = { type: "call", value: { to: new Uint8Array([1, 2]), amount: 3n, memo: "ä" } };
  const encoded = fromHex("0x07" + "0102" + "03" + "00".repeat(15) + "01" + "08c3a4");

  it("match bytes made by hand", () => {
    expect(toHex(shape.encode(value))).toBe(toHex(encoded));
    expect(shape.decode(encoded)).toEqual(value);
    expect(toHex(tuple(u8, bool).encode([1, true]))).toBe("0x0101");
    expect(array(u8, 2).decode(new Uint8Array([5, 6]))).toEqual([5, 6]);
    expect(shape.decode(fromHex("0xff080100ff00"))).toEqual({ type: "many", value: [1, 255] });
  });

  it("report every truncation, and one trailing byte", () => {
    for (let length = 0; length < encoded.length; length++) {
      expect(codeOf(() => shape.decode(encoded.slice(0, length))), `${length} bytes`).toBe("Truncated");
    }
    expect(codeOf(() => shape.decode(new Uint8Array([...encoded, 0])))).toBe("TrailingBytes");
  });

  it("decodePrefix() leaves what follows, and tells how much it took", () => {
    expect(u8.decodePrefix(new Uint8Array([4, 5]))).toEqual({ value: 4, length: 1 });
  });

  it("read inputs that lie in the middle of a larger buffer", () => {
    const buffer = new Uint8Array([9, ...encoded, 9]).subarray(1, 1 + encoded.length);
    expect(shape.decode(buffer)).toEqual(value);
  });

  it.each([
    ["an unknown variant", "0x01", "UnknownVariant"],
    ["an option flag of 2", "0x070102" + "00".repeat(16) + "02", "InvalidFlag"],
    ["a string that is not UTF-8", "0x070102" + "00".repeat(16) + "0104ff", "InvalidUtf8"],
    ["a string longer than its maximum", "0x070102" + "00".repeat(16) + "0124" + "61".repeat(9), "TooLarge"],
    ["a list longer than its maximum", "0xff10" + "0000".repeat(4), "TooLarge"],
  ])("refuse %s", (_, hex, code) => {
    expect(codeOf(() => shape.decode(fromHex(hex)))).toBe(code);
  });

  it("refuse a huge length before they allocate for it", () => {
    expect(codeOf(() => bytes(100).decode(fromHex("0xfeffffff")))).toBe("TooLarge");
    expect(codeOf(() => bytes(0x3fff_ffff).decode(fromHex("0xfeffffff")))).toBe("Truncated");
  });

  it("name the path of the field that failed", () => {
    const result = tryDecode(vec(shape, 2), fromHex("0x0800070102" + "00".repeat(16) + "02"));
    expect(result.ok ? undefined : result.error.path).toEqual([1, "call", "memo"]);
    expect(result.ok ? undefined : result.error.message).toBe(
      'Cannot decode "1.call.memo": want 0 or 1, got 2',
    );
  });

  it("refuse to encode what they would refuse to decode", () => {
    expect(() => bytes(2).encode(new Uint8Array(3))).toThrow(RangeError);
    expect(() => bytesOf(2).encode(new Uint8Array(3))).toThrow(RangeError);
    expect(() => array(u8, 2).encode([1])).toThrow(RangeError);
    expect(() => remaining(1).encode(new Uint8Array(2))).toThrow(RangeError);
  });

  it("refuse an index that stands twice", () => {
    expect(() => variant<{ a: number; b: number }>({ a: [0, u8], b: [0, u8] })).toThrow(TypeError);
  });

  it("mapped() turns a refusal of the mapping into InvalidValue, lazy() allows recursion", () => {
    const even = mapped(u8, (n) => {
      if (n % 2 === 1) throw new RangeError("Cannot take an odd number");
      return n;
    }, (n) => n);
    expect(codeOf(() => even.decode(new Uint8Array([3])))).toBe("InvalidValue");
    interface Tree {
      readonly children: readonly Tree[];
    }
    const tree: Codec<Tree> = struct({ children: vec(lazy(() => tree), 4) });
    expect(tree.decode(new Uint8Array([8, 0, 4, 0]))).toEqual({
      children: [{ children: [] }, { children: [{ children: [] }] }],
    });
  });
});
