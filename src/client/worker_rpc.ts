/**
 * JSON-RPC 2.0 over a text socket as the worker speaks it: answers matched by id, status pushes by the exact text of
 * the subscription, which is the bare hash of the first answer.
 *
 * Source: worker `core-primitives/rpc/src/lib.rs#RpcSubscriptionUpdate` (839eda024)
 *
 * @module
 */
import type { OpenSocket, Timer, WorkerSocket } from "./ports.ts";
import { malformed, parseMessage, subscriptionKey, type SubscriptionUpdate, type WorkerPush } from "./rpc_message.ts";
import { WorkerRpcError } from "./worker_rpc_error.ts";

/** How long an answer may take; the time the JavaScript client of the worker waits. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** Requests in flight on one connection; a client that has more lost its worker. */
export const MAX_PENDING_REQUESTS = 4_096;
/** Pushes kept for a subscription whose answer is still to come; one call gets one or two. */
export const MAX_EARLY_PUSHES = 1_024;
/** Longest frame read, in UTF-16 units: metadata of the runtime in hexadecimal is the largest answer. */
export const MAX_FRAME_LENGTH = 8 * 1024 * 1024;

/** Hears what happens to a subscription. */
export interface SubscriptionListener {
  /** Called with each push, in order; early ones right after the first answer. */
  readonly onUpdate: (update: SubscriptionUpdate) => void;
  /** Called when the connection ended while the subscription was open. */
  readonly onClosed: (error: WorkerRpcError) => void;
}

/** A subscription that was answered. */
export interface Subscription {
  /** The result of the first answer, the text that pushes are matched by. */
  readonly answer: string;
  /** Stops listening; sends nothing, the protocol has no message for it. */
  readonly stop: () => void;
}

/** A connection to a worker. */
export interface WorkerRpc {
  /** Sends a request and resolves with its result. @throws {WorkerRpcError} */
  readonly request: (method: string, params?: readonly unknown[]) => Promise<unknown>;
  /** Sends a request whose result names a subscription. @throws {WorkerRpcError} */
  readonly subscribe: (
    method: string,
    params: readonly unknown[],
    listener: SubscriptionListener,
  ) => Promise<Subscription>;
  /** Ends the connection; what is pending fails with `ConnectionClosed`. */
  readonly close: () => void;
}

/** Settings of a connection. */
export interface WorkerRpcOptions {
  /** Time one answer may take, in milliseconds. Default {@linkcode REQUEST_TIMEOUT_MS}. */
  readonly requestTimeoutMs?: number;
}

/** Opens a connection. @throws {WorkerRpcError} `ConnectFailed` if the socket does not open. */
export async function connectWorkerRpc(
  open: OpenSocket,
  timer: Timer,
  options: WorkerRpcOptions = {},
): Promise<WorkerRpc> {
  const connection = new Connection(timer, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
  try {
    connection.socket = await open({
      onText: (text) => connection.onText(text),
      onClosed: (reason) => connection.end(reason),
    });
  } catch (cause) {
    throw new WorkerRpcError("ConnectFailed", "Cannot connect to the worker", { cause });
  }
  return {
    request: (method, params = []) => connection.request(method, params),
    subscribe: (method, params, listener) => connection.subscribe(method, params, listener),
    close: () => connection.close(),
  };
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: WorkerRpcError) => void;
  readonly cancelTimeout: () => void;
}

class Connection {
  socket: WorkerSocket | undefined;
  readonly #timer: Timer;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  readonly #subscriptions = new Map<string, SubscriptionListener>();
  #early: WorkerPush[] = [];
  #watchesAwaited = 0;
  #nextId = 1;
  #closed: string | undefined;

  constructor(timer: Timer, timeoutMs: number) {
    this.#timer = timer;
    this.#timeoutMs = timeoutMs;
  }

  request(method: string, params: readonly unknown[]): Promise<unknown> {
    return this.#send(method, params, () => {});
  }

  async subscribe(method: string, params: readonly unknown[], listener: SubscriptionListener): Promise<Subscription> {
    this.#watchesAwaited += 1;
    try {
      const answer = await this.#send(method, params, (result) => {
        if (typeof result === "string") this.#openSubscription(subscriptionKey(method, result), listener);
      });
      if (typeof answer !== "string") throw malformed(`"${method}" did not answer with a text`);
      const key = subscriptionKey(method, answer);
      return {
        answer,
        stop: () => {
          if (this.#subscriptions.get(key) === listener) this.#subscriptions.delete(key);
        },
      };
    } finally {
      this.#watchesAwaited -= 1;
      if (this.#watchesAwaited === 0) this.#early = [];
    }
  }

  close(): void {
    this.socket?.close();
    this.end("closed by the client");
  }

  end(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    const error = new WorkerRpcError("ConnectionClosed", `Connection to the worker ended: ${reason}`);
    for (const pending of this.#pending.values()) {
      pending.cancelTimeout();
      pending.reject(error);
    }
    this.#pending.clear();
    const listeners = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    for (const listener of listeners) listener.onClosed(error);
  }

  onText(text: string): void {
    if (text.length > MAX_FRAME_LENGTH) return this.#fail("a frame is longer than any answer");
    const message = parseMessage(text);
    if (message === undefined) return this.#fail("a frame is not a JSON-RPC message");
    if ("push" in message) return this.#onPush(message.push);
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    pending.cancelTimeout();
    if ("error" in message) pending.reject(message.error);
    else pending.resolve(message.result);
  }

  #send(
    method: string,
    params: readonly unknown[],
    onResult: (result: unknown) => void,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined || this.socket === undefined) {
        return reject(new WorkerRpcError("ConnectionClosed", `Cannot send "${method}": the connection is closed`));
      }
      if (this.#pending.size >= MAX_PENDING_REQUESTS) {
        return reject(
          new WorkerRpcError("TooManyRequests", `Cannot send "${method}": ${this.#pending.size} requests wait`),
        );
      }
      const id = this.#nextId++;
      const cancelTimeout = this.#timer.after(this.#timeoutMs, () => {
        this.#pending.delete(id);
        reject(new WorkerRpcError("RequestTimeout", `No answer to "${method}" within ${this.#timeoutMs} ms`));
      });
      const settle = (result: unknown): void => {
        onResult(result);
        resolve(result);
      };
      this.#pending.set(id, { resolve: settle, reject, cancelTimeout });
      try {
        this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
      } catch (cause) {
        this.#pending.delete(id);
        cancelTimeout();
        reject(new WorkerRpcError("ConnectionClosed", `Cannot send "${method}"`, { cause }));
      }
    });
  }

  /** Runs in the same turn as the answer, so that no push falls between answer and subscription. */
  #openSubscription(key: string, listener: SubscriptionListener): void {
    this.#subscriptions.set(key, listener);
    const mine = this.#early.filter((push) => push.key === key);
    this.#early = this.#early.filter((push) => push.key !== key);
    for (const push of mine) listener.onUpdate(push.update);
  }

  #onPush(push: WorkerPush): void {
    const listener = this.#subscriptions.get(push.key);
    if (listener !== undefined) return listener.onUpdate(push.update);
    if (this.#watchesAwaited === 0) return;
    this.#early.push(push);
    if (this.#early.length > MAX_EARLY_PUSHES) this.#early.shift();
  }

  #fail(reason: string): void {
    this.socket?.close();
    this.end(reason);
  }
}
