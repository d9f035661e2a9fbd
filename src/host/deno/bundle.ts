/**
 * Builds the enclave's bundle: one file of JavaScript whose SHA-256 is the MRENCLAVE. The same sources give the same
 * bytes in every folder.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Metafile, stop } from "esbuild";
import { equalBytes } from "../../primitives/bytes.ts";
import { replaceFile } from "./data_dir.ts";

/** Folder of the project, where `deno.json` lies. */
export const PROJECT_ROOT: string = fileURLToPath(new URL("../../../", import.meta.url));
/** Entry point of the enclave, relative to the project. */
export const ENCLAVE_ENTRY = "src/apps/enclave_worker.ts";
/** Where the bundle is kept, relative to the project. */
export const ENCLAVE_BUNDLE = ".build/enclave.js";

/**
 * What the platform gives every bundle without asking and an enclave must not have: storage on disk and a channel to
 * every other worker.
 */
const BANNER =
  "delete globalThis.caches;delete globalThis.CacheStorage;delete globalThis.Cache;delete globalThis.BroadcastChannel;";

/**
 * The only modules of the runtime that a bundle may import: what TLS inside the enclave needs. Everything else, above
 * all `node:worker_threads` with its BroadcastChannel, would be a way around the permissions.
 */
const ALLOWED_IMPORTS: ReadonlySet<string> = new Set([
  "node:buffer",
  "node:crypto",
  "node:events",
  "node:https",
  "node:net",
  "node:stream",
  "node:tls",
  "node:util",
]);

/**
 * Texts that no bundle may contain: each reaches modules that its import list does not show. The second is what the
 * bundler writes for an import of a module chosen at run time.
 */
const FORBIDDEN_TEXTS: readonly string[] = ["getBuiltinModule", "Dynamic require of"];

/** The sources cannot be made into an acceptable bundle. */
export class BundleError extends Error {
  override readonly name = "BundleError";
  /**
   * `BuildFailed`: the bundler refused; `ForbiddenImport`, `ForbiddenText`: the bundle could reach what an enclave must
   * not; `PathLeak`: the bundle depends on where it was built; `Unreadable`: there is no such file.
   */
  readonly code: "BuildFailed" | "ForbiddenImport" | "ForbiddenText" | "PathLeak" | "Unreadable";

  /** Makes the error of one code. */
  constructor(code: BundleError["code"], detail: string, options?: ErrorOptions) {
    super(`Cannot ${code === "Unreadable" ? "read" : "build"} the enclave's bundle: ${code}: ${detail}`, options);
    this.code = code;
  }
}

/** A bundle and where it lies. */
export interface EnclaveBundle {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const SETTINGS = {
  bundle: true,
  write: false,
  metafile: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  // Makes every dynamic import a require, which is either in the import list or becomes a forbidden text.
  supported: { "dynamic-import": false },
  minify: true,
  legalComments: "none",
  charset: "utf8",
  logLevel: "silent",
  external: ["node:*"],
  mainFields: ["module", "main"],
  conditions: ["import", "module"],
  // No configuration from the surroundings: a stray file must not change the measurement.
  tsconfigRaw: "{}",
  banner: { js: BANNER },
} as const satisfies BuildOptions;

/**
 * Bundles an entry point, by default the enclave's, and checks what the bundle can reach.
 *
 * @param root Folder of the project.
 * @param entry Entry point, relative to it.
 * @throws {BundleError}
 */
export async function bundleEnclave(
  root: string = PROJECT_ROOT,
  entry: string = ENCLAVE_ENTRY,
): Promise<Uint8Array> {
  try {
    const result = await build({
      ...SETTINGS,
      conditions: [...SETTINGS.conditions],
      mainFields: [...SETTINGS.mainFields],
      external: [...SETTINGS.external],
      absWorkingDir: root,
      entryPoints: [entry],
      outfile: ENCLAVE_BUNDLE,
    });
    const [file] = result.outputFiles;
    if (file === undefined) throw new BundleError("BuildFailed", "no output");
    checkImports(result.metafile);
    checkText(file.text, root);
    return file.contents;
  } catch (cause) {
    if (cause instanceof BundleError) throw cause;
    throw new BundleError("BuildFailed", cause instanceof Error ? cause.message : "unknown", { cause });
  } finally {
    // The bundler is a process of its own, which would keep this one alive.
    await stop();
  }
}

function checkImports(metafile: Metafile): void {
  for (const { imports } of Object.values(metafile.outputs)) {
    for (const { path, kind } of imports) {
      const name = path.startsWith("node:") ? path : `node:${path}`;
      if (kind !== "import-statement" || !ALLOWED_IMPORTS.has(name)) {
        throw new BundleError("ForbiddenImport", `"${path}" by ${kind}`);
      }
    }
  }
}

function checkText(text: string, root: string): void {
  const forbidden = FORBIDDEN_TEXTS.find((part) => text.includes(part));
  if (forbidden !== undefined) throw new BundleError("ForbiddenText", `"${forbidden}"`);
  if (text.includes(root.replace(/\/$/u, ""))) throw new BundleError("PathLeak", "the project's folder is in it");
}

/**
 * Builds the enclave's bundle and writes it if it is missing or outdated.
 *
 * @throws {BundleError}
 */
export async function ensureEnclaveBundle(
  root: string = PROJECT_ROOT,
): Promise<EnclaveBundle> {
  const bytes = await bundleEnclave(root);
  const path = join(root, ENCLAVE_BUNDLE);
  if (!await holds(path, bytes)) {
    await Deno.mkdir(dirname(path), { recursive: true });
    // Renamed into place, so that a platform starting at the same time never measures half a file.
    const temporary = `${path}.${Deno.pid}`;
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, path);
  }
  return { path, bytes };
}

/** A bundle that was built before, as it is. @throws {BundleError} `Unreadable` */
export async function readEnclaveBundle(
  file: string,
): Promise<EnclaveBundle> {
  try {
    const path = resolve(file);
    return { path, bytes: await Deno.readFile(path) };
  } catch (cause) {
    throw new BundleError("Unreadable", `"${file}"`, { cause });
  }
}

/**
 * Writes a bundle beside what its enclave has sealed, so that it can be started again once the sources are newer; as durably
 * as that is written.
 */
export async function keepEnclaveBundle(path: string, bytes: Uint8Array): Promise<void> {
  if (!await holds(path, bytes)) await replaceFile(path, bytes);
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return equalBytes(await Deno.readFile(path), bytes);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
