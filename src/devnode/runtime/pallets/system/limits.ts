/**
 * How much fits into a block, and how the metadata says it.
 *
 * @module
 */
import { optionOf, structOf, u32 } from "../../types/builders.ts";
import { type DispatchClass, refTime, type Weight, weight } from "../../types/dispatch_types.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";

/** Blocks whose hashes are kept: mortal extrinsics are born in one of them; as in integritee-node's runtime. */
export const BLOCK_HASH_COUNT = 2400;
/** Computing time of a block in picoseconds: two seconds, as in integritee-node's runtime. */
export const MAX_BLOCK_REF_TIME = 2_000_000_000_000n;
/** Bytes of a block's extrinsics: 5 MiB, as in integritee-node's runtime. */
export const MAX_BLOCK_LENGTH = 5 * 1024 * 1024;
/** Share of a block for normal calls, in percent; the rest is kept for operational ones. */
export const NORMAL_PERCENT = 75n;
/** Share of a block that is expected to be used before the first extrinsic, in percent. */
const INITIALIZATION_PERCENT = 10n;
/** Weight of an empty block, as Substrate's `BlockExecutionWeight`. */
export const BASE_BLOCK_REF_TIME = 453_383_000n;
/** Weight of an extrinsic that does nothing, as Substrate's `ExtrinsicBaseWeight`. */
export const BASE_EXTRINSIC_REF_TIME = 108_157_000n;

/** Computing time for all extrinsics of a class; `undefined` for none. */
export function maxTotalRefTime(dispatchClass: DispatchClass): bigint | undefined {
  if (dispatchClass === "Mandatory") return undefined;
  return dispatchClass === "Normal" ? MAX_BLOCK_REF_TIME * NORMAL_PERCENT / 100n : MAX_BLOCK_REF_TIME;
}

/** Computing time for one extrinsic of a class; `undefined` for no limit. */
export function maxExtrinsicRefTime(dispatchClass: DispatchClass): bigint | undefined {
  const total = maxTotalRefTime(dispatchClass);
  if (total === undefined) return undefined;
  return total - MAX_BLOCK_REF_TIME * INITIALIZATION_PERCENT / 100n - BASE_EXTRINSIC_REF_TIME;
}

/** Bytes for all extrinsics of a class. */
export function maxLength(dispatchClass: DispatchClass): number {
  return dispatchClass === "Normal" ? Number(BigInt(MAX_BLOCK_LENGTH) * NORMAL_PERCENT / 100n) : MAX_BLOCK_LENGTH;
}

interface WeightsPerClass {
  readonly base_extrinsic: Weight;
  readonly max_extrinsic: Weight | undefined;
  readonly max_total: Weight | undefined;
  readonly reserved: Weight | undefined;
}

const weightsPerClass: RuntimeType<WeightsPerClass> = structOf("frame_system::limits::WeightsPerClass", {
  base_extrinsic: weight,
  max_extrinsic: optionOf(weight),
  max_total: optionOf(weight),
  reserved: optionOf(weight),
});

interface PerClass<T> {
  readonly normal: T;
  readonly operational: T;
  readonly mandatory: T;
}

function perDispatchClass<T>(type: RuntimeType<T>): RuntimeType<PerClass<T>> {
  return structOf<PerClass<T>>("frame_support::dispatch::PerDispatchClass", {
    normal: type,
    operational: type,
    mandatory: type,
  }, { params: [{ name: "T", type }] });
}

/** Limits of weight as the metadata tells them. */
export interface BlockWeights {
  readonly base_block: Weight;
  readonly max_block: Weight;
  readonly per_class: PerClass<WeightsPerClass>;
}

/** `BlockWeights`. */
export const blockWeights: RuntimeType<BlockWeights> = structOf("frame_system::limits::BlockWeights", {
  base_block: weight,
  max_block: weight,
  per_class: perDispatchClass(weightsPerClass),
});

function optionalRefTime(picoseconds: bigint | undefined): Weight | undefined {
  return picoseconds === undefined ? undefined : refTime(picoseconds);
}

function weightsOf(dispatchClass: DispatchClass): WeightsPerClass {
  return {
    base_extrinsic: refTime(BASE_EXTRINSIC_REF_TIME),
    max_extrinsic: optionalRefTime(maxExtrinsicRefTime(dispatchClass)),
    max_total: optionalRefTime(maxTotalRefTime(dispatchClass)),
    reserved: dispatchClass === "Operational"
      ? refTime(MAX_BLOCK_REF_TIME * (100n - NORMAL_PERCENT) / 100n)
      : undefined,
  };
}

/** The limits of this runtime. */
export const BLOCK_WEIGHTS: BlockWeights = {
  base_block: refTime(BASE_BLOCK_REF_TIME),
  max_block: refTime(MAX_BLOCK_REF_TIME),
  per_class: { normal: weightsOf("Normal"), operational: weightsOf("Operational"), mandatory: weightsOf("Mandatory") },
};

/** Limits of length as the metadata tells them. */
export interface BlockLength {
  readonly max: PerClass<number>;
}

/** `BlockLength`. */
export const blockLength: RuntimeType<BlockLength> = structOf("frame_system::limits::BlockLength", {
  max: perDispatchClass(u32),
});

/** The limits of this runtime. */
export const BLOCK_LENGTH: BlockLength = {
  max: { normal: maxLength("Normal"), operational: maxLength("Operational"), mandatory: maxLength("Mandatory") },
};
