/**
 * Events and errors of pallets.
 *
 * @module
 */
import type { Codec } from "../../../codec/codec.ts";
import type { CodecShape, FieldInfo } from "../types/runtime_type.ts";

/** An event by names. */
export interface RuntimeEvent {
  readonly pallet: string;
  readonly name: string;
  readonly value: unknown;
}

/** An event with its content type, ready to be deposited. */
export interface EventDefinition<T = unknown> {
  readonly pallet: string;
  readonly name: string;
  readonly index: number;
  readonly fields: readonly FieldInfo[];
  readonly codec: Codec<T>;
}

/** An event whose content is not known here. */
export interface AnyEvent extends Omit<EventDefinition, "codec"> {
  readonly codec: CodecShape;
}

/** Content of an event before it has got its name. */
export interface EventContent<T> {
  readonly index: number;
  readonly fields: readonly FieldInfo[];
  readonly codec: Codec<T>;
}

/** Gives a pallet's events their names. */
export function defineEvents<T extends Record<string, unknown>>(
  pallet: string,
  events: { readonly [K in keyof T]: EventContent<T[K]> },
): { readonly [K in keyof T]: EventDefinition<T[K]> } {
  const named: Record<string, unknown> = {};
  for (const name of Object.keys(events)) named[name] = { pallet, name, ...events[name as keyof T] };
  return named as { readonly [K in keyof T]: EventDefinition<T[K]> };
}

/** An error of a pallet. */
export interface ErrorDefinition {
  readonly pallet: string;
  readonly name: string;
  readonly index: number;
}

/** Gives a pallet's errors their names. */
export function defineErrors<K extends string>(
  pallet: string,
  errors: Readonly<Record<K, number>>,
): Readonly<Record<K, ErrorDefinition>> {
  const named: Record<string, ErrorDefinition> = {};
  for (const name of Object.keys(errors) as K[]) named[name] = { pallet, name, index: errors[name] };
  return named as Record<K, ErrorDefinition>;
}
