/**
 * The command line of the node.
 *
 * A subset of a Substrate node's options under their names, and some of our own such as `--runtime` and `--rpc-profile`.
 *
 * @module
 */
import { Command, InvalidArgumentError, Option } from "commander";
import {
  DEFAULT_PROMETHEUS_PORT,
  DEFAULT_RPC_PORT,
  DEFAULT_STATES_KEPT,
  DEV_BLOCK_TIME_MS,
  type DevnodeOptions,
  INTEGRITEE_BLOCK_TIME_MS,
  MAX_BLOCK_TIME_MS,
  MIN_BLOCK_TIME_MS,
  MIN_STATES_KEPT,
  type NetworkOptions,
  type RpcProfile,
  type RuntimeVariant,
} from "../options.ts";

/** Folder of the database if none is named. */
export const DEFAULT_DATA_DIR = ".devnode";

/** What the command line says besides the node's own choices. */
export interface ProgramOptions {
  readonly node: DevnodeOptions;
  /** Print nothing but warnings and errors. */
  readonly quiet: boolean;
}

interface Flags {
  readonly dev: boolean;
  readonly tmp: boolean;
  readonly chain: "dev" | "local";
  readonly dataDir: string | undefined;
  readonly rpcPort: number;
  readonly rpcExternal: boolean;
  readonly blockTimeMs: number | undefined;
  readonly rpcProfile: RpcProfile;
  readonly runtime: RuntimeVariant;
  readonly statesKept: number;
  readonly platformRoot: string | undefined;
  readonly authority: string | undefined;
  readonly authorities: readonly string[] | undefined;
  readonly peer: readonly string[] | undefined;
  readonly peerPort: number | undefined;
  readonly prometheus: boolean;
  readonly prometheusPort: number;
  readonly quiet: boolean;
}

const EXAMPLES = `
Examples:
  devnode --dev                       in memory, a block every second, ws://127.0.0.1:${DEFAULT_RPC_PORT}
  devnode --data-dir ./chain          keeps the chain in ./chain, a block every six seconds
  devnode --dev --rpc-profile integritee
                                      offers what a real integritee-node offers: no GRANDPA methods and one
                                      justification per 512 blocks
  devnode --chain local --authority //Alice --authorities //Alice,//Bob --peer-port 30333
  devnode --chain local --authority //Bob --authorities //Alice,//Bob --peer ws://127.0.0.1:30333
                                      two nodes of one chain, each with an authority of its own
  devnode --dev --runtime permuted    same pallets, other indices: shows whether a client reads the metadata

Everything on this chain is worth nothing: its keys are the published development keys (//Alice and others).`;

/** Makes the program; `run` gets the choices. */
export function createDevnodeProgram(version: string, run: (options: ProgramOptions) => Promise<void>): Command {
  const program = new Command("devnode");
  program
    .description("Development parentchain of integritee-edge: a Substrate-compatible node, alone or in a network.")
    .version(version, "-V, --version", "print the version and exit")
    .helpOption("-h, --help", "print this help and exit")
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("(run with --help for all options)")
    .allowExcessArguments(false);
  for (const option of programOptions()) program.addOption(option);
  return program.action(async (flags: Flags) => await run(readOptions(program, flags)));
}

/** The choices; what does not fit together ends the program like a value that cannot be read. */
function readOptions(program: Command, flags: Flags): ProgramOptions {
  try {
    return toProgramOptions(flags);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return program.error(`error: ${error.message}`);
  }
}

function programOptions(): Option[] {
  const blockTime = integerBetween(MIN_BLOCK_TIME_MS, MAX_BLOCK_TIME_MS);
  return [
    new Option("--dev", `development: in memory unless --data-dir is given, a block every ${DEV_BLOCK_TIME_MS} ms`)
      .default(false),
    new Option("--chain <name>", "preset genesis").choices(["dev", "local"]).default("dev"),
    new Option("--tmp", "keep everything in memory").default(false).conflicts("dataDir"),
    new Option("-d, --data-dir <folder>", `where the chain is kept (default: "${DEFAULT_DATA_DIR}")`),
    new Option("--rpc-port <port>", "port of WebSocket and HTTP JSON-RPC, 0 for a free one")
      .argParser(integerBetween(0, 65_535)).default(DEFAULT_RPC_PORT),
    new Option("--rpc-external", "listen on all interfaces instead of 127.0.0.1").default(false),
    new Option("--rpc-profile <profile>", "which methods and justifications are offered")
      .choices(["full", "integritee"]).default("full"),
    new Option("--runtime <variant>", "pallet and call indices: as integritee-node, or others")
      .choices(["integritee", "permuted"]).default("integritee"),
    new Option("--block-time-ms <ms>", `time between blocks (default: ${INTEGRITEE_BLOCK_TIME_MS})`)
      .argParser(blockTime),
    new Option("--states-kept <blocks>", "how many states below the head can be queried")
      .argParser(integerBetween(MIN_STATES_KEPT, 0xffff_ffff)).default(DEFAULT_STATES_KEPT),
    new Option("--platform-root <file>", "PEM certificate of a platform root whose quotes register enclaves")
      .argParser(readText),
    new Option("--authority <name>", "in a network: development key that this node authors and votes with, or none"),
    new Option("--authorities <names>", "in a network: authorities in the genesis block, the same on all nodes")
      .argParser((text) => text.split(",")),
    new Option("--peer <url>", "in a network: address of a peer, ws://host:port; can stand several times")
      .argParser(appendUrl),
    new Option("--peer-port <port>", "in a network: port on 127.0.0.1 where peers are listened for, 0 for a free one")
      .argParser(integerBetween(0, 65_535)),
    new Option("--prometheus-port <port>", "port of /metrics and /health, 0 for a free one")
      .argParser(integerBetween(0, 65_535)).default(DEFAULT_PROMETHEUS_PORT),
    new Option("--no-prometheus", "offer no metrics"),
    new Option("-q, --quiet", "print warnings and errors only").default(false),
  ];
}

function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Want a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

function appendUrl(text: string, before: readonly string[] | undefined): readonly string[] {
  if (!/^wss?:\/\/.+$/.test(text) || !URL.canParse(text)) throw new InvalidArgumentError("Want ws://host:port.");
  return [...(before ?? []), text];
}

/** What makes a node one of a network: any of the options for it. The genesis names //Alice by default. */
function networkOf({ authority, authorities, peer, peerPort }: Flags): NetworkOptions | undefined {
  if ([authority, authorities, peer, peerPort].every((option) => option === undefined)) return undefined;
  if (authority === undefined) {
    throw new InvalidArgumentError("Want --authority in a network: //Alice, another development key, or none.");
  }
  return {
    authority: authority === "none" ? undefined : authority,
    authorities: authorities ?? ["//Alice"],
    peers: peer ?? [],
    peerPort,
  };
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    throw new InvalidArgumentError(`Cannot read "${path}".`);
  }
}

function toProgramOptions(flags: Flags): ProgramOptions {
  const isInMemory = flags.tmp || (flags.dev && flags.dataDir === undefined);
  return {
    quiet: flags.quiet,
    node: {
      chain: flags.chain,
      runtime: flags.runtime,
      rpcProfile: flags.rpcProfile,
      blockTimeMs: flags.blockTimeMs ?? (flags.dev ? DEV_BLOCK_TIME_MS : INTEGRITEE_BLOCK_TIME_MS),
      rpcPort: flags.rpcPort,
      rpcExternal: flags.rpcExternal,
      prometheusPort: flags.prometheus ? flags.prometheusPort : undefined,
      dataDir: isInMemory ? undefined : flags.dataDir ?? DEFAULT_DATA_DIR,
      statesKept: flags.statesKept,
      platformRoot: flags.platformRoot,
      network: networkOf(flags),
    },
  };
}
