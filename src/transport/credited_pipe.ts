/**
 * A byte stream over a message port, with credits: each end may have so many bytes under way as the other has granted, so
 * that a slow reader slows the writer instead of filling its memory.
 *
 * Messages: a `Uint8Array` is data, a number grants as many bytes more, `null` ends one direction, `false` ends both.
 *
 * @module
 */

/** Bytes that may be under way in one direction: enough to keep a fast connection busy between two turns of the event loop. */
export const PIPE_WINDOW_BYTES: number = 1024 * 1024;
/** Longest piece that is sent at once, so that credits come back while a large write goes on. */
export const MAX_PIPE_MESSAGE_BYTES: number = 64 * 1024;

/** What the pipe needs of a `MessagePort`. */
export interface PipePort {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent) => unknown) | null;
  close(): void;
}

/** The other end is gone, or does not keep to the rules. */
export class PipeError extends Error {
  override readonly name = "PipeError";
  /** `Closed`: the stream was ended; `Overrun`: more bytes came than were granted. */
  readonly code: "Closed" | "Overrun";

  constructor(code: "Closed" | "Overrun") {
    super(code === "Closed" ? "Cannot go on: the pipe is closed" : "Cannot go on: the pipe was overrun");
    this.code = code;
  }
}

type Waiting = PromiseWithResolvers<void>;

/** One end of a pipe. One read and one write at a time. */
export class CreditedPipe {
  readonly #port: PipePort;
  readonly #closed = Promise.withResolvers<void>();
  #inbox: Uint8Array[] = [];
  /** Bytes that the other end may still send. */
  #granted = PIPE_WINDOW_BYTES;
  /** Bytes that may still be sent. */
  #credit = PIPE_WINDOW_BYTES;
  #hasEnded = false;
  #error: PipeError | undefined;
  #reader: Waiting | undefined;
  #writer: Waiting | undefined;

  constructor(port: PipePort) {
    this.#port = port;
    port.onmessage = ({ data }) => this.#take(data);
  }

  /** Resolves when both directions are ended at once, by whichever end; what has come until then can still be read. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** The next bytes; `undefined` after the last. @throws {PipeError} If the pipe was closed before its end. */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#inbox.length === 0 && !this.#hasEnded && this.#error === undefined) {
      this.#reader = Promise.withResolvers();
      await this.#reader.promise;
    }
    const next = this.#inbox.shift();
    if (next === undefined) {
      if (this.#hasEnded) return undefined;
      throw this.#error ?? new PipeError("Closed");
    }
    this.#granted += next.length;
    if (this.#error === undefined) this.#port.postMessage(next.length);
    return next;
  }

  /** Sends bytes; resolves when all are under way. @throws {PipeError} */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.#error !== undefined) throw this.#error;
      const count = Math.min(bytes.length - at, this.#credit, MAX_PIPE_MESSAGE_BYTES);
      if (count === 0) {
        this.#writer = Promise.withResolvers();
        await this.#writer.promise;
        continue;
      }
      const piece = bytes.slice(at, at + count);
      this.#credit -= count;
      at += count;
      this.#port.postMessage(piece, [piece.buffer]);
    }
  }

  /** Says that nothing more will be sent. */
  end(): void {
    if (this.#error === undefined) this.#port.postMessage(null);
  }

  /** Ends both directions at once. */
  close(): void {
    if (this.#error !== undefined) return;
    this.#port.postMessage(false);
    this.#fail(new PipeError("Closed"));
  }

  #take(data: unknown): void {
    if (this.#error !== undefined) return;
    if (data instanceof Uint8Array) this.#takeBytes(data);
    else if (typeof data === "number" && data > 0) {
      this.#credit += data;
      this.#wake();
    } else if (data === null) {
      this.#hasEnded = true;
      this.#wake();
    } else this.#fail(new PipeError("Closed"));
  }

  #takeBytes(bytes: Uint8Array): void {
    if (bytes.length > this.#granted || this.#hasEnded) {
      this.#port.postMessage(false);
      return this.#fail(new PipeError("Overrun"));
    }
    this.#granted -= bytes.length;
    this.#inbox.push(bytes);
    this.#wake();
  }

  #fail(error: PipeError): void {
    this.#error = error;
    // What was already received stays readable; the port itself is of no more use.
    this.#port.close();
    this.#closed.resolve();
    this.#wake();
  }

  #wake(): void {
    this.#reader?.resolve();
    this.#writer?.resolve();
    this.#reader = undefined;
    this.#writer = undefined;
  }
}
