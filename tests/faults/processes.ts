/**
 * Processes that are killed: a parentchain that lives on, and a validateer that is started again and again on the same
 * data directory.
 *
 * @module
 */
import { fetchCertificate, pinnedSocket, processTimer, type WorkerAddress } from "../../src/apps/cli/worker_socket.ts";
import { TrustedClient } from "../../src/client/trusted_client.ts";
import { connectWorkerRpc } from "../../src/client/worker_rpc.ts";
import type { OpenSocket } from "../../src/client/ports.ts";
import { isListening, readAll, ROOT } from "../e2e/harness.ts";
import { type ServicePorts, takeServicePorts } from "../ports.ts";

/** How long a start may take before it counts as failed: machines of tests are slow and busy. */
const START_TIMEOUT_MS = 120_000;
/** Pause between two looks at a process that starts. */
const LOOK_INTERVAL_MS = 25;
/** How much of a log is kept. */
const KEPT_LOG_LENGTH = 200_000;

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A running program of the project whose output is read line by line. */
export class Program {
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number>;
  /** Hears every line of its output. */
  onLine: (line: string) => void = () => {};
  readonly #child: Deno.ChildProcess;
  readonly #readers: readonly Promise<void>[];
  #exitCode: number | undefined;
  #log = "";
  #rest = "";

  /** Starts it. */
  constructor(...args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-worker-options", ...args],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#readers = [this.#child.stdout, this.#child.stderr].map((stream) =>
      readAll(stream, (text) => this.#take(text))
    );
    this.ended = this.#child.status.then(({ code }) => this.#exitCode = code);
  }

  /** Its exit code; `undefined` while it runs. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** The newest part of its output. */
  get log(): string {
    return this.#log;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (this.#exitCode === undefined) this.#child.kill(signal);
    await this.ended;
    await Promise.all(this.#readers);
  }

  #take(text: string): void {
    this.#log = (this.#log + text).slice(-KEPT_LOG_LENGTH);
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.onLine(line);
  }
}

/** A start that did not lead to a service. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** Starts a development parentchain in a process of its own and waits until it listens. @throws {StartError} */
export async function startParentchain(
  blockTimeMs: number,
): Promise<{ readonly node: Program; readonly port: number }> {
  const { parentchain: port } = takeServicePorts();
  const options = ["--dev", "--no-prometheus", "--rpc-port", `${port}`, "--block-time-ms", `${blockTimeMs}`];
  const node = new Program("src/apps/devnode.ts", ...options);
  await untilReady(node, () => isListening(port));
  return { node, port };
}

/** Where a validateer lives, what stays the same over its restarts, and with which further options it is started. */
export interface MemberSite {
  readonly dataDir: string;
  readonly ports: ServicePorts;
  readonly nodePort: number;
  readonly options: readonly string[];
}

/** A place where a validateer is to be watched closely. */
export function siteAt(dataDir: string, nodePort: number, slotDurationMs: number): MemberSite {
  const options = ["--slot-duration-ms", `${slotDurationMs}`, "--log-level", "debug"];
  return { dataDir, ports: takeServicePorts(), nodePort, options };
}

/** A validateer that serves. */
export interface Serving {
  readonly program: Program;
  /** From the start of the process to the first answer of the trusted endpoint. */
  readonly startMs: number;
  readonly worker: Worker;
}

/** The trusted endpoint of a running validateer. */
export class Worker {
  readonly #open: OpenSocket;
  readonly #close: (() => void)[] = [];

  private constructor(open: OpenSocket) {
    this.#open = open;
  }

  /** Finds out the certificate of a worker. */
  static async at(address: WorkerAddress): Promise<Worker> {
    return new Worker(pinnedSocket(address, await fetchCertificate(address)));
  }

  /** Another connection. */
  async connect(): Promise<TrustedClient> {
    const rpc = await connectWorkerRpc(this.#open, processTimer);
    this.#close.push(() => rpc.close());
    return new TrustedClient(rpc, processTimer);
  }

  /** Ends all connections. */
  close(): void {
    for (const close of this.#close.splice(0)) close();
  }
}

/** Starts a validateer without waiting; `command` is what it does, by default it runs. */
export function launchMember(site: MemberSite, ...command: readonly string[]): Program {
  const { dataDir, ports, nodePort, options } = site;
  return new Program(
    ...["src/apps/validateer.ts", "--data-dir", dataDir],
    ...["--trusted-worker-port", `${ports.trusted}`, "--untrusted-worker-port", `${ports.untrusted}`],
    ...["--mu-ra-port", `${ports.muRa}`, "--untrusted-http-port", `${ports.http}`],
    ...["--integritee-rpc-url", "ws://127.0.0.1", "--integritee-rpc-port", `${nodePort}`],
    ...options,
    ...(command.length > 0 ? command : ["run"]),
    ...["--dev", "--skip-ra"],
  );
}

/** Starts a validateer and waits until its trusted endpoint answers. @throws {StartError} */
export async function start(site: MemberSite): Promise<Serving> {
  const startedAt = performance.now();
  const program = launchMember(site);
  const address = { host: "127.0.0.1", port: site.ports.trusted };
  let worker: Worker | undefined;
  await untilReady(program, async () => {
    if (!await isListening(address.port)) return false;
    worker = await Worker.at(address);
    const answer = await (await worker.connect()).shard();
    return answer.ok;
  });
  if (worker === undefined) throw new StartError("no endpoint");
  return { program, startMs: performance.now() - startedAt, worker };
}

async function untilReady(program: Program, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!await isReady()) {
    if (program.exitCode === undefined && Date.now() < deadline) {
      await sleep(LOOK_INTERVAL_MS);
      continue;
    }
    const how = program.exitCode === undefined ? `takes longer than ${START_TIMEOUT_MS} ms` : "has ended";
    await program.end("SIGKILL");
    throw new StartError(`Cannot start: the process ${how}\n${program.log}`);
  }
}
