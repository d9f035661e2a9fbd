/**
 * The error objects of JSON-RPC 2.0. A handler throws {@linkcode RpcError} to answer with one; anything else that it
 * throws becomes -32603 without its message, since that may hold something confidential.
 *
 * @module
 */
import { LIMIT_EXCEEDED } from "./limits.ts";

/** The text is not JSON, or nests too deep. */
export const PARSE_ERROR = -32700;
/** The JSON is not a request. */
export const INVALID_REQUEST = -32600;
/** No method has this name. */
export const METHOD_NOT_FOUND = -32601;
/** The parameters do not fit the method. */
export const INVALID_PARAMS = -32602;
/** The handler failed. */
export const INTERNAL_ERROR = -32603;

/** `error` member of a response; the order of the fields is that of the text. */
export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** A failure that the client is told as a JSON-RPC error object. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  /** Number of the error, of the protocol or of the method. */
  readonly code: number;
  /** More about it, as JSON; absent if `undefined`. */
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }

  /** The error as it stands in a response. */
  toObject(): RpcErrorObject {
    const { code, message, data } = this;
    return data === undefined ? { code, message } : { code, message, data };
  }
}

/** Error -32602 with a reason; the reason must not repeat confidential input. */
export function invalidParams(reason: string): RpcError {
  return new RpcError(INVALID_PARAMS, `Invalid params: ${reason}`);
}

/** Error -32601. */
export function methodNotFound(): RpcError {
  return new RpcError(METHOD_NOT_FOUND, "Method not found");
}

/** Error {@linkcode LIMIT_EXCEEDED} that names the limit. */
export function limitExceeded(limit: string): RpcError {
  return new RpcError(LIMIT_EXCEEDED, `Limit exceeded: ${limit}`);
}
