/**
 * Announces the next code of a shard: from the enactment on only enclaves with that fingerprint author.
 *
 * Source: pallets `enclave-bridge/src/lib.rs#update_shard_config` (PROTOCOL §10.2)
 * Differs: the original's command line has no such command
 *
 * @module
 */
import type { EnclaveFingerprint, ShardIdentifier } from "../../primitives/branded.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { CliError } from "./cli_error.ts";
import { readShardConfigs } from "./enclave_registry.ts";
import { buildCall, type Parentchain, submitAndWait } from "./parentchain.ts";
import { rootSigner } from "./root_signer.ts";
import type { Terminal } from "./terminal.ts";

/** What to announce, and by whose authority. */
export interface UpgradeOrder {
  readonly shard: ShardIdentifier;
  readonly fingerprint: EnclaveFingerprint;
  /** Parentchain blocks until it is in force. */
  readonly delay: number;
  /** Account that holds the chain's root rights, as people name it. */
  readonly sudo: string;
}

/**
 * Sends the announcement with root rights, waits for its block, and prints from when on it is in force. Everything else in the
 * shard's configuration stays as it is.
 *
 * @throws {CliError} `Usage` if there is no such shard or the account has no root rights, `Extrinsic` if it failed.
 */
export async function upgradeShard(chain: Parentchain, terminal: Terminal, order: UpgradeOrder): Promise<void> {
  const { shard, fingerprint, delay, sudo } = order;
  const name = encodeBase58(shard);
  const signer = await rootSigner(chain, sudo);
  const before = await readShardConfigs(chain, shard);
  if (before === undefined) throw new CliError("Usage", `Shard ${name} has no configuration: no enclave has made it`);
  const { maxInstances, authorities, maintenanceMode } = before.active;
  const next = { enclaveFingerprint: fingerprint, maxInstances, authorities, maintenanceMode };
  const update = buildCall(chain, "enclaveBridge", "updateShardConfig", shard, next, delay);
  const { extrinsicHash } = await submitAndWait(chain, buildCall(chain, "sudo", "sudo", update), signer);
  // The extrinsic succeeds also if the call within fails: the state tells.
  const pending = (await readShardConfigs(chain, shard))?.pending;
  if (pending === undefined || !equalBytes(pending.config.enclaveFingerprint.toU8a(), fingerprint)) {
    throw new CliError("Extrinsic", `The chain has not announced ${encodeBase58(fingerprint)} for shard ${name}`);
  }
  terminal.print(`[+] announced ${encodeBase58(fingerprint)} for shard ${name}. extrinsic hash: ${extrinsicHash}`);
  terminal.print(`in force from parentchain block ${pending.at} on`);
}
