/**
 * The shard's public RSA key as JSON: value of `author_getShieldingKey`.
 *
 * Source: worker `core-primitives/sgx/crypto/src/rsa3072.rs#Rsa3072PubKey` (839eda024)
 *
 * @module
 */
import { err, ok, type Result } from "../primitives/result.ts";

/** Bytes of the modulus: RSA-3072. */
export const SHIELDING_KEY_MODULUS_BYTES = 384;
/** Bytes of the exponent. */
export const SHIELDING_KEY_EXPONENT_BYTES = 4;
/** Most characters of the JSON text: 388 numbers of three digits with commas and spaces take less. */
const MAX_SHIELDING_KEY_JSON_CHARS = 8192;

/** A public shielding key; both numbers in little-endian order, as in the JSON. */
export interface ShieldingKeyJson {
  /** Modulus, 384 bytes. */
  readonly n: Uint8Array;
  /** Public exponent, 4 bytes. */
  readonly e: Uint8Array;
}

/** Why a text is not a shielding key. */
export interface ShieldingKeyError {
  /** Tag. */
  readonly code: "InvalidShieldingKeyJson";
  /** The part that is wrong. */
  readonly part: "text" | "n" | "e";
}

/** The JSON text of a public shielding key, `n` before `e`, without spaces. @throws {RangeError} On wrong lengths. */
export function shieldingKeyToJson(key: ShieldingKeyJson): string {
  if (key.n.length !== SHIELDING_KEY_MODULUS_BYTES) throw new RangeError(`Cannot write modulus: got ${key.n.length}`);
  if (key.e.length !== SHIELDING_KEY_EXPONENT_BYTES) throw new RangeError(`Cannot write exponent: got ${key.e.length}`);
  return JSON.stringify({ n: [...key.n], e: [...key.e] });
}

/** Reads the JSON text of a public shielding key, as the worker or this service wrote it. */
export function shieldingKeyFromJson(text: string): Result<ShieldingKeyJson, ShieldingKeyError> {
  const json = parse(text);
  if (typeof json !== "object" || json === null) return err({ code: "InvalidShieldingKeyJson", part: "text" });
  const n = "n" in json ? byteArray(json.n, SHIELDING_KEY_MODULUS_BYTES) : undefined;
  if (n === undefined) return err({ code: "InvalidShieldingKeyJson", part: "n" });
  const e = "e" in json ? byteArray(json.e, SHIELDING_KEY_EXPONENT_BYTES) : undefined;
  if (e === undefined) return err({ code: "InvalidShieldingKeyJson", part: "e" });
  return ok({ n, e });
}

function parse(text: string): unknown {
  if (text.length > MAX_SHIELDING_KEY_JSON_CHARS) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function byteArray(value: unknown, length: number): Uint8Array | undefined {
  if (!Array.isArray(value) || value.length !== length) return undefined;
  const isByte = (item: unknown) => typeof item === "number" && Number.isInteger(item) && item >= 0 && item <= 255;
  return value.every(isByte) ? Uint8Array.from(value) : undefined;
}
