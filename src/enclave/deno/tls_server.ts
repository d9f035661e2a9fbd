/**
 * The trusted endpoint: TLS and WebSocket end here, inside the enclave's worker.
 *
 * Source: worker `core/tls-websocket-server/src/*.rs` (839eda024): text frames only, no client authentication
 *
 * @module
 */
import { RpcConnection, type RpcSocket } from "../../transport/connection.ts";
import type { RunningServer, ServerOptions } from "../server_port.ts";

/** Open connections of all clients: 10,000 idle ones and 1,000 at work, and some to spare. */
export const MAX_CONNECTIONS = 12_000;
/** Seconds after which a silent client is pinged, and after as many more dropped. */
const IDLE_TIMEOUT_SECONDS = 60;
/** WebSocket close code of a server that ends. */
const CLOSE_GOING_AWAY = 1001;

/** Serves until `stop`. @throws {Deno.errors.AddrInUse} If the address is taken. */
export function startTlsServer(options: ServerOptions, nowMs: () => number): RunningServer {
  const sockets = new Set<WebSocket>();
  const handler = (request: Request): Response => {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("WebSocket only\n", { status: 426, headers: { upgrade: "websocket" } });
    }
    if (sockets.size >= MAX_CONNECTIONS) return new Response("Too many connections\n", { status: 503 });
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT_SECONDS });
    serve(socket, sockets, options, nowMs);
    return response;
  };
  const server = Deno.serve({
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
      for (const socket of sockets) socket.close(CLOSE_GOING_AWAY, "enclave stops");
      await server.shutdown();
    },
  };
}

function serve(socket: WebSocket, sockets: Set<WebSocket>, options: ServerOptions, nowMs: () => number): void {
  sockets.add(socket);
  const connection = new RpcConnection(options.router, socketPort(socket), options.service, nowMs());
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") void connection.receive(data, nowMs());
  };
  const end = () => {
    sockets.delete(socket);
    connection.end();
  };
  socket.onclose = end;
  // A broken connection is an everyday event; `close` follows.
  socket.onerror = (event) => event.preventDefault();
}

function socketPort(socket: WebSocket): RpcSocket {
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: (code, reason) => socket.close(code, reason),
    bufferedAmount: () => socket.bufferedAmount,
  };
}
