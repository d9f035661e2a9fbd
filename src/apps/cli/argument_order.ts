/**
 * Puts options where commander wants them: behind the command that owns them. People write options anywhere; the
 * original lets a long option stand anywhere, and gives a short letter with two meanings to the subcommand.
 *
 * @module
 */
import type { Command, Option } from "commander";

interface Found {
  readonly level: number;
  readonly option: Option;
  /** Whether the next argument belongs to the option. */
  readonly takesNext: boolean;
}

/**
 * The same arguments with each option right behind the command that owns it. Unknown options stay where they are, so
 * that commander reports them; what follows `--` is left alone. `defaultCommand` is meant where no command is named,
 * unless help or the version is asked for.
 */
export function orderArguments(program: Command, argv: readonly string[], defaultCommand?: string): string[] {
  const path = commandPath(program, argv);
  const implied = path.length > 1 || argv.some((argument) => ["--help", "--version", "-V"].includes(argument))
    ? undefined
    : program.commands.find((command) => command.name() === defaultCommand);
  if (implied !== undefined) path.push(implied);
  const levels: string[][] = path.map(() => []);
  let level = 0;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string;
    if (argument === "--") {
      levels[path.length - 1]?.push(...argv.slice(i));
      break;
    }
    if (!isOption(argument)) {
      if (implied === undefined && level + 1 < path.length && isNameOf(path[level + 1] as Command, argument)) {
        level += 1;
      } else levels[implied === undefined ? level : path.length - 1]?.push(argument);
      continue;
    }
    const found = findOwner(path, level, argument);
    const target = levels[found?.level ?? level] as string[];
    target.push(argument);
    if (found?.takesNext !== true) continue;
    // Said here, because behind this option the name of the next command would be taken for its value.
    if (i + 1 >= argv.length) program.error(`error: option '${found.option.flags}' argument missing`);
    target.push(argv[++i] as string);
  }
  return levels.flatMap((own, i) => i === 0 ? own : [(path[i] as Command).name(), ...own]);
}

/** The commands that the arguments name, from the program down. */
function commandPath(program: Command, argv: readonly string[]): Command[] {
  const path = [program];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string;
    if (argument === "--") break;
    const here = path[path.length - 1] as Command;
    if (isOption(argument)) {
      if (findAnywhere(program, path, argument)) i += 1;
      continue;
    }
    const next = here.commands.find((command) => isNameOf(command, argument));
    if (next === undefined) break;
    path.push(next);
  }
  return path;
}

function findOwner(path: readonly Command[], level: number, argument: string): Found | undefined {
  // A long option belongs to the deepest command that knows it; a short one, to the command it stands behind.
  const order = [...path.keys()].reverse();
  const inOrder = argument.startsWith("--")
    ? order
    : [...order.filter((i) => i <= level), ...order.filter((i) => i > level).reverse()];
  for (const i of inOrder) {
    const match = matchOption(path[i] as Command, argument);
    if (match !== undefined) return { level: i, ...match };
  }
  return undefined;
}

/** Whether any command knows the option as one that takes the next argument. */
function findAnywhere(program: Command, path: readonly Command[], argument: string): boolean {
  for (const command of [...path].reverse()) {
    const match = matchOption(command, argument);
    if (match !== undefined) return match.takesNext;
  }
  if (!argument.startsWith("--")) return false;
  const search = (command: Command): boolean =>
    matchOption(command, argument)?.takesNext === true || command.commands.some(search);
  return search(program);
}

function matchOption(command: Command, argument: string): Omit<Found, "level"> | undefined {
  const long = argument.startsWith("--");
  const equals = argument.indexOf("=");
  const flag = long ? (equals < 0 ? argument : argument.slice(0, equals)) : argument.slice(0, 2);
  const option = command.options.find((candidate) => (long ? candidate.long : candidate.short) === flag);
  if (option === undefined) return undefined;
  const inline = long ? equals >= 0 : argument.length > 2;
  return { option, takesNext: option.required && !inline };
}

function isOption(argument: string): boolean {
  return argument.length > 1 && argument.startsWith("-");
}

function isNameOf(command: Command, argument: string): boolean {
  return command.name() === argument || command.aliases().includes(argument);
}
