/**
 * Aura as an author does it: the slot in the digest before execution, the seal after it.
 *
 * @module
 */
import { u64 } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { type Sr25519Pair, sr25519Sign } from "../crypto/sr25519.ts";
import { AURA_ENGINE, type DigestItem } from "../parentchain/digest.ts";
import { type ParentchainHeader, parentchainHeader } from "../parentchain/header.ts";

/** The slot that a moment lies in. */
export function slotAt(nowMs: number, slotDurationMs: number): bigint {
  return BigInt(Math.floor(nowMs / slotDurationMs));
}

/** The author whose turn a slot is. @throws {RangeError} If there are no authorities. */
export function authorOfSlot(slot: bigint, authorities: readonly Uint8Array[]): Uint8Array {
  const author = authorities[Number(slot % BigInt(Math.max(1, authorities.length)))];
  if (author === undefined) throw new RangeError("Cannot find the author of a slot: there are no authorities");
  return author;
}

/** Digest item that tells the slot; exactly one is in every block but the genesis block. */
export function preRuntimeSlot(slot: bigint): DigestItem {
  return { type: "PreRuntime", value: { engine: AURA_ENGINE, payload: u64.encode(slot) } };
}

/** The header with its author's signature as the last digest item. */
export function sealHeader(header: ParentchainHeader, author: Sr25519Pair): ParentchainHeader {
  const payload = sr25519Sign(author, blake2_256(parentchainHeader.encode(header)));
  return { ...header, digest: [...header.digest, { type: "Seal", value: { engine: AURA_ENGINE, payload } }] };
}
