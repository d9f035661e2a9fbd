/**
 * Checks that the portable core type-checks against `lib: ["esnext", "webworker"]`: no `Deno`, no `node:`, no DOM.
 *
 * @module
 */
import { join } from "node:path";
import { FLOORS, PLATFORM_FOLDERS } from "./check_floors.ts";
import { readSourceFiles, ROOT, withoutComments } from "./source_files.ts";

/** Highest floor whose whole content is portable. */
const HIGHEST_PORTABLE_FLOOR = 5;

const files = await readSourceFiles(["src"]);
let breaches = 0;
for (const { path, text } of files) {
  if (PLATFORM_FOLDERS.some((folder) => path.startsWith(folder))) continue;
  if (/(?<![.\w])Deno\./.test(withoutComments(text))) {
    breaches++;
    console.error(`${path}: uses "Deno" outside of the platform folders`);
  }
}

const portable = files.map((file) => file.path).filter((path) =>
  (FLOORS[path.split("/")[1] ?? ""] ?? Infinity) <= HIGHEST_PORTABLE_FLOOR
);
const config = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
config.compilerOptions.lib = ["esnext", "webworker"];
const configFile = join(ROOT, `.deno.portable.${Deno.pid}.json`);
// Beside deno.json, since imports resolve from the configuration's folder.
await Deno.writeTextFile(configFile, JSON.stringify(config));
let success = false;
try {
  const status = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--no-lock", "--config", configFile, ...portable],
    cwd: ROOT,
  }).spawn().status;
  success = status.success;
} finally {
  await Deno.remove(configFile);
}
console.log(
  `portable: ${portable.length} files ${success ? "check" : "fail"} without Deno and DOM, ${breaches} breaches`,
);
if (!success || breaches > 0) Deno.exit(1);
