/**
 * The error of the connection to a worker.
 *
 * @module
 */

/** Why a request got no result. */
export type WorkerRpcErrorCode =
  /** The connection could not be opened. */
  | "ConnectFailed"
  /** The connection ended before the answer came. */
  | "ConnectionClosed"
  /** No answer came in time. */
  | "RequestTimeout"
  /** The worker answered with a JSON-RPC error object. */
  | "ErrorObject"
  /** The answer is not JSON-RPC. */
  | "MalformedAnswer"
  /** Too many requests wait for their answer on this connection. */
  | "TooManyRequests";

/** A failure between client and worker: connection, time or form; `rpcCode` is the number of an error object. */
export class WorkerRpcError extends Error {
  /** The class, for logs. */
  override readonly name = "WorkerRpcError";
  /** The kind of failure. */
  readonly code: WorkerRpcErrorCode;
  /** The number in the worker's error object, for `ErrorObject`. */
  readonly rpcCode: number | undefined;

  /** Makes an error of a code and a sentence. */
  constructor(code: WorkerRpcErrorCode, message: string, options: { cause?: unknown; rpcCode?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.rpcCode = options.rpcCode;
  }
}
