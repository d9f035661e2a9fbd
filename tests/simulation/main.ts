/**
 * `deno task simulate`: runs seeds and says what came of them.
 *
 * `--seed N [--validateers V] [--trace]` one seed, with each line of its trace
 * `--seeds N [--from M] [--stop]` seeds from M (1) on; with `--stop` the first failure ends it
 * `--mutants [NAME,NAME…] [--seeds N] [--from M]` planted bugs, each on seeds until one finds it
 *
 * @module
 */
import process from "node:process";
import { MUTANT_SEEDS, runMutants } from "./mutants.ts";
import { simulate, type SimulationResult } from "./simulation.ts";
import { Counts } from "./trace.ts";

/** Seeds between two lines of progress. */
const PROGRESS_SEEDS = 20;

function option(name: string): number | undefined {
  const at = Deno.args.indexOf(`--${name}`);
  if (at < 0) return undefined;
  const value = Number(Deno.args[at + 1]);
  if (!Number.isInteger(value)) {
    throw new TypeError(`Cannot read --${name}: want a whole number, got "${Deno.args[at + 1]}"`);
  }
  return value;
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

async function runSeeds(from: number, count: number, validateers: number | undefined): Promise<number> {
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
      if (Deno.args.includes("--stop")) break;
    } else if (done % PROGRESS_SEEDS === 0) console.log(`${done} of ${count} seeds, ${failed.length} failed`);
  }
  console.log("Counts:");
  for (const [kind, number] of counts.entries()) console.log(`  ${kind}: ${number}`);
  console.log("Speed:");
  ratios.print();
  return failed.length;
}

async function runSeed(seed: number, validateers: number | undefined): Promise<number> {
  const print = Deno.args.includes("--trace") ? { print: (line: string) => console.log(line) } : {};
  const result = await simulate({ seed, ...(validateers === undefined ? {} : { validateers }), ...print });
  console.log(describe(result));
  if (result.violation === undefined) return 0;
  console.log(result.violation.stack);
  return 1;
}

const seed = option("seed");
const validateers = option("validateers");
const from = option("from") ?? 1;
const mutants = Deno.args.indexOf("--mutants");
let failures: number;
if (mutants >= 0) {
  const named = Deno.args[mutants + 1];
  const names = named === undefined || named.startsWith("--") ? [] : named.split(",");
  failures = await runMutants(names, { from, seeds: option("seeds") ?? MUTANT_SEEDS });
} else if (seed !== undefined) failures = await runSeed(seed, validateers);
else failures = await runSeeds(from, option("seeds") ?? 20, validateers);
Deno.exit(failures === 0 ? 0 : 1);
