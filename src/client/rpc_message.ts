/**
 * Frames of a worker: answers to requests, and pushes of subscriptions.
 *
 * Source: worker `core-primitives/rpc/src/lib.rs#RpcSubscriptionUpdate` (839eda024)
 *
 * @module
 */
import { WorkerRpcError } from "./worker_rpc_error.ts";

/** One status push. */
export interface SubscriptionUpdate {
  /** The pushed value, hexadecimal text. */
  readonly result: string;
  /** The error beside it, if the worker sent one. */
  readonly error: string | undefined;
}

/** A push and the subscription it belongs to. */
export interface WorkerPush {
  /** What {@linkcode subscriptionKey} makes of it. */
  readonly key: string;
  /** What was pushed. */
  readonly update: SubscriptionUpdate;
}

/** A frame of the worker: a push, a result or an error. */
export type WorkerMessage =
  | { readonly push: WorkerPush }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: WorkerRpcError };

/** Reads a frame; `undefined` if it is none of these. */
export function parseMessage(text: string): WorkerMessage | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(json) || json["jsonrpc"] !== "2.0") return undefined;
  if (typeof json["method"] === "string") return parsePush(json["method"], json["params"]);
  const { id } = json;
  if (typeof id !== "number") return undefined;
  if (isRecord(json["error"])) return { id, error: errorObject(json["error"]) };
  if (!("result" in json)) return { id, error: malformed("an answer has neither result nor error") };
  return { id, result: json["result"] };
}

function parsePush(method: string, params: unknown): WorkerMessage | undefined {
  if (!isRecord(params) || typeof params["subscription"] !== "string") return undefined;
  const { error, result } = params;
  return {
    push: {
      key: subscriptionKey(method, params["subscription"]),
      update: {
        result: typeof result === "string" ? result : "",
        error: error === null || error === undefined ? undefined : String(error),
      },
    },
  };
}

function errorObject(error: Record<string, unknown>): WorkerRpcError {
  const rpcCode = typeof error["code"] === "number" ? error["code"] : 0;
  return new WorkerRpcError("ErrorObject", `The worker answers: ${String(error["message"])}`, { rpcCode });
}

/** The error of an answer that cannot be read. */
export function malformed(what: string): WorkerRpcError {
  return new WorkerRpcError("MalformedAnswer", `Cannot read the worker's answer: ${what}`);
}

/** What pushes are matched by: method and the exact text of the subscription. */
export function subscriptionKey(method: string, subscription: string): string {
  return `${method}::${subscription}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
