/**
 * Networks of devnode processes, with a relay before each peer port, so that links can be cut and healed.
 *
 * @module
 */
import { ask, until } from "./devnode_support.ts";
import type { Hex } from "../../src/primitives/hex.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Block time of these networks: four processes share two cores with the test. */
export const NETWORK_BLOCK_TIME_MS = 1000;

/** Portions in which bytes pass a slow line. */
const PORTIONS_PER_SECOND = 20;
/** Chunks on their way through a relay that is late. */
const QUEUED_CHUNKS = 256;

/** A relay of TCP connections that can be switched off, delayed and slowed down. */
export class Relay {
  readonly port: number;
  /** How late bytes arrive, each way, in ms. */
  delayMs = 0;
  /** How many bytes pass in a second, each way. */
  bytesPerSecond: number = Number.POSITIVE_INFINITY;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #target: () => number;
  #isOn = true;
  #held: PromiseWithResolvers<void> | undefined;
  /** Connections up to this one pass nothing any more. */
  #dead = 0;
  #accepted = 0;

  /** Listens at once; `target` is the port to lead to. */
  constructor(target: () => number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    void this.#accept();
  }

  /** Drops all connections and lets none through until it is switched on. */
  switch(isOn: boolean): void {
    this.#isOn = isOn;
    if (!isOn) this.#drop();
  }

  /** Holds back all bytes, each way, for as long as it is on; then they pass, in their order. */
  hold(isOn: boolean): void {
    this.#held?.resolve();
    this.#held = isOn ? Promise.withResolvers() : undefined;
  }

  /** Lets nothing through the connections of now any more, without closing them, as after a power cut; later ones are good. */
  kill(): void {
    this.#dead = this.#accepted;
  }

  /** Ends it. */
  close(): void {
    this.hold(false);
    this.switch(false);
    this.#listener.close();
  }

  /** Lets bytes through when they are due, in their order. */
  #brake(connection: number): TransformStream<Uint8Array, Uint8Array> {
    const arrived = new TransformStream<Uint8Array, readonly [atMs: number, bytes: Uint8Array]>(
      { transform: (bytes, controller) => controller.enqueue([Date.now(), bytes]) },
      undefined,
      { highWaterMark: QUEUED_CHUNKS },
    );
    const due = new TransformStream<readonly [atMs: number, bytes: Uint8Array], Uint8Array>({
      transform: async ([atMs, bytes], controller) => {
        await pause(atMs + this.delayMs - Date.now());
        for (let from = 0; from < bytes.length;) {
          // In portions, so that a line that is quick again is so at once.
          const portion = bytes.subarray(from, from + Math.ceil(this.bytesPerSecond / PORTIONS_PER_SECOND));
          await pause(1000 * portion.length / this.bytesPerSecond);
          await this.#held?.promise;
          if (connection > this.#dead) controller.enqueue(portion);
          from += portion.length;
        }
      },
    });
    return { writable: arrived.writable, readable: arrived.readable.pipeThrough(due) };
  }

  #drop(): void {
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch {
        // It ended of itself.
      }
    }
    this.#open.clear();
  }

  async #accept(): Promise<void> {
    for await (const incoming of this.#listener) {
      if (this.#isOn) void this.#join(incoming);
      else incoming.close();
    }
  }

  async #join(incoming: Deno.TcpConn): Promise<void> {
    const connection = ++this.#accepted;
    try {
      const outgoing = await Deno.connect({ hostname: "127.0.0.1", port: this.#target() });
      this.#open.add(incoming).add(outgoing);
      await Promise.all([
        incoming.readable.pipeThrough(this.#brake(connection)).pipeTo(outgoing.writable),
        outgoing.readable.pipeThrough(this.#brake(connection)).pipeTo(incoming.writable),
      ]);
    } catch {
      this.#open.delete(incoming);
      try {
        incoming.close();
      } catch {
        // It is closed.
      }
    }
  }
}

/** Waits, if there is anything to wait for. */
async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

/** A node process of a network. */
export interface NetworkProcess {
  readonly name: string;
  readonly child: Deno.ChildProcess;
  /** Its JSON-RPC. */
  readonly url: string;
  /** Where it listens for peers. */
  readonly peerPort: number;
  readonly output: () => string;
}

/** Starts a node process and waits until it listens. */
export async function startNetworkProcess(
  name: string,
  authorities: readonly string[],
  dataDir: string,
  peerPorts: readonly number[],
  blockTimeMs: number = NETWORK_BLOCK_TIME_MS,
): Promise<NetworkProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", `${ROOT}src/apps/devnode.ts`, "--chain", "local", "--rpc-port", "0", "--no-prometheus"],
      ...["--block-time-ms", String(blockTimeMs), "--data-dir", dataDir],
      ...["--authority", name, "--authorities", authorities.join(","), "--peer-port", "0"],
      ...peerPorts.flatMap((port) => ["--peer", `ws://127.0.0.1:${port}`]),
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
  };
  void read(child.stdout);
  void read(child.stderr);
  const found = () => [/rpc +(ws:\S+)/.exec(output)?.[1], /listening on ws:\S+:(\d+)/.exec(output)?.[1]];
  await until(`${name} says where it listens: ${output}`, () => found().every((one) => one !== undefined));
  const [url = "", port = ""] = found();
  return { name, child, url, peerPort: Number(port), output: () => output };
}

/** Where a node's chain stands. */
export interface NodeState {
  readonly best: number;
  readonly hash: Hex;
  readonly final: number;
}

/** Asks a node where its chain stands. */
export async function stateOf({ url }: NetworkProcess): Promise<NodeState> {
  let hash: Hex;
  let header: { number: Hex } | null;
  do {
    hash = await ask<Hex>(url, "chain_getBlockHash");
    // None, if the block lost to a final one between the two questions.
    header = await ask<{ number: Hex } | null>(url, "chain_getHeader", hash);
  } while (header === null);
  const finalHash = await ask<Hex>(url, "chain_getFinalizedHead");
  const final = await ask<{ number: Hex }>(url, "chain_getHeader", finalHash);
  return { best: Number(header.number), hash, final: Number(final.number) };
}

/** Waits until all nodes have a final block of at least a number. */
export async function untilFinal(nodes: readonly NetworkProcess[], number: number): Promise<void> {
  await until(`block ${number} is final on ${nodes.map(({ name }) => name).join(" ")}`, async () => {
    const states = await Promise.all(nodes.map(stateOf));
    return states.every(({ final }) => final >= number);
  });
}

/** The final block of a number on each node, each hash once. */
export async function finalHashes(nodes: readonly NetworkProcess[], number: number): Promise<Hex[]> {
  return [...new Set(await Promise.all(nodes.map(({ url }) => ask<Hex>(url, "chain_getBlockHash", number))))];
}
