/**
 * Validateers of one shard as processes, and a relay before the provisioning endpoint of one of them.
 *
 * @module
 */
import { fetchCertificate, pinnedSocket, processTimer } from "../../src/apps/cli/worker_socket.ts";
import { TrustedClient } from "../../src/client/trusted_client.ts";
import { connectWorkerRpc, type WorkerRpc } from "../../src/client/worker_rpc.ts";
import { bundleEnclave } from "../../src/host/deno/bundle.ts";
import { concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import { type MemberSite, type Program, sleep } from "../faults/processes.ts";
import { isListening } from "./harness.ts";

/** How long a validateer may take to answer: it registers and joins first. */
const READY_TIMEOUT_MS = 180_000;
/** How long something may take to show. */
const SHOW_TIMEOUT_MS = 120_000;
/** Pause between two looks. */
const LOOK_INTERVAL_MS = 50;

/** A connection to a validateer that serves. */
export interface Serving {
  readonly rpc: WorkerRpc;
  readonly client: TrustedClient;
}

/** Builds the enclave once for all processes of a test, and other code whose measurement differs. */
export async function writeBundles(folder: string): Promise<{ readonly own: string; readonly other: string }> {
  const bundle = await bundleEnclave();
  const [own, other] = [`${folder}/enclave.js`, `${folder}/other.js`];
  await Deno.writeFile(own, bundle);
  await Deno.writeFile(other, concatBytes(bundle, utf8("// Another version.\n")));
  return { own, other };
}

/** Waits until a program's log has a match. @throws If it ends before, or takes too long. */
export async function untilLogged(program: Program, pattern: RegExp): Promise<RegExpExecArray> {
  for (const deadline = Date.now() + SHOW_TIMEOUT_MS;;) {
    const found = pattern.exec(program.log);
    if (found !== null) return found;
    if (program.exitCode !== undefined || Date.now() > deadline) {
      throw new Error(`${pattern} was not logged:\n${program.log}`);
    }
    await sleep(LOOK_INTERVAL_MS);
  }
}

/** Waits until the trusted endpoint answers. @throws If the program ends before, or takes too long. */
export async function untilServing(program: Program, { ports }: MemberSite): Promise<Serving> {
  const address = { host: "127.0.0.1", port: ports.trusted };
  for (const deadline = Date.now() + READY_TIMEOUT_MS;;) {
    if (await isListening(ports.trusted)) {
      const rpc = await connectWorkerRpc(pinnedSocket(address, await fetchCertificate(address)), processTimer);
      return { rpc, client: new TrustedClient(rpc, processTimer) };
    }
    if (program.exitCode !== undefined || Date.now() > deadline) throw new Error(`It does not serve:\n${program.log}`);
    await sleep(LOOK_INTERVAL_MS);
  }
}

/** A TCP relay that can hold what the server says from a number of bytes on. */
export class TcpGate {
  /** Port that is relayed. */
  readonly port: number;
  /** Bytes of the server that pass on each connection. */
  limit: number = Number.POSITIVE_INFINITY;
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #held = Promise.withResolvers<void>();

  private constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    void this.#accept();
  }

  /** Opens a relay to a port of this machine. */
  static open(target: number): TcpGate {
    return new TcpGate(target);
  }

  /** Resolves once bytes are held back. */
  get held(): Promise<void> {
    return this.#held.promise;
  }

  /** Ends it. */
  close(): void {
    this.#listener.close();
    for (const connection of this.#open) closeQuietly(connection);
  }

  async #accept(): Promise<void> {
    try {
      for await (const inward of this.#listener) void this.#relay(inward);
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #relay(inward: Deno.TcpConn): Promise<void> {
    this.#open.add(inward);
    let outward: Deno.TcpConn | undefined;
    try {
      outward = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      this.#open.add(outward);
      await Promise.all([pump(inward, outward, () => true), pump(outward, inward, (total) => this.#passes(total))]);
    } catch {
      // One of the ends is gone: so is the other.
    }
    for (const connection of outward === undefined ? [inward] : [inward, outward]) {
      this.#open.delete(connection);
      closeQuietly(connection);
    }
  }

  #passes(total: number): boolean {
    if (total <= this.limit) return true;
    this.#held.resolve();
    return false;
  }
}

/** Hands bytes on as long as they pass; then holds the connection open and says no more. */
async function pump(from: Deno.TcpConn, to: Deno.TcpConn, passes: (total: number) => boolean): Promise<void> {
  const buffer = new Uint8Array(16_384);
  let total = 0;
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    total += count;
    if (!passes(total)) continue;
    for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
  }
  await to.closeWrite();
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
