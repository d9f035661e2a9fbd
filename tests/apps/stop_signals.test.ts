import { describe, expect, it } from "vitest";

const MODULE = new URL("../../src/apps/stop_signals.ts", import.meta.url).href;
/** Prints what it hears, and ends at the second signal. */
const PROGRAM = `
  import { onStopSignals } from "${MODULE}";
  onStopSignals(() => console.log("first"), () => { console.log("again"); Deno.exit(7); });
  setInterval(() => {}, 1000);
  console.log("ready");
`;

describe("onStopSignals()", () => {
  it("takes signals at once for one, and a later one for a second", async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", PROGRAM],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const lines: string[] = [];
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const next = async () => {
      const { value } = await reader.read();
      lines.push(...(value ?? "").split("\n").filter((line) => line !== ""));
    };
    await next();
    for (const signal of ["SIGINT", "SIGINT", "SIGTERM"] as const) child.kill(signal);
    await next();
    expect(lines).toEqual(["ready", "first"]);
    // However slow the machine is, the time between two signals that are sent after it has passed is longer.
    await new Promise((resolve) => setTimeout(resolve, 600));
    child.kill("SIGINT");
    await next();
    expect((await child.status).code).toBe(7);
    expect(lines).toEqual(["ready", "first", "again"]);
    await reader.cancel();
  });
});
