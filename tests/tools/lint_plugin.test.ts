import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../tools/source_files.ts";

/** Lints a text as if it stood at `path` and returns the messages of our own rule. */
async function lint(path: string, text: string): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  const file = join(folder, path);
  await Deno.mkdir(join(file, ".."), { recursive: true });
  await Deno.writeTextFile(file, text);
  await Deno.writeTextFile(
    join(folder, "deno.json"),
    JSON.stringify({ lint: { plugins: [join(ROOT, "tools", "lint_plugin.ts")], rules: { tags: [] } } }),
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["lint", "--json", file], cwd: folder }).output();
  await Deno.remove(folder, { recursive: true });
  const report = JSON.parse(new TextDecoder().decode(stdout)) as { diagnostics: { message: string }[] };
  return report.diagnostics.map((diagnostic) => diagnostic.message);
}

describe("integritee/no-ambient", () => {
  it.each([
    "export const now = Date.now();",
    "export const n = Math.random();",
    "setTimeout(() => {}, 1);",
    "console.log(1);",
    "export const g = globalThis;",
    "export const bytes = crypto.getRandomValues(new Uint8Array(1));",
  ])("refuses in the pure floors: %s", async (text) => {
    expect(await lint("src/state/a.ts", text)).toHaveLength(1);
  });

  it("lets properties, keys and the other floors pass", async () => {
    const text = "export const a = { console: 1 }; export const b = a.console;";
    expect(await lint("src/state/a.ts", text)).toEqual([]);
    expect(await lint("src/host/a.ts", "console.log(Date.now());")).toEqual([]);
    expect(await lint("src/crypto/a.ts", "export const s = crypto.subtle;")).toEqual([]);
  });
});
