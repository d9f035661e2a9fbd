/**
 * From a decoded extrinsic to a transaction whose sender has signed it.
 *
 * @module
 */
import { blake2_256 } from "../../../crypto/blake2.ts";
import { verifyMultiSignature } from "../../../crypto/multi_signature.ts";
import { concatBytes } from "../../../primitives/bytes.ts";
import { err, ok, type Result } from "../../../primitives/result.ts";
import type { SignedTransaction } from "../extensions/extension.ts";
import { lookupAddress } from "../types/common.ts";
import {
  invalid,
  type TransactionSource,
  type TransactionValidityError,
  type ValidTransaction,
  verdictMissing,
} from "../validity.ts";
import type { BlockExecution } from "./block_execution.ts";
import { decodeExtrinsic, type Extrinsic, type ExtrinsicSignature } from "./extrinsic.ts";

/** Longest payload that is signed as it is; longer ones are hashed. */
const MAX_UNHASHED_PAYLOAD = 256;

/** An extrinsic whose signature, if any, is good. */
export interface CheckedExtrinsic {
  readonly extrinsic: Extrinsic;
  /** `undefined` for one without signature. */
  readonly signed: { readonly transaction: SignedTransaction; readonly extras: readonly unknown[] } | undefined;
}

/** Bytes behind what the extensions sign without sending, in their order. */
function implicitBytes(
  block: BlockExecution,
  extras: readonly unknown[],
): Result<Uint8Array, TransactionValidityError> {
  const parts: Uint8Array[] = [];
  for (const [i, extension] of block.model.definition.extensions.entries()) {
    const implicit = extension.implicitOf(block, extras[i] as never);
    if (!implicit.ok) return implicit;
    parts.push(extension.implicit.codec.encode(implicit.value as never));
  }
  return ok(concatBytes(...parts));
}

function checkSignature(
  block: BlockExecution,
  extrinsic: Extrinsic,
  { address, signature, extras, extraBytes }: ExtrinsicSignature,
): Result<Uint8Array, TransactionValidityError> {
  const sender = lookupAddress(address);
  if (sender === undefined) return err({ kind: "Unknown", code: "CannotLookup" });
  const implicit = implicitBytes(block, extras);
  if (!implicit.ok) return implicit;
  const payload = concatBytes(extrinsic.callBytes, extraBytes, implicit.value);
  const message = payload.length > MAX_UNHASHED_PAYLOAD ? blake2_256(payload) : payload;
  return verifyMultiSignature(signature, message, sender) ? ok(sender) : err(invalid("BadProof"));
}

/** Decodes an extrinsic and verifies its signature, in the block that is running. */
export function checkExtrinsic(
  block: BlockExecution,
  bytes: Uint8Array,
  source: TransactionSource,
): Result<CheckedExtrinsic, TransactionValidityError> {
  const decoded = decodeExtrinsic(block.model, bytes);
  if (!decoded.ok) return err({ kind: "Undecodable", code: "Undecodable", detail: decoded.error.message });
  const extrinsic = decoded.value;
  if (extrinsic.signature === undefined) return ok({ extrinsic, signed: undefined });
  const sender = checkSignature(block, extrinsic, extrinsic.signature);
  if (!sender.ok) return sender;
  const { call, length } = extrinsic;
  const standing = block.model.definition.parameters.attestationStanding?.(call) ?? "ready";
  if (standing === "tooMany") return err(invalid("Call"));
  if (standing === "missing") return err(verdictMissing());
  const transaction = { sender: sender.value, call, cost: block.costOf(call), length, source };
  return ok({ extrinsic, signed: { transaction, extras: extrinsic.signature.extras } });
}

/** A verdict to begin with. */
const BLANK: ValidTransaction = {
  priority: 0n,
  requires: [],
  provides: [],
  longevity: (1n << 64n) - 1n,
  propagate: true,
};

/** Asks all extensions, and joins their verdicts. */
export function validateExtensions(
  block: BlockExecution,
  transaction: SignedTransaction,
  extras: readonly unknown[],
): Result<ValidTransaction, TransactionValidityError> {
  let joined = BLANK;
  for (const [i, extension] of block.model.definition.extensions.entries()) {
    const verdict = extension.validate(block, transaction, extras[i] as never);
    if (!verdict.ok) return verdict;
    const { priority = 0n, requires = [], provides = [], longevity = BLANK.longevity } = verdict.value;
    joined = {
      priority: joined.priority + priority > BLANK.longevity ? BLANK.longevity : joined.priority + priority,
      requires: [...joined.requires, ...requires],
      provides: [...joined.provides, ...provides],
      longevity: longevity < joined.longevity ? longevity : joined.longevity,
      propagate: joined.propagate,
    };
  }
  return ok(joined);
}
