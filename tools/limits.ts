/**
 * The table of limits in `docs/LIMITS.md`, made from the constants and the comments above them.
 *
 * @module
 */
import type { SourceFile } from "./source_files.ts";

/** One limit. */
export interface Limit {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  /** The comment above the constant; empty if there is none. */
  readonly reason: string;
}

const NAME = /^(?:MAX_|MIN_)[A-Z0-9_]+$|^[A-Z0-9_]+_(?:LIMIT|CAPACITY|TIMEOUT_MS|INTERVAL_MS|DELAY_MS)$/;
const CONSTANT =
  /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/|(?:^[ \t]*\/\/[^\n]*\n)+)?[ \t]*\n?^(?:export )?const ([A-Z][A-Z0-9_]*)(?:: [^=\n]+)? =\s*([^;\n]+);/gm;

/** All constants whose names say that they limit something. */
export function findLimits(files: readonly SourceFile[]): Limit[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(CONSTANT)].filter((match) => NAME.test(match[2] as string)).map((match) => ({
      name: match[2] as string,
      value: (match[3] as string).trim(),
      path,
      reason: commentText(match[1] ?? ""),
    }))
  );
}

function commentText(comment: string): string {
  return comment.replace(/^\s*\/\*\*|\*\/\s*$/g, "").split("\n").map((line) => line.replace(/^\s*(?:\*|\/\/)\s?/, ""))
    .join(" ")
    .replace(/\s+/g, " ").trim();
}

/** The document. */
export function renderLimits(limits: readonly Limit[]): string {
  const rows = limits.map(({ name, value, path, reason }) =>
    `| \`${name}\` | \`${value.replaceAll("|", "\\|")}\` | \`${path}\` | ${reason.replaceAll("|", "\\|")} |`
  );
  return [
    "# Limits",
    "",
    "Every bound on a size, a count or a time, with its reason. Made from the source by `deno task check:docs --write`; a",
    "limit without a reason fails the check.",
    "",
    "| Name | Value | Where | Reason |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
