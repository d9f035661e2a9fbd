/**
 * What a configuration comes to: each program's flags are read by the program's own parser, so that a mistake, a port
 * that two want, or a shared folder is named before anything is started.
 *
 * @module
 */
import { resolve } from "node:path";
import { type Command, CommanderError } from "commander";
import { createDevnodeProgram, type ProgramOptions } from "../../devnode/deno/devnode_program.ts";
import { orderArguments } from "../cli/argument_order.ts";
import { createProgram, type RunOptions } from "../validateer/options.ts";
import { type LocalSetup, LocalSetupError, type NodeConfig, type ValidateerConfig } from "./config.ts";

/** A port that a member will listen on. */
export interface PlannedPort {
  /** The option that says so. */
  readonly option: string;
  readonly port: number;
}

/** How to see that a member is up. */
export type UpCheck =
  /** A node answers JSON-RPC, is in sync and linked with as many peers as it dials. */
  | { readonly type: "node"; readonly rpcPort: number; readonly peers: number }
  /** A validateer is registered and has made a block. */
  | { readonly type: "validateer"; readonly httpPort: number };

/** A process to be started. */
export interface PlannedMember {
  readonly name: string;
  /** File in `src/apps/`. */
  readonly program: string;
  readonly args: readonly string[];
  readonly ports: readonly PlannedPort[];
  /** Where it keeps its files; `undefined` if it keeps none. */
  readonly dataDir: string | undefined;
  readonly up: UpCheck;
  /** What to connect to when it is up. */
  readonly addresses: readonly string[];
}

/** Nodes and validateers in the order of their start. */
export interface LocalPlan {
  readonly nodes: readonly PlannedMember[];
  readonly validateers: readonly PlannedMember[];
}

/** Reads all flags. @throws {LocalSetupError} That names the member and what is wrong. */
export async function planLocalSetup({ nodes, validateers }: LocalSetup): Promise<LocalPlan> {
  const plan: { nodes: PlannedMember[]; validateers: PlannedMember[] } = { nodes: [], validateers: [] };
  for (const node of nodes) plan.nodes.push(await planNode(node));
  for (const validateer of validateers) plan.validateers.push(await planValidateer(validateer));
  assertApart([...plan.nodes, ...plan.validateers]);
  return plan;
}

async function planNode({ name, flags }: NodeConfig): Promise<PlannedMember> {
  let options: ProgramOptions["node"] | undefined;
  const program = createDevnodeProgram("", async ({ node }) => void (options = node));
  await readFlags(name, program, flags);
  const { rpcPort, prometheusPort, network, dataDir } = options as ProgramOptions["node"];
  const ports = { "--rpc-port": rpcPort, "--prometheus-port": prometheusPort, "--peer-port": network?.peerPort };
  return {
    name,
    program: "devnode.ts",
    args: flags,
    ports: plannedPorts(ports),
    dataDir: dataDir === undefined ? undefined : resolve(dataDir),
    up: { type: "node", rpcPort: known(name, "--rpc-port", rpcPort), peers: network?.peers.length ?? 0 },
    addresses: [`ws://127.0.0.1:${rpcPort}`],
  };
}

async function planValidateer({ name, flags }: ValidateerConfig): Promise<PlannedMember> {
  let options: RunOptions | undefined;
  // Never run: the flags stand behind "run".
  const none = async () => {};
  const actions = { shieldingKey: none, signingKey: none, mrenclave: none, migrateShard: none };
  const program = createProgram({ ...actions, run: async (_shard, read) => void (options = read) }, "");
  await readFlags(name, program, flags, "run");
  const read = options as RunOptions;
  const httpPort = known(name, "--untrusted-http-port", read.untrustedHttpPort);
  const isEmbedded = read.dev && read.integriteeRpcUrl === undefined;
  const ports = {
    "--trusted-worker-port": read.trustedWorkerPort,
    "--untrusted-worker-port": read.untrustedWorkerPort,
    "--mu-ra-port": read.muRaPort,
    "--untrusted-http-port": httpPort,
    "--metrics-port": read.enableMetrics ? read.metricsPort : undefined,
    "--integritee-rpc-port": isEmbedded ? read.integriteeRpcPort : undefined,
  };
  const metrics = read.enableMetrics ? [`http://127.0.0.1:${read.metricsPort}/metrics`] : [];
  return {
    name,
    program: "validateer.ts",
    args: ["run", ...flags],
    ports: plannedPorts(ports),
    dataDir: resolve(read.dataDir),
    up: { type: "validateer", httpPort },
    addresses: [`wss://127.0.0.1:${read.trustedWorkerPort}`, ...metrics],
  };
}

async function readFlags(name: string, program: Command, flags: readonly string[], command?: string): Promise<void> {
  let text = "";
  const keep = (part: string): void => void (text += part);
  for (const one of [program, ...program.commands]) {
    one.exitOverride().configureOutput({ writeOut: keep, writeErr: keep });
  }
  const args = command === undefined ? [...flags] : orderArguments(program, [command, ...flags], command);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    // The first line says what is wrong; what follows is about help on a command line.
    const [problem = ""] = cause.code.startsWith("commander.") ? cause.message.split("\n") : [text];
    throw new LocalSetupError(`Cannot use the flags of "${name}": ${problem.replace(/^error: /, "")}`, { cause });
  }
}

/** A port that must be known beforehand. */
function known(name: string, option: string, port: number): number {
  if (port > 0) return port;
  throw new LocalSetupError(`Cannot use the flags of "${name}": want "${option}" above 0, to see when it is up`);
}

/** The ports that are known; 0 takes a free one when the program starts. */
function plannedPorts(ports: Readonly<Record<string, number | undefined>>): PlannedPort[] {
  return Object.entries(ports).flatMap(([option, port]) => port === undefined || port === 0 ? [] : [{ option, port }]);
}

/** Two members must not meet on a port or in a folder. */
function assertApart(members: readonly PlannedMember[]): void {
  const ports = new Map<number, string>();
  const folders = new Map<string, string>();
  for (const { name, ports: own, dataDir } of members) {
    for (const { option, port } of own) {
      const user = `"${name}" (${option})`;
      const other = ports.get(port);
      if (other !== undefined) throw new LocalSetupError(`Cannot give port ${port} to ${user}: ${other} has it`);
      ports.set(port, user);
    }
    if (dataDir === undefined) continue;
    const other = folders.get(dataDir);
    if (other !== undefined) {
      throw new LocalSetupError(`Cannot give the folder ${dataDir} to "${name}": "${other}" has it (--data-dir)`);
    }
    folders.set(dataDir, name);
  }
}
