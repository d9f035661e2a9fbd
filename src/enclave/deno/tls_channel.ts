/**
 * A TLS socket as the provisioning protocol takes it.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";
import {
  type ByteStream,
  CHANNEL_BINDING_LENGTH,
  type SecureChannel,
  StreamError,
} from "../provisioning/secure_channel.ts";
import type { ChannelDeadline } from "./channel_deadline.ts";
import { concatBytes } from "../../primitives/bytes.ts";

/** Longest silence of a peer, in ms: making a quote and checking one takes less than a second, a state's root some more. */
export const PROVISIONING_IDLE_TIMEOUT_MS = 60_000;
/** Received bytes that wait to be read before the peer is slowed down: a few chunks of a state. */
export const UNREAD_HIGH_BYTES: number = 4 * 1024 * 1024;
/** Received bytes that wait to be read at most: who sends on although it was slowed down is cut off. */
export const MAX_UNREAD_BYTES: number = 4 * UNREAD_HIGH_BYTES;

/** Which end a socket is. */
export type TlsRole = "client" | "server";

/** Where a slow reader slows the sender, or ends it; a TLS socket that is paused gathers bytes by itself, in Deno. */
export interface Valve {
  readonly shut: () => void;
  readonly open: () => void;
}

/** What a channel is made of besides its socket. */
export interface ChannelParts {
  readonly role: TlsRole;
  /** DER. */
  readonly ownCertificate: Uint8Array;
  readonly valve: Valve;
  /** Of this connection. */
  readonly deadline: ChannelDeadline;
  /** Called when the peer has proven what it is. */
  readonly onVerified?: () => void;
}

/** The channel of a socket whose handshake is done. @throws {StreamError} If the session cannot be told from others. */
export function secureChannel(socket: TLSSocket, parts: ChannelParts): SecureChannel {
  const { role, ownCertificate, valve, deadline, onVerified } = parts;
  const raw = socket.getPeerCertificate(true)?.raw as Uint8Array | undefined;
  return {
    stream: byteStream(socket, valve, deadline),
    ownCertificate,
    peerCertificate: raw === undefined ? undefined : new Uint8Array(raw),
    binding: bindingOf(socket, role),
    verified: () => {
      deadline.verified();
      onVerified?.();
    },
  };
}

/** What only the two ends of this session know: in Deno, exporter values of both directions. */
function bindingOf(socket: TLSSocket, role: TlsRole): Uint8Array {
  const [own, peer] = [socket.getFinished(), socket.getPeerFinished()];
  if (own === undefined || peer === undefined || socket.getProtocol() !== "TLSv1.3") {
    throw new StreamError("ConnectionBroken");
  }
  const [client, server] = role === "client" ? [own, peer] : [peer, own];
  const binding = concatBytes(new Uint8Array(client), new Uint8Array(server));
  if (binding.length !== CHANNEL_BINDING_LENGTH) throw new StreamError("ConnectionBroken");
  return binding;
}

function byteStream(socket: TLSSocket, valve: Valve, deadline: ChannelDeadline): ByteStream {
  const inbox: Uint8Array[] = [];
  let unread = 0;
  let state: StreamError | "open" | "ended" = "open";
  let waiting: PromiseWithResolvers<void> | undefined;
  const wake = () => {
    waiting?.resolve();
    waiting = undefined;
  };
  const end = (next: StreamError | "ended") => {
    if (state === "open") state = next;
    wake();
  };
  const late = () => {
    end(new StreamError("ConnectionTimedOut"));
    socket.destroy();
  };
  socket.setTimeout(PROVISIONING_IDLE_TIMEOUT_MS, late);
  deadline.onLate = late;
  socket.on("data", (chunk: Uint8Array) => {
    inbox.push(new Uint8Array(chunk));
    unread += chunk.length;
    deadline.moved(chunk.length);
    if (unread > UNREAD_HIGH_BYTES) valve.shut();
    if (unread > MAX_UNREAD_BYTES) {
      end(new StreamError("ConnectionBroken"));
      socket.destroy();
    }
    wake();
  });
  socket.on("end", () => end("ended"));
  socket.on("error", (cause: Error) => end(new StreamError("ConnectionBroken", cause)));
  socket.on("close", () => {
    deadline.stop();
    end(new StreamError("ConnectionBroken"));
  });
  return {
    read: async () => {
      while (inbox.length === 0 && state === "open") {
        waiting ??= Promise.withResolvers();
        await waiting.promise;
      }
      const next = inbox.shift();
      if (next === undefined) {
        if (state === "ended") return undefined;
        throw state;
      }
      unread -= next.length;
      if (unread <= UNREAD_HIGH_BYTES / 2) valve.open();
      return next;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (state !== "open") return reject(state === "ended" ? new StreamError("ConnectionBroken") : state);
        socket.write(bytes, (error) => {
          if (error !== undefined && error !== null) return reject(new StreamError("ConnectionBroken", error));
          deadline.moved(bytes.length);
          resolve();
        });
      }),
    close: () =>
      new Promise((resolve) => {
        if (socket.destroyed) return resolve();
        socket.once("close", () => resolve());
        socket.end(() => socket.destroySoon());
      }),
  };
}
