/**
 * Reads the fields of signed JSON documents; whatever has another shape is refused.
 *
 * @module
 */
import { fromHex } from "../primitives/hex.ts";
import { calendarMs } from "./der.ts";

/** The document has not the expected shape. */
export class CollateralJsonError extends Error {
  override readonly name = "CollateralJsonError";
  /** Always the same: a document is either readable or not. */
  readonly code = "CollateralMalformed";
}

/** A JSON object whose fields are not looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Longest text in a document: names of statuses and advisories have below 40 characters. */
const MAX_TEXT_LENGTH = 64;

/** The object that a document is. @throws {CollateralJsonError} */
export function readDocument(json: Uint8Array): JsonObject {
  try {
    return asObject(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)));
  } catch (cause) {
    if (cause instanceof CollateralJsonError) throw cause;
    throw new CollateralJsonError("Cannot read document: no JSON", { cause });
  }
}

/** The value as an object. @throws {CollateralJsonError} */
export function asObject(value: unknown): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CollateralJsonError("Cannot read document: object missing");
  }
  return value as JsonObject;
}

/** A whole number from 0 to `max`. @throws {CollateralJsonError} */
export function readNumber(object: JsonObject, key: string, max: number): number {
  const value = object[key];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
    throw new CollateralJsonError(`Cannot read "${key}": want a whole number up to ${max}`);
  }
  return value;
}

/** A short text. @throws {CollateralJsonError} */
export function readText(object: JsonObject, key: string): string {
  return asText(object[key], key);
}

/** Bytes written as hexadecimal digits without prefix. @throws {CollateralJsonError} */
export function readHex(object: JsonObject, key: string, length: number): Uint8Array {
  const text = object[key];
  if (typeof text !== "string" || text.length !== 2 * length || !/^[0-9a-fA-F]*$/u.test(text)) {
    throw new CollateralJsonError(`Cannot read "${key}": want ${length} bytes in hexadecimal`);
  }
  return fromHex(text);
}

/** A moment such as `2025-06-19T10:56:11Z`, in milliseconds since 1970. @throws {CollateralJsonError} */
export function readMomentMs(object: JsonObject, key: string): number {
  const text = readText(object, key);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/u.test(text)) {
    throw new CollateralJsonError(`Cannot read "${key}": want a moment in UTC`);
  }
  try {
    return calendarMs(text.replaceAll(/[-:TZ]/gu, ""));
  } catch (cause) {
    throw new CollateralJsonError(`Cannot read "${key}": no such moment`, { cause });
  }
}

/** A list of objects, from one to `max`. @throws {CollateralJsonError} */
export function readObjects(object: JsonObject, key: string, max: number): readonly JsonObject[] {
  const value = object[key];
  if (!Array.isArray(value) || value.length === 0 || value.length > max) {
    throw new CollateralJsonError(`Cannot read "${key}": want a list of 1 to ${max}`);
  }
  return value.map(asObject);
}

/** A list of up to `max` short texts; none if it is missing. @throws {CollateralJsonError} */
export function readTexts(object: JsonObject, key: string, max: number): readonly string[] {
  const value = object[key] ?? [];
  if (!Array.isArray(value) || value.length > max) {
    throw new CollateralJsonError(`Cannot read "${key}": want a list of up to ${max}`);
  }
  return value.map((text: unknown) => asText(text, key));
}

function asText(value: unknown, key: string): string {
  if (typeof value !== "string" || value.length > MAX_TEXT_LENGTH) {
    throw new CollateralJsonError(`Cannot read "${key}": want a text of up to ${MAX_TEXT_LENGTH} characters`);
  }
  return value;
}
