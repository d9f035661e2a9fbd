/**
 * A relay between a validateer and its parentchain node that knows what passes: it can hold extrinsics back, hold the
 * node's words back, or lose the connection.
 *
 * @module
 */

/** What becomes of an extrinsic. */
export type Verdict =
  /** It goes to the node. */
  | "pass"
  /** The node never sees it, and the validateer gets no answer. */
  | "lose";

/** A WebSocket relay; everything passes until it is told otherwise. */
export class NodeGate {
  /** Port for the validateer. */
  readonly port: number;
  /** Asked for every extrinsic that the validateer submits. */
  onSubmit: (extrinsic: string) => Verdict = () => "pass";
  /** Called when the node has answered to an extrinsic; the answer passes if it says so. */
  onSubmitted: (extrinsic: string) => Verdict = () => "pass";
  /** Whether the node's words are held back. */
  isNodeMuted = false;
  readonly #target: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #open = new Set<() => void>();

  private constructor(nodePort: number) {
    this.#target = `ws://127.0.0.1:${nodePort}`;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#relay(socket);
      return response;
    });
    this.port = this.#server.addr.port;
  }

  /** Opens a relay to a node on this machine. */
  static open(nodePort: number): NodeGate {
    return new NodeGate(nodePort);
  }

  /** Loses all connections; new ones are taken. */
  dropAll(): void {
    for (const drop of [...this.#open]) drop();
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.dropAll();
    await this.#server.shutdown();
  }

  #relay(inward: WebSocket): void {
    const outward = new WebSocket(this.#target);
    const early: string[] = [];
    const submitted = new Map<unknown, string>();
    const drop = (): void => {
      this.#open.delete(drop);
      inward.close();
      outward.close();
    };
    this.#open.add(drop);
    inward.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as { id?: unknown; method?: string; params?: string[] };
      if (message.method === "author_submitExtrinsic") {
        const extrinsic = message.params?.[0] ?? "";
        if (this.onSubmit(extrinsic) === "lose") return;
        submitted.set(message.id, extrinsic);
      }
      if (outward.readyState === WebSocket.OPEN) outward.send(String(data));
      else early.push(String(data));
    };
    outward.onopen = () => {
      for (const text of early.splice(0)) outward.send(text);
    };
    outward.onmessage = ({ data }) => {
      const { id } = JSON.parse(String(data)) as { id?: unknown };
      const extrinsic = submitted.get(id);
      submitted.delete(id);
      const verdict = extrinsic === undefined ? "pass" : this.onSubmitted(extrinsic);
      if (verdict === "lose" || this.isNodeMuted || inward.readyState !== WebSocket.OPEN) return;
      inward.send(String(data));
    };
    inward.onclose = drop;
    outward.onclose = drop;
    inward.onerror = drop;
    outward.onerror = drop;
  }
}
