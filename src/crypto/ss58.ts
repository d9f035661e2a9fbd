/**
 * SS58 addresses: network prefix, account and checksum in base58.
 *
 * Source: worker uses `sp_core::crypto::Ss58Codec` (839eda024)
 *
 * @module
 */
import { decodeBase58, encodeBase58 } from "../primitives/base58.ts";
import { type AccountId, accountId } from "../primitives/branded.ts";
import { concatBytes, equalBytes, utf8 } from "../primitives/bytes.ts";
import { blake2_512 } from "./blake2.ts";

/** Prefix of Substrate in general. */
export const SS58_PREFIX_SUBSTRATE = 42;
/** Prefix of Integritee's chains. */
export const SS58_PREFIX_INTEGRITEE = 13;
/** Largest prefix the two-byte form holds: 14 bits. */
export const MAX_SS58_PREFIX = 16_383;

const ACCOUNT_LENGTH = 32;
const CHECKSUM_LENGTH = 2;

function checksum(body: Uint8Array): Uint8Array {
  return blake2_512(concatBytes(utf8("SS58PRE"), body)).subarray(0, CHECKSUM_LENGTH);
}

function prefixBytes(prefix: number): Uint8Array {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > MAX_SS58_PREFIX || prefix === 46 || prefix === 47) {
    throw new RangeError(`Cannot encode address with prefix ${prefix}: want 0 to ${MAX_SS58_PREFIX}, not 46 or 47`);
  }
  if (prefix < 64) return new Uint8Array([prefix]);
  return new Uint8Array([((prefix & 0xfc) >> 2) | 0x40, (prefix >> 8) | ((prefix & 3) << 6)]);
}

/** The address of a 32-byte account. @throws {RangeError} If the prefix is reserved or too large, or not 32 bytes. */
export function encodeSs58(account: Uint8Array, prefix: number = SS58_PREFIX_SUBSTRATE): string {
  const body = concatBytes(prefixBytes(prefix), accountId(account));
  return encodeBase58(concatBytes(body, checksum(body)));
}

/** The account and prefix of an address. @throws {TypeError} If it is malformed or its checksum is wrong. */
export function decodeSs58(text: string): { readonly account: AccountId; readonly prefix: number } {
  const bytes = decodeText(text);
  const first = bytes[0] ?? 0xff;
  const prefixLength = first < 64 ? 1 : 2;
  if (first > 127 || bytes.length !== prefixLength + ACCOUNT_LENGTH + CHECKSUM_LENGTH) {
    throw new TypeError("Cannot decode address: wrong length or prefix");
  }
  const second = bytes[1] as number;
  const prefix = prefixLength === 1 ? first : ((first & 0x3f) << 2) | (second >> 6) | ((second & 0x3f) << 8);
  if (prefixLength === 2 && prefix < 64) throw new TypeError("Cannot decode address: prefix not in its shortest form");
  const body = bytes.subarray(0, bytes.length - CHECKSUM_LENGTH);
  if (!equalBytes(checksum(body), bytes.subarray(body.length))) {
    throw new TypeError("Cannot decode address: wrong checksum");
  }
  return { account: accountId(body.slice(prefixLength)), prefix };
}

function decodeText(text: string): Uint8Array {
  try {
    return decodeBase58(text);
  } catch (cause) {
    throw new TypeError("Cannot decode address: no base58", { cause });
  }
}
