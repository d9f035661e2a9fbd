/**
 * Duty: create the shard if nobody has. Who takes part in one that exists is listed by its confirmations of processed
 * parentchain blocks: a configuration that is sent replaces an announced one, also one that is announced meanwhile.
 *
 * Source: worker `enclave-runtime/src/shard_config.rs`, `service/src/main_impl.rs` (839eda024)
 * Differs: who joins a shard sends it no configuration
 *
 * @module
 */
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { activeShardConfig } from "../../parentchain/view.ts";
import { type DutyChain, type DutyFinding, type DutyIdentity, NOTHING_TO_DO } from "./duty.ts";

/**
 * Mortality of a first configuration in blocks: as short as a finality that is some blocks late lets it come in, so that it
 * never replaces a later one.
 */
export const SHARD_CREATION_ERA = 16;

/**
 * Sends `update_shard_config` once the enclave is registered and the shard has no configuration; one for another enclave is an
 * alert, not a reason to change it.
 */
export function shardCreationDuty(
  { metadata, view }: DutyChain,
  { fingerprint, shard }: DutyIdentity,
): DutyFinding {
  if (view.enclave === undefined || !metadata.hasCall("EnclaveBridge", "update_shard_config")) return NOTHING_TO_DO;
  const active = activeShardConfig(view);
  if (active !== undefined && !equalBytes(active.enclaveFingerprint, fingerprint)) {
    const fields = { active: toHex(active.enclaveFingerprint) };
    return { wishes: [], alerts: [{ code: "WrongFingerprintForShard", fields }] };
  }
  if (active !== undefined) return NOTHING_TO_DO;
  const call = metadata.encodeCall("EnclaveBridge", "update_shard_config", {
    shard,
    shard_config: {
      enclave_fingerprint: fingerprint,
      max_instances: undefined,
      authorities: undefined,
      maintenance_mode: false,
    },
    enactment_delay: 0,
  });
  return {
    wishes: [{ purpose: "update_shard_config", key: "", call, eraPeriod: SHARD_CREATION_ERA, by: "enclave" }],
    alerts: [],
  };
}
