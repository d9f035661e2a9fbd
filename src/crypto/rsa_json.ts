/**
 * The JSON forms of the shielding key: arrays of byte numbers, little endian.
 *
 * Source: worker `core-primitives/sgx/crypto/src/rsa3072.rs` and rust-sgx-sdk `sgx_crypto_helper` (839eda024)
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { randomBytes } from "./random.ts";
import { RSA_ALGORITHM, RSA_BLOCK_LENGTH, rsaDecrypt, rsaEncrypt, type ShieldingKeyPair } from "./rsa_oaep.ts";

/** Longest JSON text that is parsed: a private pair has about 10,000 characters. */
export const MAX_RSA_JSON_LENGTH = 32_768;
/** Random bytes that an imported pair must return unchanged. */
const PROBE_LENGTH = 32;
const NO_KEY = "Cannot import shielding key: its numbers are no RSA key";

/** Fields of a private pair in their order, with their JWK names and lengths in bytes. */
const PRIVATE_FIELDS = [
  ["d", "d", RSA_BLOCK_LENGTH],
  ["p", "p", RSA_BLOCK_LENGTH / 2],
  ["q", "q", RSA_BLOCK_LENGTH / 2],
  ["dmp1", "dp", RSA_BLOCK_LENGTH / 2],
  ["dmq1", "dq", RSA_BLOCK_LENGTH / 2],
  ["iqmp", "qi", RSA_BLOCK_LENGTH / 2],
] as const;
const PUBLIC_FIELDS = [["n", "n", RSA_BLOCK_LENGTH], ["e", "e", 4]] as const;
type Field = (typeof PRIVATE_FIELDS)[number] | (typeof PUBLIC_FIELDS)[number];

/** `{"n":[384 numbers],"e":[4 numbers]}`, what `author_getShieldingKey` answers. */
export async function shieldingPublicKeyToJson(publicKey: CryptoKey): Promise<string> {
  return toJson(await crypto.subtle.exportKey("jwk", publicKey), PUBLIC_FIELDS);
}

/** The private pair with `d`, `p`, `q`, `dmp1`, `dmq1`, `iqmp` besides; a secret. */
export async function shieldingKeyPairToJson(pair: ShieldingKeyPair): Promise<string> {
  return toJson(await crypto.subtle.exportKey("jwk", pair.privateKey), [...PUBLIC_FIELDS, ...PRIVATE_FIELDS]);
}

/** Reads the public form. @throws {TypeError} If it is not one. */
export async function shieldingPublicKeyFromJson(text: string): Promise<CryptoKey> {
  return await importJwk(fromJson(text, PUBLIC_FIELDS), ["encrypt"]);
}

/** Reads the private form. @throws {TypeError} If it is not one, or its numbers do not belong together. */
export async function shieldingKeyPairFromJson(text: string): Promise<ShieldingKeyPair> {
  const jwk = fromJson(text, [...PUBLIC_FIELDS, ...PRIVATE_FIELDS]);
  const { n, e } = jwk;
  const publicJwk: JsonWebKey = { kty: "RSA", ...(n === undefined ? {} : { n }), ...(e === undefined ? {} : { e }) };
  const pair = { publicKey: await importJwk(publicJwk, ["encrypt"]), privateKey: await importJwk(jwk, ["decrypt"]) };
  // Not every implementation checks on import that the primes belong to the modulus.
  const probe = randomBytes(PROBE_LENGTH);
  const opened = await rsaDecrypt(pair.privateKey, await rsaEncrypt(pair.publicKey, probe));
  if (!opened.ok || !equalBytes(opened.value, probe)) throw new TypeError(NO_KEY);
  return pair;
}

async function importJwk(jwk: JsonWebKey, usages: KeyUsage[]): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey("jwk", jwk, RSA_ALGORITHM, true, usages);
  } catch {
    // The cause may quote the key; it stays here.
    throw new TypeError(NO_KEY);
  }
}

function toJson(jwk: JsonWebKey, fields: readonly Field[]): string {
  const parts = fields.map(([name, jwkName, size]) => {
    const bigEndian = fromBase64Url(jwk[jwkName] ?? "");
    if (bigEndian.length > size) {
      throw new RangeError(`Cannot write "${name}": ${bigEndian.length} bytes, want ${size}`);
    }
    const littleEndian = new Uint8Array(size);
    littleEndian.set(bigEndian.reverse());
    return `"${name}":[${littleEndian.join(",")}]`;
  });
  return `{${parts.join(",")}}`;
}

function fromJson(text: string, fields: readonly Field[]): JsonWebKey {
  if (text.length > MAX_RSA_JSON_LENGTH) {
    throw new TypeError(`Cannot parse shielding key: ${text.length} characters, at most ${MAX_RSA_JSON_LENGTH}`);
  }
  const parsed = parseObject(text);
  const jwk: JsonWebKey = { kty: "RSA" };
  for (const [name, jwkName, size] of fields) {
    const littleEndian = byteArray(parsed[name], size);
    if (littleEndian === undefined) throw new TypeError(`Cannot parse shielding key: "${name}" wants ${size} bytes`);
    jwk[jwkName] = toBase64Url(littleEndian.reverse());
  }
  return jwk;
}

function parseObject(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new TypeError("Cannot parse shielding key: no JSON");
  }
  if (typeof parsed !== "object" || parsed === null) throw new TypeError("Cannot parse shielding key: no object");
  return parsed as Record<string, unknown>;
}

function byteArray(value: unknown, size: number): Uint8Array | undefined {
  if (!Array.isArray(value) || value.length !== size) return undefined;
  const isByte = (item: unknown) => typeof item === "number" && Number.isInteger(item) && item >= 0 && item <= 255;
  return value.every(isByte) ? Uint8Array.from(value as number[]) : undefined;
}

function fromBase64Url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

/** Base64url without leading zero bytes, as JWK wants its numbers. */
function toBase64Url(bigEndian: Uint8Array): string {
  let start = 0;
  while (start < bigEndian.length - 1 && bigEndian[start] === 0) start++;
  const base64 = btoa(String.fromCharCode(...bigEndian.subarray(start)));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
