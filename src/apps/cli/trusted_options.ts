/**
 * Options of the `trusted` group, and what follows from them.
 *
 * Source: worker `cli/src/trusted_cli.rs#TrustedCli` (839eda024)
 *
 * @module
 */
import type { Sr25519Pair } from "../../crypto/sr25519.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { type EnclaveFingerprint, type ShardIdentifier, shardIdentifier } from "../../primitives/branded.ts";
import { signerOf } from "./accounts.ts";
import { CliError } from "./cli_error.ts";
import { valueOf } from "./client_errors.ts";
import { KEYSTORE_PATH, TRUSTED_KEYSTORE_PATH } from "./keystore.ts";
import type { Parentchain } from "./parentchain.ts";
import type { WorkerSession } from "./worker_session.ts";

/** Options of the group. */
export interface TrustedOptions {
  /** Measurement that calls are signed for; default: the verified one. */
  readonly mrenclave?: EnclaveFingerprint;
  /** Shard; default: the one of the verified enclave. */
  readonly shard?: ShardIdentifier;
  /** Who pays the parentchain's `invoke`. */
  readonly xtSigner?: string;
  /** Whether to submit to the worker instead of through the parentchain. */
  readonly direct?: boolean;
}

/** Who pays for indirect calls on a development chain when nobody is named. */
const DEVELOPMENT_SIGNER = "//Alice";

/** Measurement and shard that calls are signed for. */
export async function identifiers(
  session: WorkerSession,
  options: TrustedOptions,
): Promise<{ fingerprint: EnclaveFingerprint; shard: ShardIdentifier }> {
  const stated = session.enclave?.statement;
  const fingerprint = options.mrenclave ?? stated?.fingerprint ??
    valueOf("ask for the fingerprint", await session.client.fingerprint());
  const shard = options.shard ?? stated?.shard ?? shardIdentifier(fingerprint);
  return { fingerprint, shard };
}

/** Folder of the keys for a shard. */
export function trustedKeystore(shard: ShardIdentifier): string {
  return `${TRUSTED_KEYSTORE_PATH}/${encodeBase58(shard)}`;
}

/**
 * The key that pays on the parentchain.
 *
 * Differs: //Alice pays on a development chain only; elsewhere everybody has her key.
 *
 * @throws {CliError} `Usage` if nobody is named outside development.
 */
export function parentchainSigner(chain: Parentchain, options: TrustedOptions): Sr25519Pair {
  if (options.xtSigner === undefined && !chain.isDevelopment) {
    throw new CliError("Usage", "Cannot send an extrinsic: pass --xt-signer, there is no default outside development");
  }
  return signerOf(options.xtSigner ?? DEVELOPMENT_SIGNER, KEYSTORE_PATH);
}
