/**
 * The test command: all tests in Deno and, for the portable floors and the client, in Chromium.
 *
 *     deno task test [--project deno|chromium] [vitest arguments]
 *
 * @module
 */
import { join } from "node:path";
import { findChromium } from "./chromium.ts";

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numTotalTests: number;
}

const root = join(import.meta.dirname ?? ".", "..");
const buildDir = join(root, ".build");
const reportFile = join(buildDir, "test_report.json");

async function main(args: readonly string[]): Promise<number> {
  await Deno.mkdir(buildDir, { recursive: true });
  await Deno.remove(reportFile).catch(() => {});
  const at = args.indexOf("--project");
  const onlyDeno = at >= 0 && args[at + 1] === "deno";
  let env: Record<string, string> = {};
  if (!onlyDeno) {
    const chromium = await findChromium(buildDir);
    env = { ...chromium.env, CHROMIUM: chromium.path };
  }
  const status = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-worker-options", "npm:vitest@5.1.0", "run", "--reporter=default", "--reporter=json"]
      .concat(`--outputFile.json=${reportFile}`, args),
    cwd: root,
    env,
    stdin: "null",
  }).spawn().status;
  const report = JSON.parse(await Deno.readTextFile(reportFile)) as Report;
  // Errors outside of any test fail the run without a failed test: they count as one.
  const failed = report.numFailedTests === 0 && !status.success ? 1 : report.numFailedTests;
  console.log(`${report.numPassedTests} passed, ${failed} failed`);
  return status.success && report.numTotalTests > 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    if (error instanceof Error && error.cause !== undefined) console.error(error.cause);
    Deno.exit(1);
  }
}
