/**
 * A trusted call with its nonce and signature.
 *
 * Source: worker `app-libs/stf/src/trusted_call.rs#TrustedCallSigned` (839eda024)
 * Vectors: `tests/types/vectors/wire.json` (V1)
 *
 * @module
 */
import { type Codec, option, struct, u32 } from "../codec/codec.ts";
import type { AccountId, EnclaveFingerprint, ShardIdentifier } from "../primitives/branded.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { accountIdCodec } from "./ids.ts";
import { type MultiSignature, multiSignature } from "./multi_signature.ts";
import { type TrustedCall, trustedCall, trustedCallSender } from "./trusted_call.ts";

/** A signed trusted call; the fields are in wire order. */
export interface TrustedCallSigned {
  /** What is to be done. */
  readonly call: TrustedCall;
  /** Nonce of the sender's account, also when a delegate signs. */
  readonly nonce: number;
  /** Who signs instead of the sender; not part of the signing payload. */
  readonly delegate: AccountId | undefined;
  /** Signature over {@linkcode trustedCallPayload}, raw or wrapped in `<Bytes>`. */
  readonly signature: MultiSignature;
}

/** SCALE codec of {@linkcode TrustedCallSigned}. */
export const trustedCallSigned: Codec<TrustedCallSigned> = struct<TrustedCallSigned>({
  call: trustedCall,
  nonce: u32,
  delegate: option(accountIdCodec),
  signature: multiSignature,
});

/**
 * The bytes that are signed: call ‖ nonce ‖ fingerprint ‖ shard, as they are, whatever their length.
 *
 * Source: worker `app-libs/stf/src/trusted_call.rs#TrustedCall::sign` (839eda024)
 *
 * @throws {RangeError} If the nonce is not a u32 or an amount not a u128.
 */
export function trustedCallPayload(
  call: TrustedCall,
  nonce: number,
  fingerprint: EnclaveFingerprint,
  shard: ShardIdentifier,
): Uint8Array {
  return concatBytes(trustedCall.encode(call), u32.encode(nonce), fingerprint, shard);
}

/** Whose signature a call must carry: the delegate's if there is one, else the sender's. */
export function trustedCallSigner(signed: TrustedCallSigned): AccountId {
  return signed.delegate ?? trustedCallSender(signed.call);
}
