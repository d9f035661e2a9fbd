/**
 * Subscriptions of both styles: Substrate's (`params.subscription` is an id drawn by the server) and the worker's
 * status push (`params.subscription` is the bare hash that was the first answer, `id` is always 1).
 *
 * Source: worker `core-primitives/rpc/src/lib.rs#RpcSubscriptionUpdate` (839eda024)
 *
 * @module
 */
import type { RpcError } from "./rpc_error.ts";

/** How notifications of a subscription are written. */
export type SubscriptionStyle =
  /** Substrate: `method` names the notification. */
  | { readonly type: "substrate"; readonly method: string }
  /** The worker: `method` is that of the request, and `error` and `id` are part of it. */
  | { readonly type: "worker"; readonly method: string };

/** An open subscription of one connection. */
export interface Subscription {
  /** Its id on the wire, unique on its connection. */
  readonly id: string;
  /** Sends a result; nothing happens once it is closed. */
  readonly notify: (result: unknown) => void;
  /** Sends an error; Substrate style has `params.error` in place of `params.result`. */
  readonly fail: (error: RpcError) => void;
  /** Ends it from the side of the server; `onClose` is not called. */
  readonly close: () => void;
  /** Whether it has ended. */
  readonly closed: () => boolean;
  /** Called once if the client ends it or its connection ends. */
  onClose: (() => void) | undefined;
}

/** Text of a notification with a result. */
export function notificationText(style: SubscriptionStyle, id: string, result: unknown): string {
  const method = JSON.stringify(style.method);
  const value = JSON.stringify(result ?? null);
  const name = JSON.stringify(id);
  return style.type === "substrate"
    ? `{"jsonrpc":"2.0","method":${method},"params":{"subscription":${name},"result":${value}}}`
    : `{"jsonrpc":"2.0","id":1,"method":${method},"params":{"error":null,"result":${value},"subscription":${name}}}`;
}

/** Text of a notification with an error. */
export function failureText(style: SubscriptionStyle, id: string, error: RpcError): string {
  const method = JSON.stringify(style.method);
  const name = JSON.stringify(id);
  if (style.type === "substrate") {
    const value = JSON.stringify(error.toObject());
    return `{"jsonrpc":"2.0","method":${method},"params":{"subscription":${name},"error":${value}}}`;
  }
  const value = JSON.stringify(error.message);
  return `{"jsonrpc":"2.0","id":1,"method":${method},"params":{"error":${value},"result":"0x","subscription":${name}}}`;
}
