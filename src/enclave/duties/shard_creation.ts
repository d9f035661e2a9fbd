/**
 * Duty: create the shard, if nobody has.
 *
 * Source: worker `enclave-runtime/src/shard_config.rs`, `service/src/main_impl.rs` (839eda024)
 *
 * @module
 */
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { activeFingerprint } from "../../parentchain/view.ts";
import { type DutyChain, type DutyFinding, type DutyIdentity, NOTHING_TO_DO, SETUP_ERA } from "./duty.ts";

/**
 * Sends `update_shard_config` once the enclave is registered and the shard has no configuration; a configuration for
 * another enclave is an alert, not a reason to change it.
 */
export function shardCreationDuty({ metadata, view }: DutyChain, { fingerprint, shard }: DutyIdentity): DutyFinding {
  if (view.enclave === undefined || !metadata.hasCall("EnclaveBridge", "update_shard_config")) return NOTHING_TO_DO;
  const active = activeFingerprint(view);
  if (active !== undefined) {
    if (equalBytes(active, fingerprint)) return NOTHING_TO_DO;
    return { wishes: [], alerts: [{ code: "WrongFingerprintForShard", fields: { active: toHex(active) } }] };
  }
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
    wishes: [{ purpose: "update_shard_config", key: "", call, eraPeriod: SETUP_ERA, by: "enclave" }],
    alerts: [],
  };
}
