/**
 * Duty: create the shard if nobody has, else take part in it.
 *
 * Source: worker `enclave-runtime/src/shard_config.rs`, `service/src/main_impl.rs` (839eda024)
 * Differs: who joins keeps the shard's configuration as it is, and does not touch an upgrade that is announced
 *
 * @module
 */
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { activeShardConfig } from "../../parentchain/view.ts";
import { type DutyChain, type DutyFinding, type DutyIdentity, NOTHING_TO_DO, SETUP_ERA } from "./duty.ts";

/**
 * Sends `update_shard_config` once the enclave is registered and the shard has no configuration, or does not list the enclave
 * yet; a configuration for another enclave is an alert, not a reason to change it.
 */
export function shardCreationDuty(
  { metadata, view }: DutyChain,
  { fingerprint, shard, signer }: DutyIdentity,
): DutyFinding {
  if (view.enclave === undefined || !metadata.hasCall("EnclaveBridge", "update_shard_config")) return NOTHING_TO_DO;
  const active = activeShardConfig(view);
  if (active !== undefined && !equalBytes(active.enclaveFingerprint, fingerprint)) {
    const fields = { active: toHex(active.enclaveFingerprint) };
    return { wishes: [], alerts: [{ code: "WrongFingerprintForShard", fields }] };
  }
  const isListed = view.shardStatus.some((entry) => equalBytes(entry.signer, signer.account));
  // A configuration that is sent replaces an announced one; confirmations of processed blocks list the enclave as well.
  const isUpgradeAhead = (view.shardConfig?.upgradeAt ?? 0) > view.number;
  if (active !== undefined && (isListed || isUpgradeAhead)) return NOTHING_TO_DO;
  const call = metadata.encodeCall("EnclaveBridge", "update_shard_config", {
    shard,
    shard_config: {
      enclave_fingerprint: fingerprint,
      max_instances: active?.maxInstances,
      authorities: active?.authorities,
      maintenance_mode: active?.maintenanceMode ?? false,
    },
    enactment_delay: 0,
  });
  return {
    wishes: [{ purpose: "update_shard_config", key: "", call, eraPeriod: SETUP_ERA, by: "enclave" }],
    alerts: [],
  };
}
