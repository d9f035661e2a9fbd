import type { OpenSocket, SocketListener, Timer } from "../../src/client/ports.ts";

/** A socket in memory: keeps what the client sends, delivers what the test says. */
export class FakeSocket {
  readonly sent: { id: number; method: string; params: unknown[] }[] = [];
  closed = 0;
  onSend: (message: { id: number; method: string; params: unknown[] }) => void = () => {};
  #listener: SocketListener | undefined;

  readonly open: OpenSocket = (listener) => {
    this.#listener = listener;
    return Promise.resolve({
      send: (text) => {
        const message = JSON.parse(text);
        this.sent.push(message);
        this.onSend(message);
      },
      close: () => {
        this.closed += 1;
      },
    });
  };

  deliver(message: unknown): void {
    this.#listener?.onText(typeof message === "string" ? message : JSON.stringify(message));
  }

  answer(id: number, result: unknown): void {
    this.deliver({ jsonrpc: "2.0", id, result });
  }

  push(subscription: string, result: string, error: string | null = null): void {
    this.deliver({
      jsonrpc: "2.0",
      id: 1,
      method: "author_submitAndWatchExtrinsic",
      params: { error, result, subscription },
    });
  }

  end(reason: string): void {
    this.#listener?.onClosed(reason);
  }
}

/** A timer that moves only when the test says so. */
export class FakeTimer implements Timer {
  #now = 0;
  #waiting: { at: number; callback: () => void }[] = [];

  readonly after = (delayMs: number, callback: () => void): () => void => {
    const entry = { at: this.#now + delayMs, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#waiting.filter((entry) => entry.at <= this.#now);
    this.#waiting = this.#waiting.filter((entry) => entry.at > this.#now);
    for (const entry of due) entry.callback();
  }
}
