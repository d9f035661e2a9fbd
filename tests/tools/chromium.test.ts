import { describe, expect, it } from "vitest";
import { CHROMIUM_HINT } from "../../tools/chromium.ts";
import { ROOT } from "../../tools/source_files.ts";

/** Looks for a browser in a process of its own with just this environment. */
async function find(env: Record<string, string>): Promise<{ readonly code: number; readonly output: string }> {
  const script = `import { findChromium } from ${JSON.stringify(`${ROOT}/tools/chromium.ts`)};
    try { console.log((await findChromium("/nowhere")).path); }
    catch (error) { console.log(error.message); Deno.exit(1); }`;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", script],
    env,
    clearEnv: true,
    stderr: "null",
  }).output();
  return { code, output: new TextDecoder().decode(stdout).trim() };
}

describe("findChromium()", () => {
  it("ends with a hint when the named browser is not there", async () => {
    const { code, output } = await find({ CHROMIUM: "/no/such/browser" });
    expect(code).toBe(1);
    expect(output).toContain("/no/such/browser");
    expect(output).toContain(CHROMIUM_HINT);
  });

  it("takes the named browser before any other", async () => {
    expect(await find({ CHROMIUM: Deno.execPath(), PATH: "/usr/bin" })).toEqual({ code: 0, output: Deno.execPath() });
  });
});
