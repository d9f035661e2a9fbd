/**
 * The provisioning endpoint: mutually authenticated TLS ends here, inside the enclave's worker. Self-signed certificates
 * are taken on both sides; what they are worth is judged by the protocol. Connections count and are timed from their
 * acceptance on, not from their handshake.
 *
 * Source: worker `enclave-runtime/src/tls_ra/tls_ra_server.rs` (839eda024)
 * Differs: TLS 1.3 only
 *
 * @module
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import type { ProvisioningServerOptions } from "../provisioning/provisioning_port.ts";
import type { RunningServer } from "../server_port.ts";
import { ChannelDeadline } from "./channel_deadline.ts";
import { PEER_TIMEOUTS, type PeerTimeouts } from "./peer_timeouts.ts";
import { ProvisioningPlaces } from "./provisioning_places.ts";
import { type ChannelParts, secureChannel } from "./tls_channel.ts";

/** Listens until `stop`. @throws {Error} If the address cannot be listened on. */
export async function startProvisioningServer(
  options: ProvisioningServerOptions,
  timeouts: PeerTimeouts = PEER_TIMEOUTS,
): Promise<RunningServer> {
  const { hostname, port, certificate } = options;
  const secureContext = createSecureContext({
    cert: certificate.certPem,
    key: certificate.keyPem,
    minVersion: "TLSv1.3",
  });
  const places = new ProvisioningPlaces();
  const server = createServer((socket) => {
    // A broken connection is an everyday event; `close` follows.
    socket.on("error", () => {});
    if (!places.take(socket)) return;
    const late = setTimeout(() => socket.destroy(), timeouts.handshakeMs);
    const deadline = new ChannelDeadline(timeouts.evidenceMs);
    deadline.onLate = () => socket.destroy();
    socket.once("close", () => {
      clearTimeout(late);
      deadline.stop();
    });
    const tls = new TLSSocket(socket, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false });
    tls.on("error", () => {});
    tls.once("secure", () => {
      clearTimeout(late);
      serveSecure(tls, socket, options, { deadline, onVerified: () => places.markVerified(socket) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => places.taken,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        places.clear();
      }),
  };
}

function serveSecure(
  tls: TLSSocket,
  socket: Socket,
  { certificate, serve }: ProvisioningServerOptions,
  parts: Pick<ChannelParts, "deadline" | "onVerified">,
): void {
  // Who asks sends a megabyte of evidence at most, and all of it is read: more is not slowed down but cut off.
  const valve = { shut: () => void socket.destroy(), open: () => {} };
  try {
    const channel = secureChannel(tls, { ...parts, role: "server", ownCertificate: certificate.der, valve });
    serve(channel).finally(() => tls.destroySoon());
  } catch {
    socket.destroy();
  }
}
