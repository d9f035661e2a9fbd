/**
 * Fuzz tests at any length: `deno run -A tests/fuzz/main.ts [--runs N] [--seed S] [name of a file]`.
 *
 * @module
 */

/** Runs of each target if the command line names none. */
const DEFAULT_RUNS = 20_000;
/** No target of the default length takes as long. */
const TEST_TIMEOUT_MS = 3_600_000;

function numberAfter(flag: string): number | undefined {
  const at = Deno.args.indexOf(flag);
  if (at < 0) return undefined;
  const value = Number(Deno.args[at + 1]);
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`Want a whole number after "${flag}"`);
  return value;
}

if (import.meta.main) {
  const runs = numberAfter("--runs") ?? DEFAULT_RUNS;
  const seed = numberAfter("--seed");
  const name = Deno.args.find((arg, i) => !arg.startsWith("--") && !Deno.args[i - 1]?.startsWith("--"));
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-worker-options", "npm:vitest@5.1.0", "run", "--project", "deno"]
      .concat(`--testTimeout=${TEST_TIMEOUT_MS}`, `tests/fuzz/${name ?? ""}`),
    cwd: new URL("../../", import.meta.url),
    env: { FUZZ_RUNS: `${runs}`, ...(seed === undefined ? {} : { FUZZ_SEED: `${seed}` }) },
    stdin: "null",
  }).spawn().status;
  Deno.exit(code);
}
