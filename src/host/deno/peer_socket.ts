/**
 * WebSockets to the trusted endpoint of another validateer. Its certificate is self-signed: the connection is pinned to the
 * one that it shows. Nothing that comes over it is believed because of that; the enclave judges what it is given.
 *
 * @module
 */
import { isIP } from "node:net";
import { connect } from "node:tls";

/** How long a peer may take for a handshake or an answer, in ms. */
export const PEER_TIMEOUT_MS = 10_000;
/** Longest answer of a peer to a question of the host. */
const MAX_ANSWER_LENGTH = 4_096;

/** A peer cannot be reached or makes no sense. */
export class PeerError extends Error {
  override readonly name = "PeerError";
  /** `InvalidUrl`: no `wss://host:port`; `Unreachable`: no connection; `BadAnswer`: none, or not one that was asked for. */
  readonly code: "InvalidUrl" | "Unreachable" | "BadAnswer";

  constructor(code: "InvalidUrl" | "Unreachable" | "BadAnswer", message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Opens a WebSocket; `close` it. @throws {PeerError} */
export async function openPeerSocket(url: string): Promise<WebSocket> {
  const { hostname, port } = parsePeerUrl(url);
  const certificate = await fetchCertificate(hostname, port);
  const client = Deno.createHttpClient({ caCerts: [toPem(certificate)] });
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  // The client option is Deno's own, which the type does not know.
  const socket = new WebSocket(`wss://${host}:${port}`, { client } as never);
  try {
    await within(
      new Promise<void>((resolve, reject) => {
        socket.onopen = () => resolve();
        socket.onerror = (event) => {
          event.preventDefault();
          reject(new Error((event as ErrorEvent).message));
        };
      }),
      "the handshake takes too long",
    );
  } catch (cause) {
    socket.close();
    client.close();
    throw new PeerError("Unreachable", `Cannot reach the validateer at "${url}"`, cause);
  }
  socket.addEventListener("close", () => client.close(), { once: true });
  return socket;
}

/** Asks one question without parameters over a connection of its own; gives the result. @throws {PeerError} */
export async function askPeer(url: string, method: string): Promise<unknown> {
  const socket = await openPeerSocket(url);
  try {
    const answered = new Promise<unknown>((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(data);
      socket.onclose = () => reject(new Error("the connection was closed"));
    });
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: [] }));
    const text = await within(answered, "the answer takes too long");
    if (typeof text !== "string" || text.length > MAX_ANSWER_LENGTH) throw new TypeError("the answer is too long");
    return (JSON.parse(text) as { readonly result?: unknown }).result;
  } catch (cause) {
    throw new PeerError("BadAnswer", `Cannot get "${method}" from the validateer at "${url}"`, cause);
  } finally {
    socket.close();
  }
}

/** Host and port of a trusted endpoint. @throws {PeerError} */
export function parsePeerUrl(url: string): { readonly hostname: string; readonly port: number } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "wss:" || parsed.username !== "" || parsed.pathname !== "/") {
    throw new PeerError("InvalidUrl", `Cannot use "${url}" as a validateer's address: want wss://HOST:PORT`);
  }
  // Left out, the port is that of the scheme.
  return { hostname: parsed.hostname.replace(/^\[|\]$/gu, ""), port: Number(parsed.port || 443) };
}

function fetchCertificate(hostname: string, port: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      socket.destroy();
      reject(new PeerError("Unreachable", `Cannot reach the validateer at "${hostname}:${port}"`, cause));
    };
    // TLS has no server names for IP addresses.
    const name = isIP(hostname) === 0 ? { servername: hostname } : {};
    const socket = connect({ host: hostname, port, ...name, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate(true);
      socket.destroy();
      resolve(new Uint8Array(raw));
    });
    socket.setTimeout(PEER_TIMEOUT_MS, () => fail(new Error("the handshake takes too long")));
    socket.on("error", fail);
  });
}

async function within<T>(promise: Promise<T>, message: string): Promise<T> {
  let late: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) =>
    late = setTimeout(() => reject(new Error(message)), PEER_TIMEOUT_MS)
  );
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(late);
  }
}

function toPem(der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/gu) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
