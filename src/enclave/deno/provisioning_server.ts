/**
 * The provisioning endpoint: mutually authenticated TLS ends here, inside the enclave's worker. Self-signed certificates
 * are taken on both sides; what they are worth is judged by the protocol.
 *
 * Source: worker `enclave-runtime/src/tls_ra/tls_ra_server.rs` (839eda024)
 * Differs: TLS 1.3 only
 *
 * @module
 */
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { ProvisioningServerOptions } from "../provisioning/provisioning_port.ts";
import type { RunningServer } from "../server_port.ts";
import { secureChannel } from "./tls_channel.ts";

/** Connections at a time: a shard has at most ten validateers, and each connection may hold a state in memory. */
export const MAX_PROVISIONING_CONNECTIONS = 8;
/** Longest TLS handshake in ms. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Listens until `stop`. @throws {Error} If the address cannot be listened on. */
export async function startProvisioningServer(options: ProvisioningServerOptions): Promise<RunningServer> {
  const { hostname, port, certificate, serve } = options;
  const sockets = new Set<TLSSocket>();
  const server = createServer({
    cert: certificate.certPem,
    key: certificate.keyPem,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  }, (socket) => {
    // A broken connection is an everyday event; `close` follows.
    socket.on("error", () => {});
    if (sockets.size >= MAX_PROVISIONING_CONNECTIONS) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    try {
      serve(secureChannel(socket, "server", certificate.der)).finally(() => socket.destroySoon());
    } catch {
      socket.destroy();
    }
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.size,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
