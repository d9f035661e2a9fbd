/**
 * Brings the words of a command line into the order `subcommand options… arguments…` with long options only, so that
 * long options may stand anywhere and a short one means what its place says: before the subcommand the global option,
 * after it the subcommand's own, if it has one.
 *
 * @module
 */

/** An option as the normaliser needs it. */
export interface OptionShape {
  /** Long name with its dashes. */
  readonly long: string;
  /** Short name with its dash. */
  readonly short?: string;
  /** Whether a value follows. */
  readonly value: boolean;
}

/** Options that stand before any subcommand, and those of each subcommand. */
export interface CommandShape {
  readonly globals: readonly OptionShape[];
  readonly subcommands: Readonly<Record<string, readonly OptionShape[]>>;
  /** The subcommand that is meant when none is named. */
  readonly defaultSubcommand: string;
}

/** The words in the order that the parser takes. Unknown options are passed on for the parser to refuse. */
export function normaliseArguments(shape: CommandShape, words: readonly string[]): string[] {
  const at = subcommandPosition(shape, words);
  const name = at === undefined ? shape.defaultSubcommand : words[at] as string;
  const own = shape.subcommands[name] ?? [];
  const before = words.slice(0, at ?? words.length);
  const after = at === undefined ? [] : words.slice(at + 1);
  return [name, ...expand(before, [...shape.globals, ...own]), ...expand(after, [...own, ...shape.globals])];
}

function subcommandPosition(shape: CommandShape, words: readonly string[]): number | undefined {
  const all = [...shape.globals, ...Object.values(shape.subcommands).flat()];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === "--") return undefined;
    if (word in shape.subcommands) return i;
    const option = find(all, word);
    if (option?.value === true && !word.includes("=")) i++;
  }
  return undefined;
}

function find(options: readonly OptionShape[], word: string): OptionShape | undefined {
  const name = word.startsWith("--") ? word.split("=", 1)[0] : word.slice(0, 2);
  return options.find((option) => option.long === name || option.short === name);
}

/** Writes short options long; `-p9944`, `-p=9944` and `-p 9944` are the same. */
function expand(words: readonly string[], options: readonly OptionShape[]): string[] {
  const expanded: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const option = /^-[^-]/.test(word) ? find(options, word) : undefined;
    const long = word.startsWith("--") ? find(options, word) : undefined;
    if (option === undefined) {
      expanded.push(word);
      // The value of a long option is no option, whatever it looks like.
      if (long?.value === true && !word.includes("=") && i + 1 < words.length) expanded.push(words[++i] as string);
      continue;
    }
    const attached = word.slice(2).replace(/^=/, "");
    if (attached !== "" && option.value) expanded.push(option.long, attached);
    else if (attached !== "") expanded.push(option.long, ...expand([`-${attached}`], options));
    else if (option.value && i + 1 < words.length) expanded.push(option.long, words[++i] as string);
    else expanded.push(option.long);
  }
  return expanded;
}
