/**
 * The runtimes a development node can be started with, by name.
 *
 * @module
 */
import type { RuntimeDefinition } from "../definition.ts";
import { integriteeRuntime } from "./integritee.ts";
import { permutedRuntime } from "./permuted.ts";

/** The runtime of a name with slots of a length. */
export function runtimeDefinition(variant: "integritee" | "permuted", slotDurationMs: number): RuntimeDefinition {
  const definition = variant === "permuted" ? permutedRuntime : integriteeRuntime;
  return { ...definition, parameters: { ...definition.parameters, slotDurationMs } };
}
