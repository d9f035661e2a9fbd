/**
 * Simulations: `deno task simulate --help`.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import process from "node:process";
import { MUTANT_SEEDS, mutantNames, runMutants } from "./mutants.ts";
import { simulate, type SimulationResult } from "./simulation.ts";
import { Counts } from "./trace.ts";

/** Seeds between two lines of progress. */
const PROGRESS_SEEDS = 20;

/** Seeds that are run if nothing is said. */
const DEFAULT_SEEDS = 20;

/** What to run. */
interface SimulateOptions {
  readonly seed?: number;
  readonly seeds?: number;
  readonly from: number;
  readonly validateers?: number;
  readonly stop?: true;
  readonly trace?: true;
  /** `true` for all, or names. */
  readonly mutants?: true | readonly string[];
}

function wholeFrom(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Want a whole number from ${least}${most < 2 ** 40 ? ` to ${most}` : ""}.`);
  };
}

function mutants(text: string): readonly string[] {
  const known = mutantNames();
  const names = text.split(",");
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`There is no planted bug "${unknown}", but ${known.join(", ")}.`);
}

/** Reads the command line; ends the process for `--help` and for what is not understood. */
function parseOptions(args: readonly string[]): SimulateOptions {
  const command = new Command("deno task simulate")
    .description(
      "Validateers, parentchain, clients, disks and network in one thread, on a virtual clock that a seed decides.",
    )
    .option("--seed <number>", "run this seed alone", wholeFrom(0))
    .option(
      "--seeds <count>",
      `how many seeds to run (default: ${DEFAULT_SEEDS}; ${MUTANT_SEEDS} for planted bugs)`,
      wholeFrom(1),
    )
    .option("--from <number>", "the first of them", wholeFrom(0), 1)
    .option("--validateers <count>", "so many validateers instead of as many as the seed says", wholeFrom(1, 7))
    .option("--stop", "end with the first seed that fails")
    .option("--trace", "with --seed: each line of its trace")
    .option("--mutants [names]", "planted bugs, all or those named (A,B): each on seeds until one finds it", mutants)
    .allowExcessArguments(false)
    .exitOverride((error) => Deno.exit(error.exitCode === 0 ? 0 : 2));
  const options = command.parse([...args], { from: "user" }).opts<SimulateOptions>();
  const given = (name: string): boolean => command.getOptionValueSource(name) === "cli";
  if (options.trace && !given("seed")) command.error("error: '--trace' wants '--seed <number>'");
  for (const name of ["seeds", "from", "stop", "mutants"]) {
    if (given("seed") && given(name)) {
      command.error(`error: '--seed' runs one seed alone: '--${name}' does not go with it`);
    }
  }
  return options;
}

/** The command that runs a seed again. */
function replayCommand({ seed, shape }: SimulationResult): string {
  return `deno task simulate --seed ${seed} --validateers ${shape.validateers}`;
}

function describe(result: SimulationResult): string {
  const { seed, shape: { validateers, level }, steps, violation, traceHash } = result;
  const what = violation === undefined ? "ok" : violation.message;
  return `seed ${seed} validateers ${validateers} ${level} steps ${steps} trace ${traceHash.slice(0, 16)}: ${what}`;
}

/** Time that runs took, by number of validateers. */
class Ratios {
  readonly #times = new Map<number, { virtualMs: number; wallMs: number; cpuMs: number }>();

  add({ shape: { validateers }, virtualMs, wallMs }: SimulationResult, cpuMs: number): void {
    const times = this.#times.get(validateers) ?? { virtualMs: 0, wallMs: 0, cpuMs: 0 };
    times.virtualMs += virtualMs;
    times.wallMs += wallMs;
    times.cpuMs += cpuMs;
    this.#times.set(validateers, times);
  }

  print(): void {
    for (const [validateers, { virtualMs, wallMs, cpuMs }] of [...this.#times].sort(([a], [b]) => a - b)) {
      const [wall, cpu] = [virtualMs / wallMs, virtualMs / cpuMs].map((ratio) => ratio.toFixed(1));
      console.log(`  ${validateers} validateers: ${wall} times real time, ${cpu} by processor time`);
    }
  }
}

async function runSeeds({ from, seeds: count = DEFAULT_SEEDS, validateers, stop }: SimulateOptions): Promise<number> {
  const counts = new Counts();
  const ratios = new Ratios();
  const failed: SimulationResult[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const before = process.cpuUsage();
    const result = await simulate({ seed, ...(validateers === undefined ? {} : { validateers }) });
    const { user, system } = process.cpuUsage(before);
    counts.addAll(result.counts);
    ratios.add(result, (user + system) / 1000);
    const done = seed - from + 1;
    if (result.violation !== undefined) {
      failed.push(result);
      console.log(`${describe(result)}\n  ${replayCommand(result)}`);
      if (stop) break;
    } else if (done % PROGRESS_SEEDS === 0) console.log(`${done} of ${count} seeds, ${failed.length} failed`);
  }
  console.log("Counts:");
  for (const [kind, number] of counts.entries()) console.log(`  ${kind}: ${number}`);
  console.log("Speed:");
  ratios.print();
  return failed.length;
}

async function runSeed(seed: number, { validateers, trace }: SimulateOptions): Promise<number> {
  const print = trace ? { print: (line: string) => console.log(line) } : {};
  const result = await simulate({ seed, ...(validateers === undefined ? {} : { validateers }), ...print });
  console.log(describe(result));
  if (result.violation === undefined) return 0;
  console.log(result.violation.stack);
  return 1;
}

async function run(options: SimulateOptions): Promise<number> {
  const { mutants, from, seeds = MUTANT_SEEDS, seed } = options;
  if (mutants !== undefined) return await runMutants(mutants === true ? [] : mutants, { from, seeds });
  return seed === undefined ? await runSeeds(options) : await runSeed(seed, options);
}

const failures = await run(parseOptions(Deno.args));
Deno.exit(failures === 0 ? 0 : 1);
