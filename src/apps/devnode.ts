/**
 * The development parentchain as a program: `deno task devnode --help`.
 *
 * @module
 */
import { DATABASE_FILE, DEVNODE_VERSION, type RunningDevnode, startDevnode } from "../devnode/deno/run_devnode.ts";
import { DevnodeError } from "../devnode/deno/devnode_error.ts";
import { createDevnodeProgram, type ProgramOptions } from "../devnode/deno/devnode_program.ts";
import type { DevnodeOptions } from "../devnode/options.ts";
import { onStopSignals } from "./stop_signals.ts";
import { exitOnUsage } from "./usage_exit.ts";

/** Longest time between a signal and the end: what is not closed by then is ended by the system. */
const STOP_TIMEOUT_MS = 1800;
/** Exit code of a node that could not start. */
const EXIT_FAILED = 1;

async function run({ node: options, quiet }: ProgramOptions): Promise<void> {
  const running = await startOrExit(options, quiet);
  printTable(options, running);
  const stop = async (): Promise<void> => {
    setTimeout(() => Deno.exit(0), STOP_TIMEOUT_MS);
    await running.stop();
    Deno.exit(0);
  };
  onStopSignals(() => void stop(), () => Deno.exit(0));
}

async function startOrExit(options: DevnodeOptions, quiet: boolean): Promise<RunningDevnode> {
  try {
    return await startDevnode(options, (level, message) => {
      const line = `${new Date().toISOString()} ${message}`;
      if (level !== "info") console.error(line);
      else if (!quiet) console.log(line);
    });
  } catch (error) {
    // Options that do not fit together are told like everything else that keeps a node from starting.
    if (error instanceof DevnodeError) console.error(`${error.message} (${error.code})`);
    else if (error instanceof RangeError) console.error(error.message);
    else throw error;
    return Deno.exit(EXIT_FAILED);
  }
}

function printTable(options: DevnodeOptions, running: RunningDevnode): void {
  const isFull = options.rpcProfile === "full";
  const rows: readonly (readonly [string, string])[] = [
    ["chain", `${options.chain}, its keys and tokens are worth nothing`],
    ["genesis", running.genesisHash],
    ["runtime", options.runtime],
    ["rpc", `${running.url} (WebSocket and HTTP POST)${options.rpcExternal ? ", open to the network" : ""}`],
    ["profile", isFull ? "full" : "integritee: no grandpa_* methods, one justification per 512 blocks"],
    ["metrics", running.prometheusUrl ?? "off"],
    ["block time", `${options.blockTimeMs} ms`],
    ...authorRows(options, running),
    ["database", options.dataDir === undefined ? "none, in memory" : `${options.dataDir}/${DATABASE_FILE}`],
    ["goes on at", `#${running.startingBlock}`],
  ];
  console.log("integritee-edge development parentchain");
  for (const [name, value] of rows) console.log(`  ${name.padEnd(12)}${value}`);
}

function authorRows({ network }: DevnodeOptions, { peerUrl }: RunningDevnode): readonly (readonly [string, string])[] {
  if (network === undefined) return [["author", "//Alice"]];
  return [
    ["author", network.authority ?? "none, a full node"],
    ["authorities", network.authorities.join(", ")],
    ["peers", `${network.peers.length} addresses${peerUrl === undefined ? "" : `, listening on ${peerUrl}`}`],
  ];
}

if (import.meta.main) {
  await exitOnUsage(createDevnodeProgram(DEVNODE_VERSION, run)).parseAsync(["deno", "devnode", ...Deno.args]);
}
