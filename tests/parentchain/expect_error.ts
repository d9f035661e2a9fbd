import type { Result } from "../../src/primitives/result.ts";

/** Code of a failed result, or `ok`. */
export function codeOf<T, E extends { readonly code: string }>(result: Result<T, E>): string {
  return result.ok ? "ok" : result.error.code;
}
