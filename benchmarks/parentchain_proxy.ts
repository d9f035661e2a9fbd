/**
 * A relay between a validateer and its parentchain node that counts requests and puts a distance between the two.
 *
 * @module
 */

/** A WebSocket relay; without a delay until one is set. */
export class ParentchainProxy {
  /** Port for the validateer. */
  readonly port: number;
  /** Requests of the validateer by method, since the last {@linkcode ParentchainProxy.reset}. */
  readonly calls: Map<string, number> = new Map();
  /** How long each message takes, either way, in milliseconds. */
  delayMs = 0;
  readonly #target: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #open = new Set<() => void>();

  /** Opens a relay to a node on this machine. */
  constructor(nodePort: number) {
    this.#target = `ws://127.0.0.1:${nodePort}`;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#relay(socket);
      return response;
    });
    this.port = this.#server.addr.port;
  }

  /** Counts from zero. */
  reset(): void {
    this.calls.clear();
  }

  /** Ends it. */
  async close(): Promise<void> {
    for (const drop of [...this.#open]) drop();
    await this.#server.shutdown();
  }

  #relay(inward: WebSocket): void {
    const outward = new WebSocket(this.#target);
    const opened = new Promise<void>((resolve) => outward.onopen = () => resolve());
    const drop = (): void => {
      this.#open.delete(drop);
      inward.close();
      outward.close();
    };
    this.#open.add(drop);
    // Timers of one duration end in the order of their start, so messages keep theirs.
    const pass = (to: WebSocket, text: string): void => {
      setTimeout(() => to.readyState === WebSocket.OPEN && to.send(text), this.delayMs);
    };
    inward.onmessage = async ({ data }) => {
      const { method = "unknown" } = JSON.parse(String(data)) as { method?: string };
      this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
      await opened;
      pass(outward, String(data));
    };
    outward.onmessage = ({ data }) => pass(inward, String(data));
    for (const socket of [inward, outward]) {
      socket.onclose = drop;
      socket.onerror = drop;
    }
  }
}
