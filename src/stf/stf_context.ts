/**
 * What the rules need to know besides the state.
 *
 * @module
 */
import type { AccountId, EnclaveFingerprint, ShardIdentifier } from "../primitives/branded.ts";
import type { ParentchainId } from "../types/parentchain_id.ts";

/** Constants of a shard while it runs. */
export interface StfContext {
  /** One unit of the native token in its smallest unit: 10^decimals of the shielding target. */
  readonly one: bigint;
  /** The account of the shard's enclave: takes the fees. */
  readonly enclaveAccount: AccountId;
  /** The shard. */
  readonly shard: ShardIdentifier;
  /** Measurement of the enclave that executes. */
  readonly fingerprint: EnclaveFingerprint;
}

/** What a call wants done outside of the state; the debt itself is an entry of the state. */
export interface StfEffect {
  /** Tag. */
  readonly type: "payout";
  /** Id of the entry in the state. */
  readonly id: bigint;
  /** Chain on which to pay. */
  readonly chain: ParentchainId;
  /** Account on that chain that receives. */
  readonly beneficiary: AccountId;
  /** Amount in the smallest unit. */
  readonly amount: bigint;
}
