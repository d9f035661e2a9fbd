/**
 * Reading of arguments; what cannot be read is reported by commander beside the argument's name.
 *
 * @module
 */
import { InvalidArgumentError } from "commander";
import {
  type EnclaveFingerprint,
  enclaveFingerprint,
  type ShardIdentifier,
  shardIdentifier,
} from "../../primitives/branded.ts";
import { decodeBase58 } from "../../primitives/base58.ts";

/** Largest balance: the chain's own type. */
const MAX_U128 = (1n << 128n) - 1n;
/** Largest nonce and count: the chain's own type. */
const MAX_U32 = 0xffff_ffff;
/** Milliseconds of a day. */
const DAY_MS = 86_400_000;
/** Largest port of TCP. */
export const MAX_PORT = 0xffff;

/** An amount in the smallest unit, u128. @throws {InvalidArgumentError} */
export function parseAmount(text: string): bigint {
  const amount = /^[0-9]{1,39}$/u.test(text) ? BigInt(text) : undefined;
  if (amount === undefined || amount > MAX_U128) throw new InvalidArgumentError("want a whole number up to 2^128 - 1");
  return amount;
}

/** A u32. @throws {InvalidArgumentError} */
export function parseU32(text: string): number {
  const value = /^[0-9]{1,10}$/u.test(text) ? Number(text) : NaN;
  if (!(value <= MAX_U32)) throw new InvalidArgumentError("want a whole number up to 2^32 - 1");
  return value;
}

/** A TCP port. @throws {InvalidArgumentError} */
export function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/u.test(text) ? Number(text) : NaN;
  if (!(port >= 1 && port <= MAX_PORT)) throw new InvalidArgumentError("want a port from 1 to 65535");
  return port;
}

/** Address of a parentchain node; its port is an option of its own. @throws {InvalidArgumentError} */
export function parseNodeUrl(text: string): string {
  if (/^wss?:\/\/(\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+)$/iu.test(text)) return text;
  throw new InvalidArgumentError("want ws://HOST or wss://HOST; the port is an option of its own");
}

/** Days as milliseconds, u32 days. @throws {InvalidArgumentError} */
export function parseDays(text: string): number {
  return parseU32(text) * DAY_MS;
}

/** A shard in base58. @throws {InvalidArgumentError} */
export function parseShard(text: string): ShardIdentifier {
  return parseBase58(text, shardIdentifier);
}

/** A measurement in base58. @throws {InvalidArgumentError} */
export function parseFingerprint(text: string): EnclaveFingerprint {
  return parseBase58(text, enclaveFingerprint);
}

function parseBase58<T>(text: string, brand: (bytes: Uint8Array) => T): T {
  try {
    return brand(decodeBase58(text));
  } catch {
    throw new InvalidArgumentError("want the base58 text of 32 bytes");
  }
}
