/** What every codec of the wire must do, as one suite. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Codec, tryDecode } from "../../src/codec/codec.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";

/** A codec with a value whose bytes were written by hand. */
export interface CodecCase<T> {
  readonly name: string;
  readonly codec: Codec<T>;
  readonly any: fc.Arbitrary<NoInfer<T>>;
  /** A value and its bytes as hex without `0x`; spaces separate the fields. */
  readonly golden: readonly [value: NoInfer<T>, hex: string];
  /** Offsets of one-byte compact integers in the golden bytes. */
  readonly compactAt?: readonly number[];
  /** Offsets of enum indexes in the golden bytes. */
  readonly variantAt?: readonly number[];
  /** Offsets of bools and option flags in the golden bytes. */
  readonly flagAt?: readonly number[];
}

/** Hides the type of a case, for lists of cases. */
export function codecCase<T>(one: CodecCase<T>): CodecCase<unknown> {
  return one as unknown as CodecCase<unknown>;
}

/** The error code of a refused decoding, or "decoded". */
export function refusalOf<T>(codec: Codec<T>, bytes: Uint8Array): string {
  const result = tryDecode(codec, bytes);
  return result.ok ? "decoded" : result.error.code;
}

function replaced(bytes: Uint8Array, offset: number, by: readonly number[]): Uint8Array {
  return Uint8Array.from([...bytes.slice(0, offset), ...by, ...bytes.slice(offset + 1)]);
}

/** Runs the suite for one codec. */
export function describeCodec(
  { name, codec, any, golden: [value, hex], compactAt = [], variantAt = [], flagAt = [] }: CodecCase<unknown>,
): void {
  const bytes = fromHex(hex.replaceAll(/\s/g, ""));
  describe(name, () => {
    it("encodes to the bytes written by hand and back", () => {
      expect(toHex(codec.encode(value))).toBe(toHex(bytes));
      expect(codec.decode(bytes)).toEqual(value);
    });

    it("gives back what it encoded", () => {
      fc.assert(
        fc.property(any, (one) => {
          const encoded = codec.encode(one);
          expect(codec.decode(encoded)).toEqual(one);
          expect(codec.decodePrefix(Uint8Array.from([...encoded, 7])).length).toBe(encoded.length);
        }),
        { numRuns: 50 },
      );
    });

    it("refuses its bytes cut at any length", () => {
      for (let length = 0; length < bytes.length; length++) {
        expect(refusalOf(codec, bytes.slice(0, length)), `cut at ${length}`).toBe("Truncated");
      }
    });

    it("refuses a trailing byte", () => {
      expect(refusalOf(codec, Uint8Array.from([...bytes, 0]))).toBe("TrailingBytes");
    });

    if (compactAt.length > 0) {
      it("refuses compact integers that are not in their shortest form", () => {
        for (const offset of compactAt) {
          const compact = bytes[offset] as number;
          expect(compact & 3, "the offset is one of a one-byte compact").toBe(0);
          const long = replaced(bytes, offset, [compact | 1, 0]);
          expect(refusalOf(codec, long), `at ${offset}`).toBe("NonCanonicalCompact");
        }
      });
    }

    if (variantAt.length > 0) {
      it("refuses indexes without a variant", () => {
        for (const offset of variantAt) {
          expect(refusalOf(codec, replaced(bytes, offset, [0xee])), `at ${offset}`).toBe("UnknownVariant");
        }
      });
    }

    if (flagAt.length > 0) {
      it("refuses flags other than 0 and 1", () => {
        for (const offset of flagAt) {
          expect(refusalOf(codec, replaced(bytes, offset, [2])), `at ${offset}`).toBe("InvalidFlag");
        }
      });
    }
  });
}
