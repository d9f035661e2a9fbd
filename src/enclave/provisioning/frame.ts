/**
 * Frames of the provisioning protocol: opcode (1 byte) ‖ length of the payload (u64, big endian) ‖ payload.
 *
 * Source: worker `enclave-runtime/src/tls_ra/tls_ra_server.rs#Opcode`, `tls_ra_client.rs` (839eda024)
 * Differs: frames in both directions; each opcode has a largest length, checked before a byte of the payload is kept
 *
 * @module
 */
import { MAX_RSA_JSON_LENGTH } from "../../crypto/rsa_json.ts";
import { joinBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { MAX_SNAPSHOT_CHUNK_BYTES } from "../../state/snapshot_chunks.ts";
import type { FrameError } from "./provisioning_error.ts";
import { type ByteStream, StreamError } from "./secure_channel.ts";

/** Largest evidence: quote and collateral. */
export const MAX_EVIDENCE_BYTES = 1_048_576;
/** Largest state of a parentchain follower: 600 tail headers and the voters. */
export const MAX_FOLLOWER_BYTES: number = 512 * 1024;
/** Largest payout ledger. */
export const MAX_PAYOUTS_BYTES: number = 512 * 1024;
/** Longest code of a refusal. */
export const MAX_REFUSAL_BYTES = 64;
/** Largest small message: greetings, keys, description of the state. */
const MAX_SMALL_BYTES = 2_048;

/** Frames by opcode, with the largest payload of each; 0 to 3 as in the reference. */
export const FRAMES = {
  ShieldingKey: { opcode: 0, max: MAX_RSA_JSON_LENGTH },
  StateKey: { opcode: 1, max: MAX_SMALL_BYTES },
  State: { opcode: 2, max: MAX_SNAPSHOT_CHUNK_BYTES },
  LightClient: { opcode: 3, max: MAX_FOLLOWER_BYTES },
  Hello: { opcode: 16, max: MAX_SMALL_BYTES },
  Challenge: { opcode: 17, max: MAX_SMALL_BYTES },
  Evidence: { opcode: 18, max: MAX_EVIDENCE_BYTES },
  Refusal: { opcode: 19, max: MAX_REFUSAL_BYTES },
  Manifest: { opcode: 20, max: MAX_SMALL_BYTES },
  Payouts: { opcode: 21, max: MAX_PAYOUTS_BYTES },
  End: { opcode: 22, max: 0 },
  Received: { opcode: 23, max: MAX_SMALL_BYTES },
} as const;

/** Name of a frame. */
export type FrameName = keyof typeof FRAMES;

/** A frame that was read. */
export interface Frame {
  readonly name: FrameName;
  readonly payload: Uint8Array;
}

const HEADER_LENGTH = 9;
const NAMES: ReadonlyMap<number, FrameName> = new Map(
  (Object.keys(FRAMES) as FrameName[]).map((name) => [FRAMES[name].opcode, name]),
);

/** Encodes a frame. @throws {RangeError} If the payload is larger than its opcode may have. */
export function encodeFrame(name: FrameName, payload: Uint8Array): Uint8Array {
  const { opcode, max } = FRAMES[name];
  if (payload.length > max) throw new RangeError(`Cannot send "${name}": ${payload.length} bytes, at most ${max}`);
  const frame = new Uint8Array(HEADER_LENGTH + payload.length);
  frame[0] = opcode;
  new DataView(frame.buffer).setBigUint64(1, BigInt(payload.length), false);
  frame.set(payload, HEADER_LENGTH);
  return frame;
}

/** Reads frames off a stream. */
export class FrameReader {
  readonly #stream: ByteStream;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** The next frame, which must be one of `expected`; a frame's length is judged before its payload is read. */
  async next(...expected: readonly FrameName[]): Promise<Result<Frame, FrameError>> {
    try {
      const header = await this.#take(HEADER_LENGTH);
      if (!header.ok) return header;
      const opcode = header.value[0] as number;
      const name = NAMES.get(opcode);
      if (name === undefined) return err({ code: "UnknownOpcode", opcode });
      const length = new DataView(header.value.buffer).getBigUint64(1, false);
      if (length > BigInt(FRAMES[name].max)) return err({ code: "FrameTooLarge", opcode });
      if (!expected.includes(name)) return err({ code: "UnexpectedFrame", opcode });
      const payload = await this.#take(Number(length), true);
      return payload.ok ? ok({ name, payload: payload.value }) : payload;
    } catch (error) {
      if (error instanceof StreamError) return err({ code: error.code });
      throw error;
    }
  }

  /** `count` bytes in an array of their own. */
  async #take(count: number, isInside = false): Promise<Result<Uint8Array<ArrayBuffer>, FrameError>> {
    while (this.#length < count) {
      const bytes = await this.#stream.read();
      if (bytes === undefined) {
        return err({ code: isInside || this.#length > 0 ? "FrameTruncated" : "ConnectionBroken" });
      }
      this.#parts.push(bytes);
      this.#length += bytes.length;
    }
    const all = joinBytes(this.#parts);
    const taken = new Uint8Array(count);
    taken.set(all.subarray(0, count));
    this.#parts = all.length > count ? [all.subarray(count)] : [];
    this.#length -= count;
    return ok(taken);
  }
}

/** Sends a frame. */
export async function sendFrame(
  stream: ByteStream,
  name: FrameName,
  payload: Uint8Array,
): Promise<Result<undefined, FrameError>> {
  try {
    await stream.write(encodeFrame(name, payload));
    return ok(undefined);
  } catch (error) {
    if (error instanceof StreamError) return err({ code: error.code });
    throw error;
  }
}
