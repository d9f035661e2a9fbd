/**
 * A TCP connection whose bytes go through a message port: the enclave cannot dial, and what it sends is TLS, which its host
 * cannot read.
 *
 * @module
 */
import { CreditedPipe } from "../../transport/credited_pipe.ts";

/** How long a peer may take to accept a connection. */
export const DIAL_TIMEOUT_MS = 10_000;
/** How long a peer may take for what was sent before the enclave gave the connection up: a window of the pipe at most. */
export const PIPE_FLUSH_TIMEOUT_MS = 5_000;

/** The connection was not made. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly code = "PeerUnreachable";
}

/** An open pipe. */
export interface TcpPipe {
  /** The enclave's end. */
  readonly port: MessagePort;
  /** Resolves when both directions have ended and the connection is closed. */
  readonly ended: Promise<void>;
}

/** Connects to `host:port`, an IPv6 address in brackets. @throws {DialError} */
export async function openTcpPipe(address: string, flushTimeoutMs: number = PIPE_FLUSH_TIMEOUT_MS): Promise<TcpPipe> {
  const connection = await dial(address);
  const { port1, port2 } = new MessageChannel();
  const pipe = new CreditedPipe(port1);
  const sent = pumpOut(connection, pipe);
  void closeAfter(connection, pipe, sent, flushTimeoutMs);
  const ended = Promise.all([pumpIn(connection, pipe), sent]).then(() => {
    pipe.close();
    closeQuietly(connection);
  });
  return { port: port2, ended };
}

/** Ends both pumps once the pipe is closed: each may be waiting for the peer, which has no need to do anything ever again. */
async function closeAfter(
  connection: Deno.TcpConn,
  pipe: CreditedPipe,
  sent: Promise<void>,
  ms: number,
): Promise<void> {
  await pipe.closed;
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([sent, late.promise]);
  clearTimeout(timer);
  closeQuietly(connection);
}

async function dial(address: string): Promise<Deno.TcpConn> {
  const at = address.lastIndexOf(":");
  const hostname = address.slice(0, at).replace(/^\[|\]$/gu, "");
  const port = Number(address.slice(at + 1));
  if (at < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new DialError(`Cannot dial "${address}": want HOST:PORT`);
  }
  try {
    return await Deno.connect({ hostname, port, signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) });
  } catch (cause) {
    throw new DialError(`Cannot reach "${address}"`, { cause });
  }
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Its streams have closed it already.
  }
}

/** Network to enclave. */
async function pumpIn(connection: Deno.TcpConn, pipe: CreditedPipe): Promise<void> {
  try {
    for await (const bytes of connection.readable) await pipe.write(bytes);
    pipe.end();
  } catch {
    // A broken connection and a closed pipe end the same way for the enclave.
    pipe.close();
  }
}

/** Enclave to network. */
async function pumpOut(connection: Deno.TcpConn, pipe: CreditedPipe): Promise<void> {
  const writer = connection.writable.getWriter();
  try {
    for (let bytes = await pipe.read(); bytes !== undefined; bytes = await pipe.read()) await writer.write(bytes);
    await writer.close();
  } catch {
    pipe.close();
    await writer.abort().catch(() => {});
  }
}
