/**
 * Checks the documents against the source: limits, differences, sources of wire types, doc comments of the public API.
 * With `--write` it makes `docs/LIMITS.md` anew.
 *
 * @module
 */
import { join } from "node:path";
import { findLimits, renderLimits } from "./limits.ts";
import { readSourceFiles, ROOT } from "./source_files.ts";

const files = await readSourceFiles(["src"]);
const problems: string[] = [];

const limits = findLimits(files);
for (const { name, path, reason } of limits) if (reason === "") problems.push(`${path}: limit "${name}" has no reason`);
const limitsFile = join(ROOT, "docs", "LIMITS.md");
const wanted = renderLimits(limits);
if (Deno.args.includes("--write")) await Deno.writeTextFile(limitsFile, wanted);
else if (await Deno.readTextFile(limitsFile).catch(() => "") !== wanted) {
  problems.push('docs/LIMITS.md is not what the source says: run "deno task check:docs --write"');
}

const differences = await Deno.readTextFile(join(ROOT, "docs", "DIFFERENCES.md")).catch(() => "");
for (const { path, text } of files) {
  if (/^\s*\*?\s*Differs:/m.test(text) && !differences.includes(path)) {
    problems.push(`${path}: has a "Differs:" line, but docs/DIFFERENCES.md does not name the file`);
  }
  if (path.startsWith("src/types/") && !/(?:Source|Differs):/.test(text)) {
    problems.push(`${path}: a wire type without a "Source:" or "Differs:" line`);
  }
  if (/\b(?:TODO|FIXME|XXX)\b/.test(text)) problems.push(`${path}: has an open TODO`);
}

const lint = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", "mod.ts"],
  cwd: ROOT,
  stdout: "null",
  stderr: "piped",
})
  .output();
if (!lint.success) problems.push(`deno doc --lint mod.ts:\n${new TextDecoder().decode(lint.stderr)}`);

for (const problem of problems) console.error(problem);
console.log(`docs: ${limits.length} limits, ${problems.length} problems`);
if (problems.length > 0) Deno.exit(1);
