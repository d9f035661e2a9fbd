/**
 * The whole command line.
 *
 * Source: worker `cli/src/lib.rs#Cli` (839eda024)
 *
 * @module
 */
import { Command, CommanderError, Option } from "commander";
import { DEFAULT_MINIMUM_TCB_STATUS } from "../../attestation/quote_policy.ts";
import { TCB_STATUSES } from "../../attestation/tcb_status.ts";
import { orderArguments } from "./argument_order.ts";
import { CliError, EXIT_FAILURE, EXIT_USAGE } from "./cli_error.ts";
import type { CommandContext, GlobalOptions } from "./context.ts";
import { addParentchainCommands } from "./parentchain_commands.ts";
import { parseDays, parseNodeUrl, parsePort } from "./parse.ts";
import type { Terminal } from "./terminal.ts";
import { addTrustedCommands } from "./trusted_commands.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** Builds the program that writes to a terminal. */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command("integritee-cli")
    .description("talk to an Integritee parentchain and to the shards on it")
    .option("-u, --node-url <url>", "parentchain node, without port", parseNodeUrl, "ws://127.0.0.1")
    .option("-p, --node-port <port>", "port of the parentchain node", parsePort, 9944)
    .option("-U, --worker-url <url>", "worker, without port", "wss://127.0.0.1")
    .option("-P, --trusted-worker-port <port>", "port of the worker's trusted endpoint", parsePort, 2000)
    .option("--accept-emulated-enclave", "trust an emulated enclave outside development: its host can read it", false)
    .option("--platform-root <file>", "PEM certificate of an operator's platform root to trust, emulated as well")
    .addOption(
      new Option("--minimum-tcb-status <status>", "how well patched a real platform has to be")
        .choices(TCB_STATUSES.filter((status) => status !== "Revoked")).default(DEFAULT_MINIMUM_TCB_STATUS),
    )
    .option(
      "--max-collateral-age <days>",
      "oldest word of the vendor on a real platform; default: until the date that it names itself",
      parseDays,
    )
    .option("--insecure", "trust whoever answers at the worker's address, without evidence", false)
    .option("-v, --verbose", "tell all that was verified", false)
    .enablePositionalOptions();
  const context: CommandContext = { terminal, options: () => program.opts<GlobalOptions>() };
  addParentchainCommands(program, context);
  addTrustedCommands(program, context);
  for (const command of allCommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    });
  }
  return program;
}

/** Runs a command line and resolves with the exit code: 0 done, 1 failed, 2 not understood. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  const program = buildProgram(terminal);
  try {
    await program.parseAsync(orderArguments(program, argv), { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (error instanceof CliError) {
      terminal.note(`error: ${error.message}${causeOf(error)}`);
      return error.exitCode;
    }
    terminal.note(`error: ${messageOf(error)}`);
    return EXIT_FAILURE;
  }
}

function causeOf(error: CliError): string {
  return error.cause instanceof Error && error.cause.message !== "" ? ` (${error.cause.message})` : "";
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}
