/**
 * A client's end of a TLS WebSocket that pins the enclave's certificate: texts out, texts in, in order.
 *
 * @module
 */

/** How long a text may take: a machine under load, not a measurement. */
const ANSWER_TIMEOUT_MS = 45_000;

/** One connection. */
export interface Wire {
  readonly send: (text: string) => void;
  readonly sendBytes: (bytes: Uint8Array) => void;
  /** The next texts that have not been read. @throws If they do not come, or the connection ends. */
  readonly next: (count: number) => Promise<readonly string[]>;
  /** Sends a text and gives so many texts that come after it. */
  readonly exchange: (text: string, count: number) => Promise<readonly string[]>;
  /** Texts that nobody asked for: all that came before the answer to a question asked now. */
  readonly silence: () => Promise<readonly string[]>;
  /** The code with which the other end closes the connection. @throws If it does not. */
  readonly closed: () => Promise<number>;
  readonly close: () => void;
}

/** Connects to an endpoint on this machine whose certificate is exactly this one. */
export async function openWire(port: number, certificate: Uint8Array): Promise<Wire> {
  const pem = `-----BEGIN CERTIFICATE-----\n${btoa(String.fromCharCode(...certificate))}\n-----END CERTIFICATE-----\n`;
  const client = Deno.createHttpClient({ caCerts: [pem] });
  const socket = new WebSocket(`wss://127.0.0.1:${port}`, { client } as never);
  const unread: string[] = [];
  let wake = (): void => {};
  let ended: number | undefined;
  socket.onmessage = ({ data }) => {
    unread.push(String(data));
    wake();
  };
  socket.onclose = ({ code }) => {
    ended = code;
    wake();
  };
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = (event) => {
      event.preventDefault();
      reject(new Error("Cannot connect to the endpoint"));
    };
  });
  const next = async (count: number): Promise<readonly string[]> => {
    const deadline = Date.now() + ANSWER_TIMEOUT_MS;
    while (unread.length < count) {
      if (ended !== undefined) throw new Error(`Cannot read ${count} texts: the connection was closed with ${ended}`);
      if (Date.now() > deadline) throw new Error(`Cannot read ${count} texts: got ${JSON.stringify(unread)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return unread.splice(0, count);
  };
  const closed = async (): Promise<number> => {
    await next(1).catch(() => {});
    if (ended === undefined) throw new Error("Cannot read the end: the connection is open");
    return ended;
  };
  let marks = 0;
  return {
    send: (text) => socket.send(text),
    sendBytes: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
    next,
    closed,
    exchange: async (text, count) => {
      socket.send(text);
      return await next(count);
    },
    silence: async () => {
      const mark = `mark-${marks++}`;
      socket.send(`{"id":"${mark}","jsonrpc":"2.0","method":"system_name","params":[]}`);
      const before: string[] = [];
      for (;;) {
        const [text = ""] = await next(1);
        if (text.includes(mark)) return before;
        before.push(text);
      }
    },
    close: () => {
      socket.close();
      client.close();
    },
  };
}
