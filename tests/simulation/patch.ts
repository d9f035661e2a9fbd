/**
 * Unified diffs, applied strictly: the lines that a hunk wants must stand in the file exactly once, wherever that is.
 *
 * @module
 */

/** A patch that does not fit. */
export class PatchError extends Error {
  override readonly name = "PatchError";
}

/** Lines to be replaced by others in one place. */
interface Hunk {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** A patch: why it exists, and what it changes by file. */
export interface Patch {
  /** The words before the first file. */
  readonly about: string;
  readonly files: ReadonlyMap<string, readonly Hunk[]>;
}

/** Reads a patch. @throws {PatchError} If it is none. */
export function parsePatch(text: string): Patch {
  const [about = "", ...parts] = text.split(/^--- a\/.*\n/m);
  const files = new Map<string, readonly Hunk[]>();
  for (const part of parts) {
    const [first = "", ...lines] = part.replace(/\n$/, "").split("\n");
    const path = /^\+\+\+ b\/(src\/\S+)$/.exec(first)?.[1];
    if (path === undefined || files.has(path)) {
      throw new PatchError(`Cannot read patch: "${first}" names no new source`);
    }
    files.set(path, parseHunks(lines, path));
  }
  if (files.size === 0) throw new PatchError("Cannot read patch: it changes nothing");
  return { about: about.trim(), files };
}

function parseHunks(lines: readonly string[], path: string): readonly Hunk[] {
  const hunks: { before: string[]; after: string[] }[] = [];
  for (const line of lines) {
    const hunk = hunks.at(-1);
    const [kind, rest] = [line[0], line.slice(1)];
    if (line.startsWith("@@ ")) hunks.push({ before: [], after: [] });
    else if (hunk === undefined || (kind !== " " && kind !== "-" && kind !== "+")) {
      throw new PatchError(`Cannot read patch of "${path}": what is "${line}"?`);
    } else {
      if (kind !== "+") hunk.before.push(rest);
      if (kind !== "-") hunk.after.push(rest);
    }
  }
  if (hunks.length === 0) throw new PatchError(`Cannot read patch of "${path}": it has no hunk`);
  return hunks;
}

/** The text of a file with the hunks applied. @throws {PatchError} If one fits nowhere or in several places. */
export function applyHunks(text: string, hunks: readonly Hunk[], path: string): string {
  let lines = text.split("\n");
  for (const { before, after } of hunks) {
    const places = lines.keys().filter((at) => before.every((line, i) => lines[at + i] === line)).toArray();
    const [at] = places;
    if (at === undefined || places.length > 1) {
      throw new PatchError(`Cannot patch "${path}": "${before.join("\\n")}" stands there ${places.length} times`);
    }
    lines = [...lines.slice(0, at), ...after, ...lines.slice(at + before.length)];
  }
  return lines.join("\n");
}
