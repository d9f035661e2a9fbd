/**
 * Which of the up to three parentchains of a shard is meant.
 *
 * Source: worker `core-primitives/types/src/parentchain.rs#ParentchainId` (839eda024)
 *
 * @module
 */
import type { Codec } from "../codec/codec.ts";
import { enumeration } from "../codec/enumeration.ts";

/** Name of a parentchain's role: the registry chain, or one of two chains that may hold the vault. */
export type ParentchainId = "Integritee" | "TargetA" | "TargetB";

/** All parentchain roles, in wire order. */
export const PARENTCHAIN_IDS: readonly ParentchainId[] = ["Integritee", "TargetA", "TargetB"];

/** SCALE codec of {@linkcode ParentchainId}. */
export const parentchainId: Codec<ParentchainId> = enumeration({ Integritee: 0, TargetA: 1, TargetB: 2 });
