/**
 * How all programs end when their command line is not understood.
 *
 * @module
 */
import type { Command } from "commander";
import { EXIT_USAGE } from "./cli/cli_error.ts";

/** Lets a program and its subcommands end with 2 after they have said what they do not understand, and with 0 after help. */
export function exitOnUsage(program: Command): Command {
  for (const command of [program, ...program.commands]) {
    command.exitOverride(({ exitCode }) => Deno.exit(exitCode === 0 ? 0 : EXIT_USAGE));
  }
  return program;
}
