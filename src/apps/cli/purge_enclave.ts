/**
 * Takes an enclave out of the list of a shard's validateers: what heals a shard whose first validateer is gone, since only
 * that one confirms.
 *
 * Source: pallets `enclave-bridge/src/lib.rs#purge_enclave_from_shard_status` (c3ac6c1)
 * Differs: the original's command line has no such command.
 *
 * @module
 */
import { type AccountId, accountId, type ShardIdentifier } from "../../primitives/branded.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { fromHex } from "../../primitives/hex.ts";
import { accountOf } from "./accounts.ts";
import { CliError } from "./cli_error.ts";
import { listedSigners } from "./enclave_registry.ts";
import { addressOf, buildCall, type Parentchain, submitAndWait } from "./parentchain.ts";
import { rootSigner } from "./root_signer.ts";
import type { Terminal } from "./terminal.ts";

/** What to purge, and by whose authority. */
export interface PurgeOrder {
  readonly shard: ShardIdentifier;
  /** Account of the enclave. */
  readonly subject: AccountId;
  /** Account that holds the chain's root rights, as people name it. */
  readonly sudo: string;
}

/** What a purge does not do; told with its help and after it. */
export const PURGE_NOTE =
  "a validateer that runs registers itself again within a few parentchain blocks, last in the list: stop its process " +
  "first. It stays a delegate of the shard's vault until the vault's proxies are changed.";

/**
 * The account of an enclave as logs and `list-workers` print it: public key in hexadecimal, or address. //Name as well, for
 * tests.
 *
 * @throws {CliError} `Usage`
 */
export function enclaveAccount(text: string): AccountId {
  return /^0x[0-9a-f]{64}$/iu.test(text) ? accountId(fromHex(text)) : accountOf(text);
}

/**
 * Sends the purge with root rights, waits for its block, and prints who is left, the first of them being the one that confirms.
 *
 * @throws {CliError} `Usage` if the enclave is not in the list or the account has no root rights, `Extrinsic` if it failed.
 */
export async function purgeEnclave(chain: Parentchain, terminal: Terminal, order: PurgeOrder): Promise<void> {
  const { shard, subject, sudo } = order;
  const name = encodeBase58(shard);
  const signer = await rootSigner(chain, sudo);
  if (!(await listedSigners(chain, shard)).some((listed) => equalBytes(listed, subject))) {
    throw new CliError("Usage", `${addressOf(subject)} is not among the validateers of shard ${name}`);
  }
  const purge = buildCall(chain, "enclaveBridge", "purgeEnclaveFromShardStatus", shard, subject);
  const inclusion = await submitAndWait(chain, buildCall(chain, "sudo", "sudo", purge), signer);
  // The extrinsic succeeds also if the call within fails: the state tells.
  const left = await listedSigners(chain, shard, inclusion.blockHash);
  if (left.some((listed) => equalBytes(listed, subject))) {
    throw new CliError("Extrinsic", `The chain has not purged ${addressOf(subject)} from shard ${name}`);
  }
  terminal.print(`[+] purged ${addressOf(subject)} from shard ${name}. extrinsic hash: ${inclusion.extrinsicHash}`);
  terminal.print(`validateers left: ${left.length}`);
  left.forEach((listed) => terminal.print(addressOf(listed)));
  terminal.note(`note: ${PURGE_NOTE}`);
}
