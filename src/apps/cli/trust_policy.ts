/**
 * What the command line wants of an enclave before it trusts it, and how it says what is missing.
 *
 * @module
 */
import { EMULATED_DEVELOPMENT_ROOT } from "../../attestation/emulated_root.ts";
import type { Evidence } from "../../attestation/evidence.ts";
import { INTEL_SGX_ROOT } from "../../attestation/platform_root.ts";
import type { TrustError, TrustPolicy } from "../../client/evidence_policy.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { h256, type ShardIdentifier } from "../../primitives/branded.ts";
import type { GlobalOptions } from "./context.ts";
import { addressOf, type Parentchain } from "./parentchain.ts";
import { readPlatformRoot } from "./platform_root.ts";

const DAY_MS = 86_400_000;

/** What is known of one connection. */
export interface WorkerConnection {
  /** The wanted shard; `undefined` takes the one that the enclave states. */
  readonly shard: ShardIdentifier | undefined;
  /** The certificate that the worker showed, DER. */
  readonly certificate: Uint8Array;
  /** Now, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** The policy that the global options ask for; on a development chain it is lenient. @throws {CliError} `Usage` */
export function trustPolicy(
  options: GlobalOptions,
  chain: Pick<Parentchain, "isDevelopment" | "genesisHash">,
  { shard, certificate, nowMs }: WorkerConnection,
): TrustPolicy {
  const { acceptEmulatedEnclave, platformRoot, minimumTcbStatus, maxCollateralAge } = options;
  const lenient = chain.isDevelopment || acceptEmulatedEnclave;
  const named = platformRoot === undefined ? [] : [readPlatformRoot(platformRoot)];
  return {
    roots: [INTEL_SGX_ROOT, EMULATED_DEVELOPMENT_ROOT, ...named],
    acceptedEmulatedRoots: [...named, ...(lenient ? [EMULATED_DEVELOPMENT_ROOT] : [])].map(({ name }) => name),
    minimumTcbStatus,
    ...(maxCollateralAge === undefined ? {} : { maxCollateralAgeMs: maxCollateralAge }),
    acceptUnattested: lenient,
    acceptRoot: lenient,
    genesis: h256(chain.genesisHash),
    shard,
    tlsCertHash: h256(sha256(certificate)),
    nowMs,
  };
}

/** Why an enclave is not trusted, for a person, and which option would change that. */
export function describeTrustError(error: TrustError, { statement }: Evidence): string {
  switch (error.code) {
    case "EmulatedEnclaveNotAccepted":
      return `its enclave is emulated (root "${error.rootName}"); pass --accept-emulated-enclave to accept that`;
    case "TcbStatusNotAccepted":
      return `its platform is "${error.status}" (advisories: ${error.advisoryIds.join(", ") || "none known"}); ` +
        "--minimum-tcb-status says what is accepted";
    case "CollateralTooOld":
      return `the vendor's word on its platform is ${(error.ageMs / DAY_MS).toFixed(1)} days old; ` +
        "--max-collateral-age says what is accepted";
    case "TlsCertificateMismatch":
      return "its enclave states another certificate than this connection's; somebody may sit in between";
    case "EnclaveNotRegistered":
      return `the parentchain knows no enclave of signer ${addressOf(error.signer)}`;
    case "RegisteredFingerprintMismatch":
      return `the parentchain has its signer with fingerprint ${encodeBase58(error.registered)}, ` +
        `the enclave states ${encodeBase58(statement.fingerprint)}`;
    case "RegistrationUnattested":
      return "its registration skipped attestation; pass --accept-emulated-enclave to accept that";
    case "NotListedForShard":
      return `the parentchain does not list ${addressOf(error.signer)} among the validateers of its shard; ` +
        "one that has just started is listed a few blocks later";
    case "ShardHasRoot":
      return "its shard was founded for tests, and a root account can set balances; " +
        "pass --accept-emulated-enclave to accept that";
    case "ShardMismatch":
      return `it serves shard ${encodeBase58(statement.shard)}, not the one given`;
    case "GenesisMismatch":
      return "its enclave follows another parentchain than the node given";
    case "FingerprintNotAccepted":
      return `its fingerprint ${
        encodeBase58(statement.fingerprint)
      } is not the one the parentchain wants for the shard; ` +
        `it serves shard ${encodeBase58(statement.shard)}`;
    default:
      return `its evidence does not hold (${error.code})`;
  }
}
