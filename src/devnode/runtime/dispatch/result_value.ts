/**
 * Results of calls as events carry them.
 *
 * @module
 */
import type { DispatchResult } from "./call.ts";
import type { DispatchResultValue } from "../types/dispatch_types.ts";

/** The result without what it says of costs. */
export function toResultValue(result: DispatchResult): DispatchResultValue {
  return result.ok ? { type: "Ok", value: undefined } : { type: "Err", value: result.error };
}
