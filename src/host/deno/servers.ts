/**
 * Listening sockets of the host: plain HTTP, and JSON-RPC over plain WebSocket.
 *
 * @module
 */
import type { RpcRouter } from "../../transport/router.ts";
import { ServedSockets } from "../../transport/served_sockets.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /** Ends it; open connections are closed. */
  readonly stop: () => Promise<void>;
}

/** Connections of the untrusted RPC: peers that catch up, a handful each. */
export const MAX_UNTRUSTED_CONNECTIONS = 256;
/** Seconds without a sign of life after which a connection is closed. */
const IDLE_TIMEOUT_SECONDS = 120;

/** The port is taken or may not be listened on. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code = "AddressUnavailable";
}

/** Serves HTTP. @throws {ListenError} */
export function serveHttp(
  hostname: string,
  port: number,
  handler: (request: Request) => Response | Promise<Response>,
): RunningServer {
  const controller = new AbortController();
  try {
    const server = Deno.serve({ hostname, port, signal: controller.signal, onListen: () => {} }, handler);
    return {
      port: server.addr.port,
      stop: async () => {
        controller.abort();
        await server.finished;
      },
    };
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ListenError(`Cannot listen on ${hostname}:${port}: ${reason}`, { cause });
  }
}

/** Serves JSON-RPC over WebSocket; plain requests are told to upgrade. @throws {ListenError} */
export function serveRpc<Context>(
  hostname: string,
  port: number,
  router: RpcRouter<Context>,
  context: Context,
): RunningServer {
  const sockets = new ServedSockets({ router, context, nowMs: () => Date.now(), max: MAX_UNTRUSTED_CONNECTIONS });
  const server = serveHttp(hostname, port, (request) => {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("This is a WebSocket endpoint.\n", { status: 426, headers: { upgrade: "websocket" } });
    }
    if (sockets.isFull) return new Response("Too many connections.\n", { status: 503 });
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT_SECONDS });
    sockets.serve(socket);
    return response;
  });
  return {
    port: server.port,
    stop: async () => {
      sockets.stop("server stops");
      await server.stop();
    },
  };
}
