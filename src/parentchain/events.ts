/**
 * `System.Events` of a block: which extrinsics succeeded, and what they did.
 *
 * Source: worker `core-primitives/node-api/metadata/src/events.rs` (839eda024)
 *
 * @module
 */
import { CodecError } from "../codec/error.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { ParentchainMetadata } from "./metadata.ts";

/** One event of a block; its position in the list is its index. */
export interface BlockEvent {
  /** Index of the extrinsic that it belongs to; absent for initialization and finalization. */
  readonly extrinsicIndex: number | undefined;
  /** Name of the pallet. */
  readonly pallet: string;
  /** Name of the event. */
  readonly name: string;
  /** Its fields: an object, a tuple, a single value or `undefined`, as the metadata have them. */
  readonly fields: unknown;
}

/** Whether an extrinsic did what it should; `reason` is the variant name of the dispatch error. */
export type DispatchResult = { readonly type: "success" } | { readonly type: "failed"; readonly reason: string };

/** Decodes the events of a block; absent ones are none. */
export function decodeEvents(
  value: Uint8Array | undefined,
  metadata: ParentchainMetadata,
): Result<readonly BlockEvent[], CodecError> {
  const codec = metadata.storage("System", "Events")?.value;
  if (codec === undefined) return err(new CodecError("UnknownVariant", "the runtime has no System.Events"));
  if (value === undefined) return ok([]);
  try {
    return ok((codec.decode(value) as readonly unknown[]).map(toBlockEvent));
  } catch (error) {
    if (error instanceof CodecError) return err(error);
    throw error;
  }
}

function toBlockEvent(record: unknown): BlockEvent {
  const { phase, event } = record as { readonly phase?: Tagged; readonly event?: Tagged };
  const inner = event?.value as Tagged | undefined;
  if (phase === undefined || event === undefined || inner === undefined) {
    throw new CodecError("InvalidValue", "the event record has no phase or event");
  }
  const extrinsicIndex = phase.type === "ApplyExtrinsic" && typeof phase.value === "number" ? phase.value : undefined;
  return { extrinsicIndex, pallet: event.type, name: inner.type, fields: inner.value };
}

interface Tagged {
  readonly type: string;
  readonly value: unknown;
}

/** A field of an event or call by its name or, where the metadata name none, by its position. */
export function eventField(fields: unknown, name: string, position: number): unknown {
  if (Array.isArray(fields)) return fields[position];
  if (typeof fields === "object" && fields !== null && !(fields instanceof Uint8Array)) {
    return (fields as Record<string, unknown>)[name];
  }
  return position === 0 ? fields : undefined;
}

/** Results of the extrinsics in body order; `undefined` unless each extrinsic has exactly one. */
export function dispatchResults(
  events: readonly BlockEvent[],
  extrinsicCount: number,
): readonly DispatchResult[] | undefined {
  const results = new Array<DispatchResult | undefined>(extrinsicCount).fill(undefined);
  for (const { pallet, name, extrinsicIndex, fields } of events) {
    if (pallet !== "System" || (name !== "ExtrinsicSuccess" && name !== "ExtrinsicFailed")) continue;
    if (extrinsicIndex === undefined || extrinsicIndex >= extrinsicCount) return undefined;
    if (results[extrinsicIndex] !== undefined) return undefined;
    results[extrinsicIndex] = name === "ExtrinsicSuccess"
      ? { type: "success" }
      : { type: "failed", reason: dispatchErrorName(eventField(fields, "dispatch_error", 0)) };
  }
  return results.every((result) => result !== undefined) ? results as DispatchResult[] : undefined;
}

/** Name of a dispatch error down to the pallet's own error, e.g. `Module.Balances.InsufficientBalance`. */
export function dispatchErrorName(error: unknown): string {
  const names: string[] = [];
  let at: unknown = error;
  while (typeof at === "object" && at !== null && "type" in at && typeof at.type === "string" && names.length < 4) {
    names.push(at.type);
    at = "value" in at ? at.value : undefined;
  }
  return names.length === 0 ? "Unknown" : names.join(".");
}
