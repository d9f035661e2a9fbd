/**
 * A connection to a worker whose enclave was checked first.
 *
 * Differs: the certificate and what the worker says of itself are verified first.
 *
 * @module
 */
import {
  explainTrust,
  fetchEvidence,
  judgeEnclave,
  summariseTrust,
  type TrustedEnclave,
} from "../../client/evidence_policy.ts";
import { TrustedClient } from "../../client/trusted_client.ts";
import { connectWorkerRpc, type WorkerRpc } from "../../client/worker_rpc.ts";
import { WorkerRpcError } from "../../client/worker_rpc_error.ts";
import type { ShardIdentifier } from "../../primitives/branded.ts";
import { CliError } from "./cli_error.ts";
import { describeClientError } from "./client_errors.ts";
import type { CommandContext } from "./context.ts";
import { registryOf } from "./enclave_registry.ts";
import { connectParentchain, type Parentchain } from "./parentchain.ts";
import { describeTrustError, trustPolicy } from "./trust_policy.ts";
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
  const judged = await judgeEnclave(
    evidence.value,
    registryOf(chain),
    trustPolicy(context.options(), chain, { shard, certificate, nowMs: Date.now() }),
  );
  if (!judged.ok) {
    throw new CliError("Evidence", `Cannot trust the worker: ${describeTrustError(judged.error, evidence.value)}`);
  }
  for (const line of context.options().verbose ? explainTrust(judged.value) : summariseTrust(judged.value)) {
    terminal.note(line);
  }
  return judged.value;
}

function asCliError(error: unknown): never {
  if (error instanceof WorkerRpcError) throw new CliError("Worker", error.message, { cause: error });
  throw error;
}
