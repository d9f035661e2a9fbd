/**
 * Announces the next code of a shard: from the enactment on only enclaves with that fingerprint author.
 *
 * Source: pallets `enclave-bridge/src/lib.rs#update_shard_config` (c3ac6c1)
 * Differs: the original's command line has no such command
 *
 * @module
 */
import { MIN_UPGRADE_VISIBLE_BLOCKS } from "../../enclave/api/upgrade_delay.ts";
import type { EnclaveFingerprint, ShardIdentifier } from "../../primitives/branded.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { CliError } from "./cli_error.ts";
import { readShardConfigs, type ShardConfigs } from "./enclave_registry.ts";
import { buildCall, type Parentchain, submitAndWait } from "./parentchain.ts";
import { rootSigner } from "./root_signer.ts";
import type { Terminal } from "./terminal.ts";

/** What to announce, and by whose authority. */
export interface UpgradeOrder {
  readonly shard: ShardIdentifier;
  readonly fingerprint: EnclaveFingerprint;
  /** Parentchain blocks until it is in force. */
  readonly delay: number;
  /** Whether a delay counts that is shorter than validateers want to have seen the code. */
  readonly allowShortDelay: boolean;
  /** Account that holds the chain's root rights, as people name it. */
  readonly sudo: string;
}

/** Blocks of delay that leave who looks once a day the time to see the code coming before validateers hand it the shard. */
export const RECOMMENDED_UPGRADE_DELAY = 2 * MIN_UPGRADE_VISIBLE_BLOCKS;

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
  const replaced = checkUpgrade(before, order, chain.isDevelopment);
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
  if (replaced !== undefined) terminal.print(replaced);
}

/**
 * Whether an announcement makes sense; gives a sentence about the one that it replaces. The fingerprint in force may be
 * announced only to take back another one that is not in force yet: then the code stays, and the delay means nothing.
 *
 * @throws {CliError} `Usage`
 */
export function checkUpgrade(
  { active, pending, number }: ShardConfigs,
  { fingerprint, delay, allowShortDelay }: Pick<UpgradeOrder, "fingerprint" | "delay" | "allowShortDelay">,
  isDevelopment: boolean,
): string | undefined {
  const ahead = pending !== undefined && pending.at > number ? pending : undefined;
  const announced = ahead?.config.enclaveFingerprint.toU8a();
  const replaced = announced && `instead of ${encodeBase58(announced)}, announced for block ${ahead?.at}`;
  if (equalBytes(active.enclaveFingerprint.toU8a(), fingerprint)) {
    if (announced !== undefined && !equalBytes(announced, fingerprint)) return replaced;
    throw new CliError("Usage", `${encodeBase58(fingerprint)} is in force already`);
  }
  if (delay < MIN_UPGRADE_VISIBLE_BLOCKS && !isDevelopment && !allowShortDelay) {
    throw new CliError(
      "Usage",
      `A delay of ${delay} blocks is too short: validateers hand the shard only to code that they have seen announced for ` +
        `${MIN_UPGRADE_VISIBLE_BLOCKS} blocks, and the old code stops before; pass --allow-short-delay if nobody shall author in between`,
    );
  }
  return replaced;
}
