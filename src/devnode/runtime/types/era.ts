/**
 * Mortality: for how many blocks a signed extrinsic is good.
 *
 * Source: polkadot-sdk `substrate/primitives/runtime/src/generic/era.rs#Era`
 *
 * @module
 */
import { type Codec, makeCodec } from "../../../codec/codec.ts";
import { CodecError } from "../../../codec/error.ts";
import { take } from "../../../codec/cursor.ts";
import { customType, u8 } from "./builders.ts";
import type { RuntimeType, VariantInfo } from "./runtime_type.ts";

/** Immortal, or mortal with `period` (a power of two, 4 to 65536) and `phase` (less than the period). */
export type Era = { readonly type: "Immortal" } | {
  readonly type: "Mortal";
  readonly period: number;
  readonly phase: number;
};

/** The era that never ends. */
export const IMMORTAL: Era = { type: "Immortal" };
/** Shortest period. */
export const MIN_ERA_PERIOD = 4;
/** Longest period. */
export const MAX_ERA_PERIOD = 65536;

/** The mortal era that begins at `current`; the period is rounded up to a power of two within the bounds. */
export function mortalEra(period: number, current: number): Era {
  let rounded = MIN_ERA_PERIOD;
  while (rounded < period && rounded < MAX_ERA_PERIOD) rounded *= 2;
  const factor = quantizeFactor(rounded);
  return { type: "Mortal", period: rounded, phase: Math.floor((current % rounded) / factor) * factor };
}

/** First block in which an extrinsic of this era is good, seen from `current`. */
export function eraBirth(era: Era, current: number): number {
  if (era.type === "Immortal") return 0;
  const from = Math.max(current, era.phase);
  return Math.floor((from - era.phase) / era.period) * era.period + era.phase;
}

/** First block in which it is not good any more, or `undefined` if it always is. */
export function eraDeath(era: Era, current: number): number | undefined {
  return era.type === "Immortal" ? undefined : eraBirth(era, current) + era.period;
}

/** Long periods count phases in steps. */
function quantizeFactor(period: number): number {
  return Math.max(1, Math.floor(period / 4096));
}

function encodeEra(value: Era): Uint8Array {
  if (value.type === "Immortal") return new Uint8Array([0]);
  const low = Math.min(15, Math.max(1, Math.log2(value.period) - 1));
  const encoded = low | ((value.phase / quantizeFactor(value.period)) << 4);
  return new Uint8Array([encoded & 0xff, (encoded >>> 8) & 0xff]);
}

const eraCodec: Codec<Era> = makeCodec<Era>(encodeEra, (cursor) => {
  const first = take(cursor, 1)[0] ?? 0;
  if (first === 0) return IMMORTAL;
  const encoded = first | ((take(cursor, 1)[0] ?? 0) << 8);
  const period = 2 << (encoded % 16);
  const eraPhase = (encoded >>> 4) * quantizeFactor(period);
  if (period < MIN_ERA_PERIOD || eraPhase >= period) {
    throw new CodecError("InvalidValue", `era of period ${period} and phase ${eraPhase}`);
  }
  return { type: "Mortal", period, phase: eraPhase };
});

/** `Era`: in the metadata an enum of 256 variants, because the first byte is not an index. */
export const era: RuntimeType<Era> = customType("sp_runtime::generic::era::Era", eraCodec, () => ({
  tag: "variant",
  variants: Array.from(
    { length: 256 },
    (_, index): VariantInfo =>
      index === 0
        ? { name: "Immortal", index, fields: [] }
        : { name: `Mortal${index}`, index, fields: [{ name: undefined, type: u8 }] },
  ),
}));
