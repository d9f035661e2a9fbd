/**
 * The project's source files and what they import, as the structure checks read them.
 *
 * @module
 */
import { dirname, join, relative, resolve } from "node:path";

/** Folder of the project. */
export const ROOT: string = resolve(import.meta.dirname ?? ".", "..");

/** One TypeScript file. */
export interface SourceFile {
  /** Path from the project's folder, with `/`. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
}

/** Reads all TypeScript files below the given folders of the project, in order of their paths. */
export async function readSourceFiles(folders: readonly string[], root = ROOT): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const folder of folders) await collect(join(root, folder), root, files);
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

async function collect(folder: string, root: string, files: SourceFile[]): Promise<void> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory && entry.name !== "node_modules") await collect(path, root, files);
    if (entry.isFile && entry.name.endsWith(".ts")) {
      files.push({ path: relative(root, path).replaceAll("\\", "/"), text: await Deno.readTextFile(path) });
    }
  }
}

// Static imports and re-exports (types too), dynamic imports, and workers made from a module of the project.
const SPECIFIER =
  /(?:^|[\n;])\s*(?:import|export)\s[^'"`;]*?from\s*["']([^"']+)["']|(?:^|[\n;])\s*import\s*["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']|new URL\(\s*["']([^"']+\.ts)["']\s*,\s*import\.meta\.url/g;

/** The specifiers that a file imports, in order. */
export function importsOf(file: SourceFile): string[] {
  const code = withoutComments(file.text);
  return [...code.matchAll(SPECIFIER)].map((match) => (match[1] ?? match[2] ?? match[3] ?? match[4]) as string);
}

/** The file of the project that a relative specifier names, as a path from the project's folder. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return relative(ROOT, resolve(ROOT, dirname(from), specifier)).replaceAll("\\", "/");
}

/** The text with comments blanked; strings stay, and a `//` inside a string is not a comment. */
export function withoutComments(text: string): string {
  return text.replace(
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (match) => match.startsWith("/") ? match.replace(/[^\n]/g, " ") : match,
  );
}
