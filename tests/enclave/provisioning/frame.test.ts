import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame, type FrameName, FrameReader, FRAMES } from "../../../src/enclave/provisioning/frame.ts";
import { type ByteStream, StreamError } from "../../../src/enclave/provisioning/secure_channel.ts";
import { concatBytes } from "../../../src/primitives/bytes.ts";

const ALL = Object.keys(FRAMES) as FrameName[];

/** A stream of given pieces, then the end or a failure. */
function streamOf(pieces: readonly Uint8Array[], failure?: StreamError): ByteStream & { reads: number } {
  let at = 0;
  const stream = {
    reads: 0,
    read: () => {
      stream.reads++;
      const piece = pieces[at++];
      return piece === undefined && failure !== undefined ? Promise.reject(failure) : Promise.resolve(piece);
    },
    write: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return stream;
}

async function codeOf(bytes: Uint8Array, ...expected: FrameName[]): Promise<string> {
  const frame = await new FrameReader(streamOf([bytes])).next(...expected);
  return frame.ok ? frame.value.name : frame.error.code;
}

describe("frames", () => {
  it("are opcode, length as u64 big endian, and payload", () => {
    expect(encodeFrame("StateKey", new Uint8Array([7, 8, 9])))
      .toEqual(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 3, 7, 8, 9]));
    expect([FRAMES.ShieldingKey, FRAMES.StateKey, FRAMES.State, FRAMES.LightClient].map(({ opcode }) => opcode))
      .toEqual([0, 1, 2, 3]);
  });

  it("arrive as they were sent, however the stream cuts them", async () => {
    const frame = fc.record({ name: fc.constantFrom(...ALL.filter((name) => name !== "End")), size: fc.nat(60) });
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), async (frames, cut) => {
        const payload = (size: number) => new Uint8Array(size).fill(size);
        const bytes = concatBytes(...frames.map(({ name, size }) => encodeFrame(name, payload(size))));
        const pieces = Array.from(
          { length: Math.ceil(bytes.length / cut) },
          (_, i) => bytes.slice(i * cut, (i + 1) * cut),
        );
        const reader = new FrameReader(streamOf(pieces));
        for (const { name, size } of frames) {
          expect(await reader.next(...ALL)).toEqual({ ok: true, value: { name, payload: payload(size) } });
        }
        expect(await reader.next(...ALL)).toEqual({ ok: false, error: { code: "ConnectionBroken" } });
      }),
      { numRuns: 60 },
    );
  });

  it("are refused when truncated, at every length", async () => {
    const frame = encodeFrame("StateKey", new Uint8Array(20));
    for (let length = 1; length < frame.length; length++) {
      expect(await codeOf(frame.subarray(0, length), "StateKey"), `${length} bytes`).toBe("FrameTruncated");
    }
    expect(await codeOf(frame, "StateKey")).toBe("StateKey");
  });

  it.each(ALL)("%s is refused above its largest length, before a byte of it is read", async (name) => {
    const header = encodeFrame("End", new Uint8Array(0));
    header[0] = FRAMES[name].opcode;
    const oversize = header.slice();
    new DataView(oversize.buffer).setBigUint64(1, BigInt(FRAMES[name].max) + 1n);
    const stream = streamOf([oversize, new Uint8Array(1_000_000)]);
    const refused = await new FrameReader(stream).next(...ALL);
    expect(refused).toEqual({ ok: false, error: { code: "FrameTooLarge", opcode: FRAMES[name].opcode } });
    expect(stream.reads).toBe(1);
    new DataView(oversize.buffer).setBigUint64(1, 2n ** 64n - 1n);
    expect(await codeOf(oversize, name)).toBe("FrameTooLarge");
    expect(() => encodeFrame(name, new Uint8Array(FRAMES[name].max + 1))).toThrow(RangeError);
    const largest = encodeFrame(name, new Uint8Array(FRAMES[name].max));
    expect(await codeOf(largest, name)).toBe(name);
  });

  it("are refused with an unknown opcode, or where they do not belong", async () => {
    const unknown = encodeFrame("End", new Uint8Array(0));
    unknown[0] = 99;
    expect(await codeOf(unknown, ...ALL)).toBe("UnknownOpcode");
    expect(await codeOf(encodeFrame("End", new Uint8Array(0)), "State")).toBe("UnexpectedFrame");
  });

  it("end with the stream's own failure", async () => {
    for (const code of ["ConnectionBroken", "ConnectionTimedOut"] as const) {
      const reader = new FrameReader(streamOf([], new StreamError(code)));
      expect(await reader.next("Hello")).toEqual({ ok: false, error: { code } });
    }
  });
});
