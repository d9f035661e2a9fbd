/**
 * A connection to a worker whose enclave was checked first.
 *
 * Differs: the certificate and what the worker says of itself are verified first.
 *
 * @module
 */
import { EMULATED_DEVELOPMENT_ROOT } from "../../attestation/emulated_root.ts";
import type { Evidence } from "../../attestation/evidence.ts";
import { INTEL_SGX_ROOT } from "../../attestation/platform_root.ts";
import {
  explainTrust,
  fetchEvidence,
  judgeEnclave,
  summariseTrust,
  type TrustedEnclave,
  type TrustError,
} from "../../client/evidence_policy.ts";
import { TrustedClient } from "../../client/trusted_client.ts";
import { connectWorkerRpc, type WorkerRpc } from "../../client/worker_rpc.ts";
import { WorkerRpcError } from "../../client/worker_rpc_error.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { h256, type ShardIdentifier } from "../../primitives/branded.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { CliError } from "./cli_error.ts";
import { readPlatformRoot } from "./platform_root.ts";
import { describeClientError } from "./client_errors.ts";
import type { CommandContext } from "./context.ts";
import { registryOf } from "./enclave_registry.ts";
import { addressOf, connectParentchain, type Parentchain } from "./parentchain.ts";
import { fetchCertificate, pinnedSocket, processTimer, workerAddress } from "./worker_socket.ts";

/** A connection to a worker. */
export interface WorkerSession {
  readonly client: TrustedClient;
  /** The enclave as verified; `undefined` with `--insecure`. */
  readonly enclave: TrustedEnclave | undefined;
  /** The parentchain; connected for the evidence, or when first asked for. */
  readonly parentchain: () => Promise<Parentchain>;
  /** Opens another connection to the same verified certificate. */
  readonly openClient: () => Promise<{ readonly client: TrustedClient; readonly close: () => void }>;
}

/** Connects, verifies, runs and closes. @throws {CliError} */
export async function withWorker<T>(
  context: CommandContext,
  shard: ShardIdentifier | undefined,
  run: (session: WorkerSession) => Promise<T>,
): Promise<T> {
  const options = context.options();
  const address = workerAddress(options.workerUrl, options.trustedWorkerPort);
  const open: { close: () => void | Promise<void> }[] = [];
  let chain: Promise<Parentchain> | undefined;
  const parentchain = (): Promise<Parentchain> => {
    chain ??= connectParentchain(options.nodeUrl, options.nodePort).then((connected) => {
      open.push(connected);
      return connected;
    });
    return chain;
  };
  try {
    const certificate = await fetchCertificate(address);
    const connect = async (): Promise<WorkerRpc> => {
      const rpc = await connectWorkerRpc(pinnedSocket(address, certificate), processTimer).catch(asCliError);
      open.push(rpc);
      return rpc;
    };
    const rpc = await connect();
    const enclave = options.insecure
      ? undefined
      : await verifyEnclave(context, await parentchain(), rpc, certificate, shard);
    if (options.insecure) {
      context.terminal.note("warning: --insecure: nothing proves that an enclave reads what is sent to this worker");
    }
    const clientOf = (on: WorkerRpc) => new TrustedClient(on, processTimer, enclave?.statement.rsaKeyHash);
    const openClient = async () => {
      const another = await connect();
      return { client: clientOf(another), close: () => another.close() };
    };
    return await run({ client: clientOf(rpc), enclave, parentchain, openClient }).catch(asCliError);
  } finally {
    for (const connection of open) await connection.close();
  }
}

async function verifyEnclave(
  context: CommandContext,
  chain: Parentchain,
  rpc: WorkerRpc,
  certificate: Uint8Array,
  shard: ShardIdentifier | undefined,
): Promise<TrustedEnclave> {
  const { terminal } = context;
  const evidence = await fetchEvidence(rpc).catch(asCliError);
  if (!evidence.ok) {
    throw new CliError("Evidence", `Cannot verify the enclave: ${describeClientError(evidence.error)}`);
  }
  const { acceptEmulatedEnclave, platformRoot, verbose } = context.options();
  const lenient = chain.isDevelopment || acceptEmulatedEnclave;
  const named = platformRoot === undefined ? [] : [readPlatformRoot(platformRoot)];
  const judged = await judgeEnclave(evidence.value, registryOf(chain), {
    roots: [INTEL_SGX_ROOT, EMULATED_DEVELOPMENT_ROOT, ...named],
    acceptedEmulatedRoots: [...named, ...(lenient ? [EMULATED_DEVELOPMENT_ROOT] : [])].map(({ name }) => name),
    acceptUnattested: lenient,
    acceptRoot: lenient,
    genesis: h256(chain.genesisHash),
    shard,
    tlsCertHash: h256(sha256(certificate)),
    nowMs: Date.now(),
  });
  if (!judged.ok) {
    throw new CliError("Evidence", `Cannot trust the worker: ${describeTrustError(judged.error, evidence.value)}`);
  }
  for (const line of verbose ? explainTrust(judged.value) : summariseTrust(judged.value)) terminal.note(line);
  return judged.value;
}

function describeTrustError(error: TrustError, { statement }: Evidence): string {
  switch (error.code) {
    case "EmulatedEnclaveNotAccepted":
      return `its enclave is emulated (root "${error.rootName}"); pass --accept-emulated-enclave to accept that`;
    case "TlsCertificateMismatch":
      return "its enclave states another certificate than this connection's; somebody may sit in between";
    case "EnclaveNotRegistered":
      return `the parentchain knows no enclave of signer ${addressOf(error.signer)}`;
    case "RegisteredFingerprintMismatch":
      return `the parentchain has its signer with fingerprint ${encodeBase58(error.registered)}, ` +
        `the enclave states ${encodeBase58(statement.fingerprint)}`;
    case "RegistrationUnattested":
      return "its registration skipped attestation; pass --accept-emulated-enclave to accept that";
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

function asCliError(error: unknown): never {
  if (error instanceof WorkerRpcError) throw new CliError("Worker", error.message, { cause: error });
  throw error;
}
