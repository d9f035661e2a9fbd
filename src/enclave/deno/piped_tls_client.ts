/**
 * The requester's end of mutually authenticated TLS: the enclave cannot dial, so the host has opened a connection and pipes
 * its bytes through a message port; TLS is spoken here.
 *
 * Source: worker `enclave-runtime/src/tls_ra/tls_ra_client.rs` (839eda024)
 * Differs: TLS 1.3 instead of 1.2; no server name is sent
 *
 * @module
 */
import { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { CreditedPipe, type PipePort } from "../../transport/credited_pipe.ts";
import { type SecureChannel, StreamError } from "../provisioning/secure_channel.ts";
import type { TlsCertificate } from "../tls_certificate.ts";
import { ChannelDeadline } from "./channel_deadline.ts";
import { PEER_TIMEOUTS, type PeerTimeouts } from "./peer_timeouts.ts";
import { secureChannel, type Valve } from "./tls_channel.ts";

/** Speaks TLS through a pipe. @throws {StreamError} If the handshake fails or takes too long. */
export function connectPiped(
  port: PipePort,
  certificate: TlsCertificate,
  timeouts: PeerTimeouts = PEER_TIMEOUTS,
): Promise<SecureChannel> {
  return new Promise((resolve, reject) => {
    const pipe = new CreditedPipe(port);
    const gate = new Gate();
    const deadline = new ChannelDeadline(timeouts.evidenceMs);
    const socket: TLSSocket = connect({
      socket: duplexOver(pipe, gate),
      cert: certificate.certPem,
      key: certificate.keyPem,
      // Self-signed on purpose: the protocol judges the certificate.
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
    }, () => {
      clearTimeout(late);
      try {
        resolve(secureChannel(socket, { role: "client", ownCertificate: certificate.der, valve: gate, deadline }));
      } catch (error) {
        fail(error);
      }
    });
    const fail = (cause: unknown) => {
      clearTimeout(late);
      deadline.stop();
      reject(cause instanceof StreamError ? cause : new StreamError("ConnectionBroken", cause));
      socket.destroy();
      pipe.close();
    };
    const late = setTimeout(() => fail(new StreamError("ConnectionTimedOut")), timeouts.handshakeMs);
    socket.once("error", fail);
    socket.once("close", () => {
      fail(new StreamError("ConnectionBroken"));
    });
  });
}

/** Holds the pipe back while it is shut. */
class Gate implements Valve {
  #opened: PromiseWithResolvers<void> | undefined;

  readonly shut = (): void => void (this.#opened ??= Promise.withResolvers());

  readonly open = (): void => {
    this.#opened?.resolve();
    this.#opened = undefined;
  };

  /** Resolves when it is open. */
  async passed(): Promise<void> {
    await this.#opened?.promise;
  }
}

function duplexOver(pipe: CreditedPipe, gate: Gate): Duplex {
  const duplex = new Duplex({
    read: () => {
      gate.passed().then(() => pipe.read()).then(
        (bytes) => duplex.push(bytes ?? null),
        (error) => duplex.destroy(error),
      );
    },
    write: (chunk: Uint8Array, _encoding, done) => {
      pipe.write(new Uint8Array(chunk)).then(() => done(), done);
    },
    final: (done) => {
      pipe.end();
      done();
    },
    destroy: (error, done) => {
      gate.open();
      pipe.close();
      done(error);
    },
  });
  return duplex;
}
