/**
 * Who has worked for a shard: value of `EnclaveBridge.ShardStatus`.
 *
 * Source: pallets `primitives/enclave-bridge/src/lib.rs#ShardSignerStatus`
 *
 * @module
 */
import { type Codec, struct, u32, vec } from "../codec/codec.ts";
import type { AccountId, EnclaveFingerprint } from "../primitives/branded.ts";
import { accountIdCodec, enclaveFingerprintCodec } from "./ids.ts";

/** Most entries of a shard's status: the pallet's own bound. */
export const MAX_SHARD_SIGNERS = 10;

/** One validateer of a shard; the fields are in wire order. */
export interface ShardSignerStatus {
  /** Account of the enclave. */
  readonly signer: AccountId;
  /** Its measurement when it was last active. */
  readonly fingerprint: EnclaveFingerprint;
  /** Parentchain block of its last activity. */
  readonly lastActivity: number;
}

/** SCALE codec of {@linkcode ShardSignerStatus}. */
export const shardSignerStatus: Codec<ShardSignerStatus> = struct<ShardSignerStatus>({
  signer: accountIdCodec,
  fingerprint: enclaveFingerprintCodec,
  lastActivity: u32,
});

/** SCALE codec of a shard's status: its validateers in order of their first activity. */
export const shardStatus: Codec<readonly ShardSignerStatus[]> = vec(shardSignerStatus, MAX_SHARD_SIGNERS);
