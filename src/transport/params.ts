/**
 * Decoders of positional parameters. Each throws a TypeError that the router answers as -32602.
 *
 * @module
 */
import { fromHex } from "../primitives/hex.ts";
import type { RpcRequest } from "./message.ts";

/** Parameters as they stand in a request. */
export type RawParams = RpcRequest["params"];

/** Takes any parameters and ignores them, as the worker does where a method has none. */
export function ignoreParams(_params: RawParams): undefined {
  return undefined;
}

/** Positional parameters between `min` and `max` in number; none counts as an empty list. @throws {TypeError} */
export function positional(params: RawParams, min: number, max: number): readonly unknown[] {
  const list = params ?? [];
  if (!Array.isArray(list)) throw new TypeError("want a list of parameters");
  if (list.length < min || list.length > max) {
    throw new TypeError(`want ${min === max ? min : `${min} to ${max}`} parameters, got ${list.length}`);
  }
  return list;
}

/** A text parameter of at most `maxLength` characters. @throws {TypeError} */
export function textParam(value: unknown, maxLength: number): string {
  if (typeof value !== "string") throw new TypeError("want a string");
  if (value.length > maxLength) throw new TypeError(`want a string of at most ${maxLength} characters`);
  return value;
}

/** A parameter of bytes in hexadecimal, with or without `0x`. @throws {TypeError} */
export function hexParam(value: unknown, maxBytes: number): Uint8Array {
  return fromHex(textParam(value, 2 * maxBytes + 2));
}

/** An unsigned integer parameter up to `max`. @throws {TypeError} */
export function integerParam(value: unknown, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
    throw new TypeError(`want an integer from 0 to ${max}`);
  }
  return value;
}

/** A parameter that may be missing or null. */
export function optionalParam<T>(value: unknown, decode: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : decode(value);
}
