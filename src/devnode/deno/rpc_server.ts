/**
 * JSON-RPC over WebSocket and HTTP POST on one port.
 *
 * @module
 */
import { errorText } from "../../transport/message.ts";
import type { RpcRouter } from "../../transport/router.ts";
import { INVALID_REQUEST, RpcError } from "../../transport/rpc_error.ts";
import { ServedSockets } from "../../transport/served_sockets.ts";
import { DevnodeError } from "./devnode_error.ts";

/** Longest request in bytes; Substrate's default. The longest extrinsic is 10 MiB in hexadecimal. */
export const MAX_REQUEST_BYTES = 15 * 1024 * 1024;
/** Most open WebSockets; ten times Substrate's default, since load tests run against this node. */
export const MAX_RPC_CONNECTIONS = 1000;
/** Most HTTP requests being answered. */
export const MAX_HTTP_REQUESTS = 256;
/** Open subscriptions of one WebSocket; Substrate's default. */
export const MAX_RPC_SUBSCRIPTIONS = 1024;
/**
 * Tokens of a WebSocket's requests: ten times those of a validateer, since everybody here is a developer; it keeps a
 * client that runs wild from starving the others.
 */
export const RPC_RATE = { burst: 20_000, perSecond: 20_000 };
/** Longest wait for open answers when the server stops. */
const STOP_TIMEOUT_MS = 500;

/** Numbers about the server. */
export interface RpcServerCounts {
  readonly opened: number;
  readonly closed: number;
  readonly requests: number;
}

/** A server that listens. */
export interface RpcServer {
  readonly port: number;
  readonly counts: RpcServerCounts;
  readonly stop: () => Promise<void>;
}

/** Where to listen. */
export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
}

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "POST, GET, OPTIONS",
  "access-control-allow-headers": "content-type",
};
const JSON_HEADERS = { "content-type": "application/json; charset=utf-8", ...CORS };

/** What `GET /health` answers. */
export interface RpcHealth {
  readonly peers: number;
  readonly isSyncing: boolean;
  readonly shouldHavePeers: boolean;
}

/** Listens. @throws {DevnodeError} `AddressInUse` or `ListenFailed`. */
export function startRpcServer(
  router: RpcRouter<undefined>,
  listen: ListenOptions,
  nowMs: () => number,
  health: () => RpcHealth,
): RpcServer {
  const sockets = new ServedSockets({
    ...{ router, context: undefined, nowMs, max: MAX_RPC_CONNECTIONS, readBinary: decodeText },
    limits: { subscriptions: MAX_RPC_SUBSCRIPTIONS, rate: RPC_RATE },
  });
  let httpRequests = 0;
  let posts = 0;

  const answerPost = async (request: Request): Promise<Response> => {
    if (httpRequests >= MAX_HTTP_REQUESTS) return new Response("Too many requests", { status: 503, headers: CORS });
    httpRequests++;
    try {
      const text = await readBounded(request);
      if (text === undefined) {
        const error = errorText(null, new RpcError(INVALID_REQUEST, "Request too large"));
        return new Response(error, { status: 413, headers: JSON_HEADERS });
      }
      posts++;
      const answer = await router.answerFrame(text, undefined);
      return new Response(answer ?? null, { status: answer === undefined ? 204 : 200, headers: JSON_HEADERS });
    } finally {
      httpRequests--;
    }
  };

  const upgrade = (request: Request): Response => {
    if (sockets.isFull) return new Response("Too many connections", { status: 503 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.serve(socket);
    return response;
  };

  const server = listenOn(listen, (request) => {
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") return upgrade(request);
    if (request.method === "POST") return answerPost(request);
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: CORS });
    if (request.method === "GET" && new URL(request.url).pathname === "/health") {
      return new Response(JSON.stringify(health()), { headers: JSON_HEADERS });
    }
    return new Response("Used HTTP Method is not allowed. POST or OPTIONS is required", { status: 405, headers: CORS });
  });
  return {
    port: server.addr.port,
    get counts() {
      const { opened, closed, messages } = sockets.counts;
      return { opened, closed, requests: posts + messages };
    },
    stop: async () => {
      sockets.stop("the node stops");
      await stopServer(server);
    },
  };
}

/** Listens with errors in words. @throws {DevnodeError} `AddressInUse` or `ListenFailed`. */
export function listenOn(
  { hostname, port }: ListenOptions,
  handler: (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, handler);
  } catch (cause) {
    const code = cause instanceof Deno.errors.AddrInUse ? "AddressInUse" : "ListenFailed";
    const reason = code === "AddressInUse" ? ": another program uses the port" : "";
    throw new DevnodeError(code, `Cannot listen on ${hostname}:${port}${reason}`, { cause });
  }
}

/** Ends a server: open answers have {@linkcode STOP_TIMEOUT_MS}. */
export async function stopServer(server: Deno.HttpServer<Deno.NetAddr>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, STOP_TIMEOUT_MS);
  });
  await Promise.race([server.shutdown(), timeout]);
  clearTimeout(timer);
}

function decodeText(data: unknown): string | undefined {
  if (!(data instanceof ArrayBuffer)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    return undefined;
  }
}

async function readBounded(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_REQUEST_BYTES) return undefined;
  if (request.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > MAX_REQUEST_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
