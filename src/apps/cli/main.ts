/**
 * Entry point of the command line: `deno task cli`.
 *
 * @module
 */
import { installFastCrypto } from "../../crypto/fast.ts";
import { runCommandLine } from "./program.ts";
import { processTerminal } from "./terminal.ts";

const terminal = processTerminal();
// Libraries write their remarks to the console; standard output is for results.
for (const level of ["log", "info", "warn", "error", "debug"] as const) {
  console[level] = (...parts: unknown[]) => terminal.note(parts.map(String).join(" "));
}
await installFastCrypto();
Deno.exit(await runCommandLine(Deno.args, terminal));
