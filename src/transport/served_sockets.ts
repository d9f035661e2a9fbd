/**
 * The WebSockets of a server: each open one has a place and a JSON-RPC connection until it is closed.
 *
 * A place is taken when the socket opens, not with the request to upgrade: of a client that resets its connection before
 * the answer, the server hears nothing any more.
 *
 * @module
 */
import { type ConnectionLimits, RpcConnection } from "./connection.ts";
import type { RpcRouter } from "./router.ts";

/** WebSocket close code of a server that ends. */
const CLOSE_GOING_AWAY = 1001;
/** WebSocket close code for a message of a kind that is not taken. */
const CLOSE_UNSUPPORTED = 1003;
/** WebSocket close code of a server without a free place: "try again later". */
const CLOSE_FULL = 1013;
/** `WebSocket.OPEN`. */
const OPEN = 1;

/** What is used of a server's WebSocket; its handlers are set before it opens. */
export interface ServedSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onclose: ((event: CloseEvent) => unknown) | null;
  onerror: ((event: Event) => unknown) | null;
}

/** What a server serves, and to how many. */
export interface ServedSocketsOptions<Context> {
  readonly router: RpcRouter<Context>;
  readonly context: Context;
  readonly nowMs: () => number;
  /** Most open sockets. */
  readonly max: number;
  /** Bounds of each connection where they differ from the default. */
  readonly limits?: Partial<ConnectionLimits>;
  /** Text of a binary message; undefined closes the connection. Without it, binary messages are ignored. */
  readonly readBinary?: (data: unknown) => string | undefined;
}

/** States of a socket: upgraded (no place) → open (a place; served, or refused if there were too many) → closed. */
export class ServedSockets<Context> {
  /** Sockets that opened and closed, and messages that were taken. */
  readonly counts = { opened: 0, closed: 0, messages: 0 };
  readonly #options: ServedSocketsOptions<Context>;
  readonly #open = new Set<ServedSocket>();
  #stopReason: string | undefined;

  /** Serves nobody yet. */
  constructor(options: ServedSocketsOptions<Context>) {
    this.#options = options;
  }

  /** Open sockets. One that is refused is counted until it is gone, so that refused ones cannot pile up. */
  get size(): number {
    return this.#open.size;
  }

  /** Whether a request to upgrade is to be refused. */
  get isFull(): boolean {
    return this.#open.size >= this.#options.max;
  }

  /** Serves a socket once it opens; to be called as soon as it is upgraded. */
  serve(socket: ServedSocket): void {
    let connection: RpcConnection<Context> | undefined;
    socket.onopen = () => {
      connection = this.#take(socket);
    };
    socket.onmessage = ({ data }) => {
      if (connection !== undefined) this.#receive(socket, connection, data);
    };
    socket.onclose = () => {
      if (this.#open.delete(socket)) this.counts.closed++;
      connection?.end();
    };
    // A broken connection is an everyday event; its close follows.
    socket.onerror = (event) => event.preventDefault();
  }

  /** Closes all, and those that open later. */
  stop(reason: string): void {
    this.#stopReason = reason;
    for (const socket of this.#open) socket.close(CLOSE_GOING_AWAY, reason);
  }

  /** Gives a socket its place; the answer is undefined if it is refused. */
  #take(socket: ServedSocket): RpcConnection<Context> | undefined {
    const { router, context, nowMs, limits } = this.#options;
    // Asked again: many may have been upgraded when one place was left.
    const { isFull } = this;
    this.#open.add(socket);
    this.counts.opened++;
    if (this.#stopReason !== undefined) socket.close(CLOSE_GOING_AWAY, this.#stopReason);
    else if (isFull) socket.close(CLOSE_FULL, "too many connections");
    else return new RpcConnection(router, portOf(socket), context, nowMs(), limits);
    return undefined;
  }

  #receive(socket: ServedSocket, connection: RpcConnection<Context>, data: unknown): void {
    const { nowMs, readBinary } = this.#options;
    if (typeof data !== "string" && readBinary === undefined) return;
    const text = typeof data === "string" ? data : readBinary?.(data);
    if (text === undefined) return socket.close(CLOSE_UNSUPPORTED, "want JSON text");
    this.counts.messages++;
    void connection.receive(text, nowMs());
  }
}

function portOf(socket: ServedSocket) {
  return {
    send: (text: string) => {
      if (socket.readyState === OPEN) socket.send(text);
    },
    close: (code: number, reason: string) => socket.close(code, reason),
    bufferedAmount: () => socket.bufferedAmount,
  };
}
