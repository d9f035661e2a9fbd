/**
 * WebSockets to a worker whose certificate is self-signed: the certificate is fetched first, then the connection is
 * pinned to it. Whether the certificate is the enclave's is a question for the evidence.
 *
 * @module
 */
import { isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import type { OpenSocket, SocketListener, Timer, WorkerSocket } from "../../client/ports.ts";
import { CliError } from "./cli_error.ts";

/** How long a worker may take to complete a handshake. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Address of a worker's trusted endpoint. */
export interface WorkerAddress {
  /** Host name or IP address. */
  readonly host: string;
  /** TCP port. */
  readonly port: number;
}

/** The timer of this process. */
export const processTimer: Timer = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Host and port of a worker's URL. @throws {CliError} `Usage` */
export function workerAddress(url: string, port: number): WorkerAddress {
  let parsed: URL;
  try {
    parsed = new URL(`${url}:${port}`);
  } catch (cause) {
    throw new CliError("Usage", `Cannot read worker URL "${url}": want wss://HOST`, { cause });
  }
  if (parsed.protocol !== "wss:" || parsed.username !== "" || parsed.pathname !== "/") {
    throw new CliError("Usage", `Cannot read worker URL "${url}": want wss://HOST`);
  }
  return { host: parsed.hostname.replace(/^\[|\]$/gu, ""), port };
}

/** The certificate that a server shows, DER. Nothing else is sent or believed. @throws {CliError} `Worker` */
export function fetchCertificate({ host, port }: WorkerAddress): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      socket.destroy();
      reject(new CliError("Worker", `Cannot reach the worker at "${host}:${port}"`, { cause }));
    };
    // TLS has no server names for IP addresses.
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connectTls({ host, port, ...name, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate(true);
      socket.destroy();
      resolve(new Uint8Array(raw));
    });
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => fail(new Error("the handshake takes too long")));
    socket.on("error", fail);
  });
}

/** Opens WebSockets to a server that must show exactly this certificate. */
export function pinnedSocket(address: WorkerAddress, certificate: Uint8Array): OpenSocket {
  return (listener) => {
    const host = address.host.includes(":") ? `[${address.host}]` : address.host;
    const client = Deno.createHttpClient({ caCerts: [toPem(certificate)] });
    return openWebSocket(new WebSocket(`wss://${host}:${address.port}`, { client }), listener, () => client.close());
  };
}

/** Ties a WebSocket to a listener; resolves when it is open. */
export function openWebSocket(
  socket: WebSocket,
  listener: SocketListener,
  onEnd: () => void = () => {},
): Promise<WorkerSocket> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error("the handshake takes too long"));
      socket.close();
    }, HANDSHAKE_TIMEOUT_MS);
    let reason = "the worker closed the connection";
    socket.onopen = () => {
      clearTimeout(late);
      resolve({ send: (text) => sendText(socket, text), close: () => socket.close() });
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") listener.onText(data);
    };
    socket.onerror = (event) => {
      reason = (event as ErrorEvent).message || reason;
    };
    socket.onclose = () => {
      clearTimeout(late);
      onEnd();
      reject(new Error(reason));
      listener.onClosed(reason);
    };
  });
}

/** A WebSocket that is closing drops what it is given; a request that leads nowhere must be reported instead. */
function sendText(socket: WebSocket, text: string): void {
  if (socket.readyState !== WebSocket.OPEN) throw new Error("the connection is closed");
  socket.send(text);
}

function toPem(der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/gu) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
