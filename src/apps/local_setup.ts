/**
 * Starts a network on this machine from one file: nodes first, then the validateers one after the other, each when the
 * one before is up.
 *
 *     deno task local-setup local-setup/two-validateers.json
 *
 * Source: worker `local-setup/launch.py` (839eda024)
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { LocalSetupError, parseLocalSetup } from "./local_setup/config.ts";
import { assertPortsFree } from "./local_setup/health.ts";
import { runNetwork } from "./local_setup/network.ts";
import { planLocalSetup } from "./local_setup/plan.ts";
import { exitOnUsage } from "./usage_exit.ts";

/** Exit code of a network that could not be started, or of which a process ended by itself. */
const EXIT_FAILURE = 1;
/** Folder of the programs. */
const APPS = fileURLToPath(new URL("./", import.meta.url));
/** Signals that stop the network; without the last, closing the terminal would leave the members behind. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function run(file: string, stop: AbortSignal): Promise<0 | 1> {
  const plan = await planLocalSetup(parseLocalSetup(await readConfig(file)));
  assertPortsFree([...plan.nodes, ...plan.validateers]);
  return await runNetwork(plan, {
    commandOf: ({ program, args }) => ({
      program: Deno.execPath(),
      args: ["run", "-A", "--unstable-worker-options", `${APPS}${program}`, ...args],
    }),
    print: (line) => console.log(line),
    isColoured: Deno.stdout.isTerminal() && !Deno.noColor,
    nowMs: () => Date.now(),
  }, stop);
}

async function readConfig(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "it is not there" : String(cause);
    throw new LocalSetupError(`Cannot read "${file}": ${reason}`, { cause });
  }
}

/** Runs a command line and resolves with the exit code of what it asks for: 0 stopped by a signal, 1 failed. */
async function runCommandLine(argv: readonly string[], stop: AbortSignal): Promise<number> {
  let code: number = EXIT_FAILURE;
  const program = new Command("local-setup")
    .description("start parentchain nodes and validateers from one file, and stop them together on Ctrl-C")
    .argument("<file>", "configuration, such as local-setup/two-validateers.json; see local-setup/README.md")
    .action(async (file: string) => void (code = await run(file, stop)));
  try {
    await exitOnUsage(program).parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof LocalSetupError)) throw error;
    console.error(`local-setup: ${error.message}`);
    return EXIT_FAILURE;
  }
}

if (import.meta.main) {
  const controller = new AbortController();
  const signals = Deno.build.os === "windows" ? STOP_SIGNALS.slice(0, 1) : STOP_SIGNALS;
  for (const signal of signals) Deno.addSignalListener(signal, () => controller.abort());
  Deno.exit(await runCommandLine(Deno.args, controller.signal));
}
