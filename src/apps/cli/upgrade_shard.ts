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
import { buildCall, type Parentchain, query, submitAndWait } from "./parentchain.ts";
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

/** A configuration as the API decodes it. */
interface DecodedConfig {
  readonly enclaveFingerprint: { toU8a(): Uint8Array };
  readonly maxInstances: unknown;
  readonly authorities: unknown;
  readonly maintenanceMode: unknown;
}

/** Configurations of a shard as the API decodes them. */
interface DecodedConfigs {
  readonly activeConfig: DecodedConfig;
  readonly pendingUpgrade: { readonly isSome: boolean; unwrap(): DecodedConfig };
  readonly upgradeAt: { readonly isSome: boolean; unwrap(): { toNumber(): number } };
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
  const before = await readConfigs(chain, shard);
  if (before === undefined) throw new CliError("Usage", `Shard ${name} has no configuration: no enclave has made it`);
  const { maxInstances, authorities, maintenanceMode } = before.activeConfig;
  const next = { enclaveFingerprint: fingerprint, maxInstances, authorities, maintenanceMode };
  const update = buildCall(chain, "enclaveBridge", "updateShardConfig", shard, next, delay);
  const { extrinsicHash } = await submitAndWait(chain, buildCall(chain, "sudo", "sudo", update), signer);
  // The extrinsic succeeds also if the call within fails: the state tells.
  const after = await readConfigs(chain, shard);
  const pending = after?.pendingUpgrade;
  if (pending?.isSome !== true || !equalBytes(pending.unwrap().enclaveFingerprint.toU8a(), fingerprint)) {
    throw new CliError("Extrinsic", `The chain has not announced ${encodeBase58(fingerprint)} for shard ${name}`);
  }
  const at = after?.upgradeAt.unwrap().toNumber();
  terminal.print(`[+] announced ${encodeBase58(fingerprint)} for shard ${name}. extrinsic hash: ${extrinsicHash}`);
  terminal.print(`in force from parentchain block ${at} on`);
}

async function readConfigs(chain: Parentchain, shard: ShardIdentifier): Promise<DecodedConfigs | undefined> {
  const value = await query(chain, "enclaveBridge", "shardConfigRegistry", shard) as {
    readonly isSome: boolean;
    unwrap(): DecodedConfigs;
  };
  return value.isSome ? value.unwrap() : undefined;
}
