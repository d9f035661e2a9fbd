/**
 * JSON-RPC 2.0 messages: strict and bounded reading of requests, and the exact text of answers.
 *
 * Source: worker `core-primitives/rpc/src/lib.rs#RpcResponse`, `#RpcSubscriptionUpdate` (839eda024) for the order of
 * the fields in texts
 *
 * @module
 */
import { err, ok, type Result } from "../primitives/result.ts";
import { MAX_BATCH_LENGTH, MAX_FRAME_LENGTH, MAX_ID_LENGTH, MAX_JSON_DEPTH, MAX_METHOD_LENGTH } from "./limits.ts";
import { INVALID_REQUEST, PARSE_ERROR, RpcError } from "./rpc_error.ts";

/** Identifier of a request, echoed as it was sent. */
export type RpcId = string | number | null;

/** A request of a client. */
export interface RpcRequest {
  readonly method: string;
  /** Positional or named parameters; `undefined` if there are none. */
  readonly params: readonly unknown[] | Readonly<Record<string, unknown>> | undefined;
  /** `undefined` for a notification, which gets no answer. */
  readonly id: RpcId | undefined;
}

/** One part of a frame: a request, or why it is none, with the `id` to answer under. */
export type ParsedRequest = Result<RpcRequest, { readonly id: RpcId; readonly error: RpcError }>;

/** A frame of a client: one request, or a batch whose answers go back together. */
export interface ParsedFrame {
  readonly batch: boolean;
  readonly requests: readonly ParsedRequest[];
}

/**
 * Parses JSON that is no longer than {@linkcode MAX_FRAME_LENGTH} and nests no deeper than {@linkcode MAX_JSON_DEPTH}.
 * The depth is counted before the text is parsed.
 */
export function parseBoundedJson(text: string, maxLength: number = MAX_FRAME_LENGTH): Result<unknown, RpcError> {
  if (text.length > maxLength) return err(new RpcError(INVALID_REQUEST, "Request too large"));
  if (nestsTooDeep(text)) return err(new RpcError(PARSE_ERROR, "Parse error"));
  try {
    return ok(JSON.parse(text));
  } catch {
    return err(new RpcError(PARSE_ERROR, "Parse error"));
  }
}

const QUOTE = 34;
const BACKSLASH = 92;

function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i + 1);
    } else if (code === 91 || code === 123) {
      if (++depth > MAX_JSON_DEPTH) return true;
    } else if (code === 93 || code === 125) {
      depth--;
    }
  }
  return false;
}

function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (end - 1 - slashes >= from && text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

/** Reads a frame of a client. An error is one that answers the whole frame, with the `id` null. */
export function parseFrame(text: string, maxLength?: number): Result<ParsedFrame, RpcError> {
  const json = parseBoundedJson(text, maxLength);
  if (!json.ok) return json;
  if (!Array.isArray(json.value)) return ok({ batch: false, requests: [parseRequest(json.value)] });
  const items: readonly unknown[] = json.value;
  if (items.length === 0) return err(invalidRequest());
  if (items.length > MAX_BATCH_LENGTH) {
    return err(new RpcError(INVALID_REQUEST, `Batch too large: at most ${MAX_BATCH_LENGTH} requests`));
  }
  return ok({ batch: true, requests: items.map(parseRequest) });
}

function invalidRequest(): RpcError {
  return new RpcError(INVALID_REQUEST, "Invalid request");
}

/** Checks one parsed JSON value as a request. */
export function parseRequest(value: unknown): ParsedRequest {
  if (!isObject(value)) return err({ id: null, error: invalidRequest() });
  const { jsonrpc, method, params, id } = value;
  if (id !== undefined && !isId(id)) return err({ id: null, error: invalidRequest() });
  const refuse = err({ id: id ?? null, error: invalidRequest() });
  if (jsonrpc !== "2.0" || typeof method !== "string" || method.length > MAX_METHOD_LENGTH) return refuse;
  if (params === undefined || Array.isArray(params) || isObject(params)) return ok({ method, params, id });
  return refuse;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is RpcId {
  if (typeof value === "string") return value.length <= MAX_ID_LENGTH;
  return value === null || (typeof value === "number" && Number.isFinite(value));
}

/** Text of an answer; `undefined` becomes null. The fields stand in the order of the worker. */
export function resultText(id: RpcId, result: unknown): string {
  return `{"jsonrpc":"2.0","result":${JSON.stringify(result ?? null)},"id":${JSON.stringify(id)}}`;
}

/** Text of an answer that is an error. */
export function errorText(id: RpcId, error: RpcError): string {
  return `{"jsonrpc":"2.0","error":${JSON.stringify(error.toObject())},"id":${JSON.stringify(id)}}`;
}

/** Text of a request, as clients send it. */
export function requestText(id: RpcId, method: string, params: readonly unknown[]): string {
  return JSON.stringify({ id, jsonrpc: "2.0", method, params });
}
