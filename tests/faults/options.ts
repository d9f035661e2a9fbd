/**
 * The command line of the fault tests.
 *
 * @module
 */
import { Argument, Command, CommanderError, InvalidArgumentError } from "commander";

/** Exit code of a command line that is not understood. */
const EXIT_USAGE = 2;
/** Kills and cuts of a full run. */
const DEFAULT_COUNT = 50;
/** Seed of a run that names none. */
const DEFAULT_SEED = 1;
/** Greatest seed. */
const MAX_SEED = 0xffff_ffff;
/** Most faults of a run: days of them. */
const MAX_COUNT = 100_000;

/** What is to be run. */
export interface FaultRun {
  readonly names: readonly string[];
  readonly count: number;
  readonly seed: number;
}

/** Where help and refusals are written. */
export interface Output {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/**
 * Reads a command line; without names all are meant. Gives the exit code instead if there is nothing to run: 0 for help, 2
 * for what is not understood.
 */
export function parseFaultRun(argv: readonly string[], known: readonly string[], output?: Output): FaultRun | number {
  let run: FaultRun | undefined;
  const program = new Command("faults")
    .description(
      "Disturbs whole processes, counts what comes of it, and ends with 1 if anything was lost, doubled or not as it " +
        "must be, or took more than three times its goal.",
    )
    .addArgument(new Argument("[names...]", "what is played; all if none is named").choices(known))
    .option(
      "--count <n>",
      "faults of each kind, or as great a share of what is timed",
      wholeNumber(1, MAX_COUNT),
      DEFAULT_COUNT,
    )
    .option("--seed <n>", "seed of everything that is drawn", wholeNumber(0, MAX_SEED), DEFAULT_SEED)
    .helpOption("--help", "show this help")
    .showHelpAfterError("(see --help)")
    .exitOverride()
    .action((names: string[], { count, seed }: Omit<FaultRun, "names">) => {
      run = { names: names.length === 0 ? known : [...new Set(names)], count, seed };
    });
  if (output !== undefined) program.configureOutput(output);
  try {
    program.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  return run ?? EXIT_USAGE;
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/u.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Want a whole number from ${min} to ${max}.`);
  };
}
