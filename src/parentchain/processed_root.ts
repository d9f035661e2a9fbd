/**
 * What `confirm_processed_parentchain_block` reports: the root over the hashes of the calls that a block asked for.
 *
 * Source: worker `app-libs/parentchain-interface/src/indirect_calls/`, `core/parentchain/block-importer/src/block_importer.rs` (839eda024)
 *
 * @module
 */
import { bytes, bytesOf, type Codec, compact, mapped, struct, u128, type Variant, variant } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { keccakMerkleRoot } from "../crypto/merkle.ts";
import type { H256 } from "../primitives/branded.ts";
import { MAX_EXTRINSIC_BYTES } from "./extrinsic.ts";

/** A call on the parentchain that asks the shard for something. */
export type IndirectCall = Variant<{
  /** `EnclaveBridge.shield_funds`. */
  ShieldFunds: { readonly shard: Uint8Array; readonly accountEncrypted: Uint8Array; readonly amount: bigint };
  /** `EnclaveBridge.invoke`, of any shard. */
  Invoke: { readonly shard: Uint8Array; readonly cyphertext: Uint8Array };
  /** `Timestamp.set`. */
  TimestampSet: { readonly now: bigint };
}>;

const now: Codec<bigint> = mapped(compact, (value) => {
  if (value >= 1n << 64n) throw new RangeError(`Cannot take timestamp ${value}: want u64`);
  return value;
}, (value) => value);

/** SCALE codec of {@linkcode IndirectCall}; a ciphertext may be as large as an extrinsic, since strangers write it. */
export const indirectCall: Codec<IndirectCall> = variant({
  ShieldFunds: [0, struct({ shard: bytesOf(32), accountEncrypted: bytes(MAX_EXTRINSIC_BYTES), amount: u128 })],
  Invoke: [1, struct({ shard: bytesOf(32), cyphertext: bytes(MAX_EXTRINSIC_BYTES) })],
  TimestampSet: [2, struct({ now })],
});

/** Merkle root over the Blake2-256 hashes of the calls; 32 zero bytes without calls. */
export function computeProcessedRoot(calls: readonly IndirectCall[]): H256 {
  return keccakMerkleRoot(calls.map((call) => blake2_256(indirectCall.encode(call))));
}
