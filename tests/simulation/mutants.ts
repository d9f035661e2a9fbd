/**
 * Planted bugs: each patch is applied to a copy of the tree, in which the simulation must fail an invariant.
 *
 * @module
 */
import { join } from "node:path";
import { applyHunks, parsePatch, PatchError } from "./patch.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PATCHES = join(ROOT, "tests/simulation/mutants");
/** Seeds within which a bug has to be found. */
export const MUTANT_SEEDS = 1000;

/** What came of a mutant. */
export interface MutantResult {
  readonly name: string;
  /** `caught`: an invariant failed. `survived`: none did. `broken`: the patch does not apply, or nothing runs with it. */
  readonly outcome: "caught" | "survived" | "broken";
  /** The seed that found it, and the invariant; or what went wrong. */
  readonly detail: string;
}

/** Names of all mutants. */
export function mutantNames(): string[] {
  return [...Deno.readDirSync(PATCHES)].map(({ name }) => name).filter((name) => name.endsWith(".patch"))
    .map((name) => name.slice(0, -".patch".length)).sort();
}

/** What a mutant does, in words. */
export function describeMutant(name: string): string {
  return parsePatch(readPatch(name)).about;
}

/** The sources that a mutant changes, as it changes them. @throws {PatchError} If it does not fit the tree. */
export function mutatedSources(name: string): ReadonlyMap<string, string> {
  const { files } = parsePatch(readPatch(name));
  return new Map(
    [...files].map(([path, hunks]) => [path, applyHunks(Deno.readTextFileSync(join(ROOT, path)), hunks, path)]),
  );
}

function readPatch(name: string): string {
  return Deno.readTextFileSync(join(PATCHES, `${name}.patch`));
}

/** Runs one mutant on seeds from `from` on until one fails. */
export async function runMutant(name: string, { from = 1, seeds = MUTANT_SEEDS } = {}): Promise<MutantResult> {
  const copy = await Deno.makeTempDir({ prefix: "integritee-mutant-" });
  try {
    await copyTree(copy);
    for (const [path, text] of mutatedSources(name)) await Deno.writeTextFile(join(copy, path), text);
    const range = ["--from", String(from), "--seeds", String(seeds), "--stop"];
    const flags = ["run", "-A", "--no-check", "--unstable-worker-options"];
    const { code, text } = await run([...flags, "tests/simulation/main.ts", ...range], copy);
    const found = /^seed (\d+) .*?: (\w+): (.*)$/m.exec(text);
    if (found !== null) return { name, outcome: "caught", detail: `${found[2]} by seed ${found[1]}: ${found[3]}` };
    return {
      name,
      outcome: code === 0 ? "survived" : "broken",
      detail: code === 0 ? `${seeds} seeds` : text.slice(-500),
    };
  } catch (error) {
    if (error instanceof PatchError) return { name, outcome: "broken", detail: error.message };
    throw error;
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

/** Sources and simulation; packages are shared. */
async function copyTree(to: string): Promise<void> {
  for (const folder of ["src", "tests/simulation"]) await copyFolder(join(ROOT, folder), join(to, folder));
  for (const file of ["deno.json", "deno.lock"]) await Deno.copyFile(join(ROOT, file), join(to, file));
  await Deno.symlink(join(ROOT, "node_modules"), join(to, "node_modules"));
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

async function run(args: string[], cwd: string): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Runs mutants, all of them if none is named, and tells of each. Gives how many were not caught. */
export async function runMutants(named: readonly string[], range: { from?: number; seeds?: number }): Promise<number> {
  const names = named.length > 0 ? named : mutantNames();
  let caught = 0;
  for (const name of names) {
    const startedMs = performance.now();
    const { outcome, detail } = await runMutant(name, range);
    if (outcome === "caught") caught++;
    console.log(`${name}: ${outcome}, ${detail} (${((performance.now() - startedMs) / 1000).toFixed(0)} s)`);
  }
  console.log(`${caught} of ${names.length} caught`);
  return names.length - caught;
}
