/**
 * What the client needs of its surroundings: a text socket and a timer. The application passes both in, so that the
 * client runs unchanged in Deno, in a page and in tests.
 *
 * @module
 */

/** An open connection that carries text frames: a WebSocket, or a double of one. */
export interface WorkerSocket {
  /** Hands one text frame to the connection. @throws If the connection is closed. */
  readonly send: (text: string) => void;
  /** Closes the connection; harmless when it is closed. */
  readonly close: () => void;
}

/** Who hears what arrives on a socket. Calls come in the order of arrival, none after `onClosed`. */
export interface SocketListener {
  /** Called with each text frame. */
  readonly onText: (text: string) => void;
  /** Called once when the connection ends, whoever ended it, with a reason for people. */
  readonly onClosed: (reason: string) => void;
}

/** Opens a connection and resolves once frames may be sent; rejects when it cannot be opened. */
export type OpenSocket = (listener: SocketListener) => Promise<WorkerSocket>;

/** Calls back later. */
export interface Timer {
  /** Calls `callback` after `delayMs` milliseconds unless the returned function was called before. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}
