/**
 * Nodes, clients and requests for the tests of the development parentchain: real sockets throughout.
 *
 * @module
 */
import { ApiPromise, WsProvider } from "@polkadot/api";
import type { ApiOptions, SubmittableExtrinsic } from "@polkadot/api/types";
import { Keyring } from "@polkadot/keyring";
import type { ISubmittableResult } from "@polkadot/types/types";
import { cryptoWaitReady } from "@polkadot/util-crypto";

/** Block time of test nodes: short, and long enough for two busy cores. */
export const TEST_BLOCK_TIME_MS = 400;

/** Longest wait for something that takes a few blocks, or for the start of several processes at once, on a busy machine. */
const WAIT_TIMEOUT_MS = 90_000;

/** For `vi.setConfig()` in files whose tests wait several times: what was waited for is named before a test ends. */
export const PATIENCE = { testTimeout: 300_000, hookTimeout: 300_000 };

/** Connects an unmodified `@polkadot/api`. */
export async function connectApi(url: string): Promise<ApiPromise> {
  await cryptoWaitReady();
  // The cast is for `exactOptionalPropertyTypes`, which the library is not written for.
  const provider = new WsProvider(url, 500) as unknown as NonNullable<ApiOptions["provider"]>;
  return await ApiPromise.create({ provider, noInitWarn: true, throwOnConnect: true });
}

/** Development accounts as `@polkadot/keyring` derives them. */
export async function devKeyring(): Promise<Keyring> {
  await cryptoWaitReady();
  return new Keyring({ type: "sr25519" });
}

/** Answer of a JSON-RPC request. */
export interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Sends one JSON-RPC request by HTTP POST. */
export async function post(url: string, method: string, ...params: readonly unknown[]): Promise<RpcAnswer> {
  return await postText(url, JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })) as RpcAnswer;
}

/** Sends any text by HTTP POST. */
export async function postText(url: string, text: string): Promise<unknown> {
  const response = await fetch(url.replace("ws://", "http://"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: text,
  });
  return await response.json();
}

/** The result of a request that must succeed. */
export async function ask<T>(url: string, method: string, ...params: readonly unknown[]): Promise<T> {
  const { result, error } = await post(url, method, ...params);
  if (error !== undefined) throw new Error(`${method}: ${error.code} ${error.message} ${String(error.data ?? "")}`);
  return result as T;
}

/** Signs, sends and waits until the extrinsic is final; gives back the words of all statuses. */
export async function sendAndWatch(
  extrinsic: SubmittableExtrinsic<"promise">,
  signer: Parameters<typeof extrinsic.signAndSend>[0],
): Promise<{ readonly statuses: readonly string[]; readonly result: ISubmittableResult }> {
  const statuses: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<ISubmittableResult>();
  const timer = setTimeout(() => reject(new Error(`not final after ${statuses.join(", ")}`)), WAIT_TIMEOUT_MS);
  const unsubscribe = await extrinsic.signAndSend(signer, (update) => {
    statuses.push(update.status.type);
    if (update.isFinalized) resolve(update);
    else if (update.isError) reject(new Error(`ended with ${update.status.type}`));
  });
  try {
    return { statuses, result: await promise };
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}

/** Waits until a condition holds. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + WAIT_TIMEOUT_MS;
  while (!await isTrue()) {
    if (performance.now() > end) throw new Error(`Timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** A WebSocket that speaks JSON-RPC and keeps all notifications. */
export class RawClient {
  readonly notifications: { readonly method: string; readonly subscription: string; readonly result: unknown }[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: RpcAnswer) => void>();
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data));
      if (message.id !== undefined) {
        this.#waiting.get(message.id)?.(message);
        this.#waiting.delete(message.id);
      } else {
        this.notifications.push({
          method: message.method,
          subscription: message.params.subscription,
          result: message.params.result,
        });
      }
    };
  }

  /** Connects. */
  static async connect(url: string): Promise<RawClient> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new RawClient(socket);
  }

  /** Sends a request and waits for its answer. */
  request(method: string, ...params: readonly unknown[]): Promise<RpcAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  /** Results of the notifications of one subscription. */
  resultsOf(subscription: unknown): unknown[] {
    return this.notifications.filter((one) => one.subscription === subscription).map(({ result }) => result);
  }

  /** Closes the socket. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.close();
    await closed;
  }
}
