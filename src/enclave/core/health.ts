/**
 * Whether all is well, for the host.
 *
 * @module
 */
import { equalBytes } from "../../primitives/bytes.ts";
import { readShardVault } from "../../stf/pallets/parentchain.ts";
import { type Health, type Phase, PHASES } from "../api/ecall_values.ts";
import type { ParentchainFeed } from "./parentchain_feed.ts";
import type { Running } from "./running.ts";
import type { EnclaveSetup } from "./setup.ts";

/** Puts together what is known; parts are absent until they exist. */
export function describeHealth(
  phase: Phase,
  setup: EnclaveSetup | undefined,
  running: Running | undefined,
  feed: ParentchainFeed | undefined,
): Health {
  const view = feed?.layerOne.newestView;
  const self = setup?.signer ?? new Uint8Array(0);
  const unknown = phase === "provisioning" ? "Provisioning" : "ParentchainUnknown";
  return {
    phase: PHASES.indexOf(phase),
    registered: view?.enclave !== undefined,
    listed: view?.shardStatus.some(({ signer }) => equalBytes(signer, self)) ?? false,
    vault: running && readShardVault(running.shard.persisted.snapshot)?.account,
    blockNumber: running?.shard.persisted.number ?? 0n,
    blockHash: running?.shard.persisted.hash ?? new Uint8Array(32),
    confirmedNumber: view?.confirmation?.blockNumber ?? 0n,
    slotDurationMs: Number(running?.shard.slotDurationMs ?? 0n),
    notAuthoring: running?.slots.notAuthoring ?? unknown,
  };
}
