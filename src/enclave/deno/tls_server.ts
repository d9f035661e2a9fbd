/**
 * The trusted endpoint: TLS and WebSocket end here, inside the enclave's worker.
 *
 * Source: worker `core/tls-websocket-server/src/*.rs` (839eda024): text frames only, no client authentication
 *
 * @module
 */
import { ServedSockets } from "../../transport/served_sockets.ts";
import type { RunningServer, ServerOptions } from "../server_port.ts";

/** Open connections of all clients: 10,000 idle ones and 1,000 at work, and some to spare. */
export const MAX_CONNECTIONS = 12_000;
/** Seconds after which a silent client is pinged, and after as many more dropped. */
const IDLE_TIMEOUT_SECONDS = 60;

/** Serves until `stop`. @throws {Deno.errors.AddrInUse} If the address is taken. */
export function startTlsServer(options: ServerOptions, nowMs: () => number): RunningServer {
  const { router, service: context } = options;
  const sockets = new ServedSockets({ router, context, nowMs, max: MAX_CONNECTIONS });
  const handler = (request: Request): Response => {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("WebSocket only\n", { status: 426, headers: { upgrade: "websocket" } });
    }
    if (sockets.isFull) return new Response("Too many connections\n", { status: 503 });
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT_SECONDS });
    sockets.serve(socket);
    return response;
  };
  const controller = new AbortController();
  const server = Deno.serve({
    signal: controller.signal,
    hostname: options.hostname,
    port: options.port,
    cert: options.certificate.certPem,
    key: options.certificate.keyPem,
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, handler);
  return {
    port: server.addr.port,
    connections: () => sockets.size,
    stop: async () => {
      sockets.stop("enclave stops");
      // Not `shutdown()`, which waits for ever for an upgrade that its client has reset.
      controller.abort();
      await server.finished;
    },
  };
}
