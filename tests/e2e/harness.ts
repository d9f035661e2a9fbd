/**
 * Whole processes for scenario tests: a validateer with its embedded parentchain, and the command line.
 *
 * @module
 */
import type { TrustedClient } from "../../src/client/trusted_client.ts";
import type { AccountId } from "../../src/primitives/branded.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { type ServicePorts, takeServicePorts } from "../ports.ts";

/** Folder of the project. */
export const ROOT = new URL("../../", import.meta.url).pathname;
/** How long a service may take to make its first sidechain block. */
const START_TIMEOUT_MS = 150_000;
/** How long one command may take: an indirect call waits for finality and a confirmation. */
const COMMAND_TIMEOUT_MS = 120_000;
/** How long a service may take to stop before it is killed. */
const STOP_TIMEOUT_MS = 10_000;
/** How long a value may take: a payout waits for a confirmation on a final parentchain block. */
const POLL_TIMEOUT_MS = 180_000;
/** How much of a service's log is kept for the message of a failed test. */
const KEPT_LOG_LENGTH = 20_000;

/** One unit of the token in its smallest unit. */
export const UNIT = 1_000_000_000_000n;
/** Fee of a transfer in the shard. */
export const TRANSFER_FEE = UNIT / 100n;
/** Fee of an unshielding. */
export const UNSHIELD_FEE = 3n * UNIT / 100n;

/** What the shard credits for a deposit on the parentchain. */
export function credited(deposit: bigint): bigint {
  return deposit - deposit / 571n;
}

/** What a finished command left. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running service and the command line pointed at it. */
export interface TestService {
  readonly ports: ServicePorts;
  /** Runs the command line in a folder of its own and waits for its end. */
  readonly cli: (...args: readonly string[]) => Promise<CommandResult>;
  /** The result of a command that must succeed, trimmed. */
  readonly ask: (...args: readonly string[]) => Promise<string>;
  /** The newest part of the service's log. */
  readonly log: () => string;
  /** Stops the service and removes its files. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a validateer in development mode and waits until it has made a block. Its parentchain is embedded, unless the
 * port of one that runs is given.
 */
export function startService(parentchainPort?: number): Promise<TestService> {
  const external = parentchainPort === undefined ? [] : ["--integritee-rpc-url", "ws://127.0.0.1"];
  return startProcess(
    (folder, ports) => ["src/apps/validateer.ts", ...serviceOptions(folder, ports), ...external],
    ({ http }) => isInitialized(http),
    parentchainPort,
  );
}

/** Starts the development parentchain alone, with further options, and waits until it listens. */
export function startParentchain(...options: readonly string[]): Promise<TestService> {
  return startProcess(
    (_folder, ports) => ["src/apps/devnode.ts", "--dev", "--rpc-port", `${ports.parentchain}`, ...options],
    ({ parentchain }) => isListening(parentchain),
  );
}

async function startProcess(
  program: (folder: string, ports: ServicePorts) => readonly string[],
  isReady: (ports: ServicePorts) => Promise<boolean>,
  parentchainPort?: number,
): Promise<TestService> {
  const free = takeServicePorts();
  const ports = parentchainPort === undefined ? free : { ...free, parentchain: parentchainPort };
  const folder = await Deno.makeTempDir({ prefix: "integritee-e2e-" });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-worker-options", ...program(folder, ports)],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let log = "";
  const keep = (text: string): void => void (log = (log + text).slice(-KEPT_LOG_LENGTH));
  const readers = [readAll(child.stdout, keep), readAll(child.stderr, keep)];
  let ended = false;
  void child.status.then(() => ended = true);
  const stop = async (): Promise<void> => {
    if (!ended) child.kill("SIGTERM");
    const killer = setTimeout(() => ended || child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await child.status;
    clearTimeout(killer);
    await Promise.all(readers);
    await Deno.remove(folder, { recursive: true });
  };
  const cli = (...args: readonly string[]) => runCli(`${folder}/cli`, ports, args);
  try {
    await Deno.mkdir(`${folder}/cli`);
    await poll(
      "readiness",
      async () => {
        if (ended) throw new Error("the service ended");
        return await isReady(ports);
      },
      true,
      START_TIMEOUT_MS,
    );
  } catch (cause) {
    await stop();
    throw new Error(`Cannot start the service: ${cause}\n${log}`, { cause });
  }
  return { ports, cli, ask: (...args) => ask(cli, args), log: () => log, stop };
}

/** The vault of a shard, once there is one: a founder serves before it has made it. */
export async function vaultOf(client: TrustedClient): Promise<AccountId> {
  await poll("the vault", async () => (await client.shardVault()).ok, true);
  return unwrap(await client.shardVault()).account;
}

/** Asks until the value is there. @throws If it does not come in time; the last value is named. */
export async function poll<T>(
  what: string,
  read: () => Promise<T>,
  wanted: T,
  timeoutMs = POLL_TIMEOUT_MS,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (value === wanted) return;
    if (Date.now() > deadline) throw new Error(`${what} is ${value} after ${timeoutMs} ms, want ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function ask(cli: TestService["cli"], args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  if (code !== 0) throw new Error(`"${args.join(" ")}" ended with ${code}: ${stderr}`);
  return stdout.trim();
}

async function runCli(cwd: string, ports: ServicePorts, args: readonly string[]): Promise<CommandResult> {
  const options = ["-p", `${ports.parentchain}`, "-P", `${ports.trusted}`];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-worker-options", `${ROOT}src/apps/cli/main.ts`, ...options, ...args],
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(COMMAND_TIMEOUT_MS),
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function serviceOptions(folder: string, ports: ServicePorts): string[] {
  return [
    ["--data-dir", `${folder}/data`],
    ["--trusted-worker-port", `${ports.trusted}`],
    ["--untrusted-worker-port", `${ports.untrusted}`],
    ["--mu-ra-port", `${ports.muRa}`],
    ["--untrusted-http-port", `${ports.http}`],
    ["--enable-metrics", "--metrics-port", `${ports.metrics}`],
    ["--integritee-rpc-port", `${ports.parentchain}`],
    ["run", "--dev", "--skip-ra"],
  ].flat();
}

async function isInitialized(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/is_initialized`, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Whether something listens on a local port. */
export async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** Hands on what a process writes. */
export async function readAll(stream: ReadableStream<Uint8Array>, onText: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) onText(decoder.decode(chunk, { stream: true }));
}
