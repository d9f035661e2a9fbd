/**
 * Name of a trusted operation.
 *
 * Source: worker `core-primitives/stf-primitives/src/types.rs#TrustedOperation::hash` (839eda024)
 * Vectors: `tests/types/vectors/wire.json` (V1)
 *
 * @module
 */
import { blake2_256 } from "../crypto/blake2.ts";
import { type TopHash, topHash } from "../primitives/branded.ts";
import { type TrustedOperation, trustedOperation } from "./trusted_operation.ts";

/** Blake2-256 of the decrypted operation with its variant byte, so direct and indirect forms differ. */
export function computeTopHash(operation: TrustedOperation): TopHash {
  return topHash(blake2_256(trustedOperation.encode(operation)));
}
