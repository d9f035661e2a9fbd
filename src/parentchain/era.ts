/**
 * Mortality of an extrinsic: for how many blocks after its checkpoint it may be included.
 *
 * Source: substrate `primitives/runtime/src/generic/era.rs#Era` (the parentchain's own format)
 *
 * @module
 */

/** Shortest period of a mortal extrinsic in blocks. */
export const MIN_ERA_PERIOD = 4;
/** Longest period of a mortal extrinsic in blocks. */
export const MAX_ERA_PERIOD = 65_536;

/** For ever, or for `period` blocks from the newest block whose number is `phase` modulo `period`. */
export type Era =
  | { readonly type: "immortal" }
  | { readonly type: "mortal"; readonly period: number; readonly phase: number };

/**
 * A mortal era that begins at the block `current`; the checkpoint to be signed is the block {@linkcode eraBirth}.
 *
 * @param period Blocks; rounded up to a power of two, and up to a longer step above 4,096.
 * @throws {RangeError} If the period is not from {@linkcode MIN_ERA_PERIOD} to {@linkcode MAX_ERA_PERIOD}.
 */
export function mortalEra(period: number, current: number): Era {
  if (!(period >= MIN_ERA_PERIOD && period <= MAX_ERA_PERIOD)) {
    throw new RangeError(`Cannot make era: want a period of 4 to 65536 blocks, got ${period}`);
  }
  const rounded = 2 ** Math.ceil(Math.log2(period));
  const step = quantizeFactor(rounded);
  return { type: "mortal", period: rounded, phase: Math.floor((current % rounded) / step) * step };
}

/** Long periods have their phase in steps, so that it fits into twelve bits. */
function quantizeFactor(period: number): number {
  return Math.max(1, period >>> 12);
}

/** First block of the era that the block `current` is in: its hash is what is signed. */
export function eraBirth(era: Era, current: number): number {
  if (era.type === "immortal") return 0;
  return Math.floor((Math.max(current, era.phase) - era.phase) / era.period) * era.period + era.phase;
}

/** First block after the era that the block `current` is in: from there on the extrinsic cannot be included. */
export function eraDeath(era: Era, current: number): number {
  return era.type === "immortal" ? Number.MAX_SAFE_INTEGER : eraBirth(era, current) + era.period;
}

/** Encodes an era: one byte if immortal, else two. */
export function encodeEra(era: Era): Uint8Array {
  if (era.type === "immortal") return new Uint8Array([0]);
  const low = Math.min(15, Math.max(1, Math.log2(era.period) - 1));
  const encoded = low | ((era.phase / quantizeFactor(era.period)) << 4);
  return new Uint8Array([encoded & 0xff, encoded >>> 8]);
}
