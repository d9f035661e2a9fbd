/**
 * Executing one extrinsic on a state that is then thrown away.
 *
 * @module
 */
import { concatBytes } from "../../primitives/bytes.ts";
import type { Trie } from "../../trie/trie.ts";
import { auraSlot } from "../../parentchain/aura.ts";
import { digestItem } from "../../parentchain/digest.ts";
import type { ParentchainHeader } from "../../parentchain/header.ts";
import { RpcError } from "../../transport/rpc_error.ts";
import { preRuntimeSlot } from "../aura.ts";
import type { RuntimePort } from "../runtime/runtime_interface.ts";
import type { InvalidTransaction, TransactionValidityError, UnknownTransaction } from "../runtime/validity.ts";

/** Code of "Unable to dry run extrinsic" of the `system_*` methods. */
export const DRY_RUN_FAILED = 8000;

/** The block on which an extrinsic is tried. */
export interface DryRunBase {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly state: Trie;
  readonly header: ParentchainHeader | undefined;
}

const INVALID_INDEXES: { readonly [K in InvalidTransaction["code"]]: number } = {
  Call: 0,
  Payment: 1,
  Future: 2,
  Stale: 3,
  BadProof: 4,
  AncientBirthBlock: 5,
  ExhaustsResources: 6,
  Custom: 7,
  BadMandatory: 8,
  MandatoryValidation: 9,
  BadSigner: 10,
};

const UNKNOWN_INDEXES: { readonly [K in UnknownTransaction["code"]]: number } = {
  CannotLookup: 0,
  NoUnsignedValidator: 1,
  CustomUnknown: 2,
};

/**
 * The SCALE-encoded `ApplyExtrinsicResult` of an extrinsic in the slot after the block.
 *
 * @throws {RpcError} If the bytes are no extrinsic of this runtime.
 */
export function dryRun<Block>(
  runtime: RuntimePort<Trie, Block>,
  base: DryRunBase,
  extrinsic: Uint8Array,
): Uint8Array {
  const slot = base.header === undefined ? undefined : auraSlot(base.header);
  const next = slot?.ok === true ? slot.value + 1n : 1n;
  const digest = [digestItem.encode(preRuntimeSlot(next))];
  const block = runtime.initializeBlock(base.state, { number: base.number + 1, parentHash: base.hash, digest });
  for (const inherent of runtime.inherentExtrinsics(Number(next) * runtime.slotDurationMs)) {
    runtime.applyExtrinsic(block, inherent);
  }
  const applied = runtime.applyExtrinsic(block, extrinsic);
  if (!applied.ok) return concatBytes(new Uint8Array([1]), encodeValidityError(applied.error));
  const { value } = applied;
  return value.ok ? new Uint8Array([0, 0]) : concatBytes(new Uint8Array([0, 1]), value.encoded);
}

function encodeValidityError(error: TransactionValidityError): Uint8Array {
  switch (error.kind) {
    case "Invalid":
      return new Uint8Array([0, INVALID_INDEXES[error.code], ...(error.code === "Custom" ? [error.number] : [])]);
    case "Unknown":
      return new Uint8Array([
        1,
        UNKNOWN_INDEXES[error.code],
        ...(error.code === "CustomUnknown" ? [error.number] : []),
      ]);
    case "Undecodable":
      throw new RpcError(DRY_RUN_FAILED, "Unable to dry run extrinsic.", error.detail);
  }
}
