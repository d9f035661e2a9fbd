/**
 * Checks that imports go down only (docs/ARCHITECTURE.md), that the enclave is seen through `src/enclave/api/` only, that
 * platform APIs stand only where they may, and that no file imports itself through others.
 *
 * @module
 */
import { importsOf, readSourceFiles, resolveImport, type SourceFile } from "./source_files.ts";

/** Floor of each folder under `src/`. */
export const FLOORS: Readonly<Record<string, number>> = {
  primitives: 0,
  codec: 1,
  crypto: 1,
  types: 2,
  trie: 2,
  state: 3,
  attestation: 3,
  stf: 4,
  parentchain: 4,
  transport: 4,
  sidechain: 5,
  client: 5,
  enclave: 6,
  devnode: 6,
  edge: 6,
  host: 7,
  apps: 8,
};

/** Entry points that build a worker: the only files outside the enclave that may import all of it. */
const WORKER_ENTRIES = ["enclave_worker.ts", "enclave_worker_web.ts", "platform_worker.ts"].map((f) => `src/apps/${f}`);

/** Where `Deno` and `node:` may stand. */
export const PLATFORM_FOLDERS: readonly string[] = [
  "src/host/deno/",
  "src/enclave/deno/",
  "src/devnode/deno/",
  "src/apps/",
  "tools/",
  "tests/",
  "benchmarks/",
];

/** All breaches in these files, one line each. */
export function findBreaches(files: readonly SourceFile[]): string[] {
  const breaches = files.flatMap((file) => importsOf(file).flatMap((specifier) => breachesOf(file.path, specifier)));
  return [...breaches, ...findCycles(files)];
}

function breachesOf(from: string, specifier: string): string[] {
  if (specifier.startsWith("node:") && !PLATFORM_FOLDERS.some((folder) => from.startsWith(folder))) {
    return [`${from}: imports "${specifier}" outside of the platform folders`];
  }
  const to = resolveImport(from, specifier);
  if (to === undefined || !from.startsWith("src/")) return [];
  if (!to.startsWith("src/")) return [`${from}: imports "${to}", which is outside of src/`];
  const [fromFolder, toFolder] = [folderOf(from), folderOf(to)];
  const [fromFloor, toFloor] = [FLOORS[fromFolder], FLOORS[toFolder]];
  if (fromFloor === undefined) return [`${from}: folder "${fromFolder}" has no floor`];
  if (toFloor === undefined) return [`${from}: imports "${to}", whose folder has no floor`];
  const breaches: string[] = [];
  if (fromFolder !== toFolder && toFloor >= fromFloor) {
    breaches.push(`${from} (floor ${fromFloor}) imports ${to} (floor ${toFloor})`);
  }
  const intoEnclave = toFolder === "enclave" && fromFolder !== "enclave" && !to.startsWith("src/enclave/api/");
  if (intoEnclave && !WORKER_ENTRIES.includes(from)) {
    breaches.push(`${from}: imports ${to}, but only src/enclave/api/ is visible outside of the enclave`);
  }
  return breaches;
}

function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function findCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [
    file.path,
    importsOf(file).map((specifier) => resolveImport(file.path, specifier)).filter((path) => path !== undefined),
  ]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push(`cycle: ${[...trail.slice(at), path].join(" -> ")}`);
    if (at >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

if (import.meta.main) {
  const files = await readSourceFiles(["src", "web", "tools", "benchmarks"]);
  const breaches = findBreaches(files);
  for (const breach of breaches) console.error(breach);
  console.log(`floors: ${files.length} files, ${breaches.length} breaches`);
  if (breaches.length > 0) Deno.exit(1);
}
