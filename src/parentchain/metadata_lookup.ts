/**
 * Metadata as the polkadot-api packages read them: the one place that knows those packages.
 *
 * @module
 */
import { getLookupFn, type LookupEntry, type Var } from "@polkadot-api/metadata-builders";
import {
  decAnyMetadata,
  type StringRecord,
  type UnifiedMetadata,
  unifyMetadata,
} from "@polkadot-api/substrate-bindings";

export type { LookupEntry, StringRecord, UnifiedMetadata, Var };

/** Largest metadata that are read: live runtimes have 300 to 700 kB. */
export const MAX_METADATA_BYTES: number = 4 * 1024 * 1024;

/** Metadata with the types they describe. */
export interface DescribedRuntime {
  /** Pallets, extrinsic format and types, in one form for all versions. */
  readonly unified: UnifiedMetadata;
  /** A type by its id. */
  readonly lookup: (id: number) => LookupEntry;
}

/**
 * Reads metadata of version 14, 15 or 16, with or without the wrapping of a runtime call.
 *
 * @throws {RangeError} If they are larger than {@linkcode MAX_METADATA_BYTES}.
 * @throws {TypeError} If they are not metadata of these versions.
 */
export function readMetadata(bytes: Uint8Array): DescribedRuntime {
  if (bytes.length > MAX_METADATA_BYTES) {
    throw new RangeError(`Cannot read metadata: ${bytes.length} bytes, at most ${MAX_METADATA_BYTES}`);
  }
  try {
    const unified = unifyMetadata(decAnyMetadata(bytes));
    return { unified, lookup: getLookupFn(unified) };
  } catch (cause) {
    throw new TypeError("Cannot read metadata: want version 14, 15 or 16", { cause });
  }
}

/** Path of a type, e.g. `["sp_runtime", "multiaddress", "MultiAddress"]`. */
export function typePath(runtime: DescribedRuntime, id: number): readonly string[] {
  return runtime.unified.lookup[id]?.path ?? [];
}
