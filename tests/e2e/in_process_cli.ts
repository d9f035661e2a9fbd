/**
 * The command line without a process of its own: a command then takes a tenth of the time. What belongs to the process, its
 * streams and exit code, is tested elsewhere.
 *
 * @module
 */
import { runCommandLine } from "../../src/apps/cli/program.ts";
import type { CommandResult, TestService } from "./harness.ts";
import type { ServicePorts } from "../ports.ts";

/** Commands to a service, as {@linkcode TestService} has them; keys are kept in the current folder. */
export function inProcessCli(
  { trusted, parentchain }: Pick<ServicePorts, "trusted" | "parentchain">,
): Pick<TestService, "ask" | "cli"> {
  const cli = async (...args: readonly string[]): Promise<CommandResult> => {
    const written = { stdout: "", stderr: "" };
    const code = await runCommandLine(["-p", `${parentchain}`, "-P", `${trusted}`, ...args], {
      print: (line) => void (written.stdout += `${line}\n`),
      note: (line) => void (written.stderr += `${line}\n`),
    });
    return { code, ...written };
  };
  const ask = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await cli(...args);
    if (code !== 0) throw new Error(`"${args.join(" ")}" ended with ${code}: ${stderr}`);
    return stdout.trim();
  };
  return { ask, cli };
}
