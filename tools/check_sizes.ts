/**
 * Checks that files stay small: one concept each. Fails above 400 lines (crypto kernels 800), names those above 250.
 *
 * @module
 */
import { readSourceFiles } from "./source_files.ts";

const MAX_LINES = 400;
const MAX_KERNEL_LINES = 800;
const REVIEW_LINES = 250;

const files = await readSourceFiles(["src", "web", "tools", "tests", "benchmarks"]);
let failed = 0;
for (const { path, text } of files) {
  const lines = text.split("\n").length - 1;
  const max = path.startsWith("src/crypto/") ? MAX_KERNEL_LINES : MAX_LINES;
  if (lines > max) {
    failed++;
    console.error(`${path}: ${lines} lines, at most ${max}`);
  } else if (lines > REVIEW_LINES && path.startsWith("src/")) console.log(`review: ${path} has ${lines} lines`);
}
console.log(`sizes: ${files.length} files, ${failed} too long`);
if (failed > 0) Deno.exit(1);
