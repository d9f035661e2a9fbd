/**
 * Fuzz tests at any length: `deno task fuzz --help`.
 *
 * @module
 */
import { Command } from "commander";
import { exitOnUsage } from "../../src/apps/usage_exit.ts";
import { parseU32 } from "../../src/apps/cli/parse.ts";

/** Runs of each target if the command line names none. */
const DEFAULT_RUNS = 20_000;
/** No target of the default length takes as long. */
const TEST_TIMEOUT_MS = 3_600_000;

interface FuzzOptions {
  readonly runs: number;
  readonly seed?: number;
}

async function fuzz(name: string | undefined, { runs, seed }: FuzzOptions): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-worker-options", "npm:vitest@5.1.0", "run", "--project", "deno"]
      .concat(`--testTimeout=${TEST_TIMEOUT_MS}`, `tests/fuzz/${name ?? ""}`),
    cwd: new URL("../../", import.meta.url),
    env: { FUZZ_RUNS: `${runs}`, ...(seed === undefined ? {} : { FUZZ_SEED: `${seed}` }) },
    stdin: "null",
  }).spawn().status;
  return code;
}

if (import.meta.main) {
  const program = new Command("deno task fuzz")
    .description("Feeds mutated encodings, frames and calls to every decoder and to the enclave.")
    .argument("[name]", "a file of tests/fuzz; all if none is named")
    .option("--runs <count>", "inputs for each target", parseU32, DEFAULT_RUNS)
    .option("--seed <number>", "seed of all that is drawn; without it another one each time", parseU32)
    .allowExcessArguments(false)
    .action(async (name: string | undefined, options: FuzzOptions) => Deno.exit(await fuzz(name, options)));
  await exitOnUsage(program).parseAsync([...Deno.args], { from: "user" });
}
