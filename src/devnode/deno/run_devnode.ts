/**
 * A whole node: runtime, chain, database, servers and the timer that makes blocks.
 *
 * @module
 */
import { EMULATED_DEVELOPMENT_ROOT } from "../../attestation/emulated_root.ts";
import { INTEL_SGX_ROOT, type PlatformRoot, platformRootFromCertificate } from "../../attestation/platform_root.ts";
import { installFastCrypto } from "../../crypto/fast.ts";
import { randomBytes } from "../../crypto/random.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import { RpcRouter } from "../../transport/router.ts";
import type { Trie } from "../../trie/trie.ts";
import { DevChain } from "../chain.ts";
import { type ChainStore, createMemoryStore } from "../chain_store.ts";
import { createDevKeys, type DevKeys } from "../dev_keys.ts";
import { JUSTIFICATION_PERIOD } from "../finality.ts";
import { DevNode } from "../node.ts";
import { completeOptions, type DevnodeOptions } from "../options.ts";
import { QuoteChecks } from "../quote_checks.ts";
import { devnodeMethods } from "../rpc/method_table.ts";
import { healthOf, type NodeIdentity, type RpcNode } from "../rpc/rpc_node.ts";
import { decodeExtrinsic } from "../runtime/executive/extrinsic.ts";
import { createRuntime } from "../runtime/runtime.ts";
import { runtimeDefinition } from "../runtime/definitions/variants.ts";
import type { RuntimePort } from "../runtime/runtime_interface.ts";
import { startBlockTimer } from "./block_timer.ts";
import { DevnodeError, toDevnodeError } from "./devnode_error.ts";
import type { DevnodeLog } from "./devnode_log.ts";
import { type MetricsServer, startMetricsServer } from "./metrics_server.ts";
import { startNetworkNode } from "./network_node.ts";
import { MAX_REQUEST_BYTES, type RpcServer, startRpcServer } from "./rpc_server.ts";
import { openSqliteStore } from "./sqlite_store.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** Version that the node tells. */
export const DEVNODE_VERSION = "0.1.0";
/** Name of the database in the data directory. */
export const DATABASE_FILE = "chain.db";

type Prepare = RpcNode<never>["prepare"];

/** A node that runs. */
export interface RunningDevnode {
  /** Where its JSON-RPC listens, WebSocket; with `http` instead of `ws` it takes POST requests. */
  readonly url: string;
  /** Where it listens for peers, if it does. */
  readonly peerUrl: string | undefined;
  /** Where its metrics are. */
  readonly prometheusUrl: string | undefined;
  readonly genesisHash: Hex;
  /** Number of the newest block at the start; above 0 if the chain goes on from a database. */
  readonly startingBlock: number;
  /** Stops it; ready when its ports are free and the database is closed. Further calls wait for the first. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a node in this thread. Choices not made are those of `EMBEDDED_DEFAULTS`.
 *
 * @throws {RangeError} If a choice is out of its bounds.
 * @throws {DevnodeError} If the node cannot start.
 */
export async function startDevnode(choices: Partial<DevnodeOptions>, log: DevnodeLog): Promise<RunningDevnode> {
  const options = completeOptions(choices);
  await installFastCrypto();
  const quotes = new QuoteChecks(acceptedRoots(options.platformRoot));
  const definition = runtimeDefinition(options.runtime, options.blockTimeMs);
  const runtime = createRuntime({
    ...definition,
    parameters: {
      ...definition.parameters,
      ...(options.network === undefined ? {} : { genesisAuthorities: options.network.authorities }),
      verifyQuote: quotes.verify,
      verifyCollateral: quotes.collateral,
      attestationStanding: quotes.standing,
    },
  });
  const prepare = (extrinsic: Uint8Array) => {
    const decoded = decodeExtrinsic(runtime.model, extrinsic);
    return decoded.ok ? quotes.check(decoded.value.call) : undefined;
  };
  const store = openStore(options.dataDir);
  try {
    return await runNode(options, runtime, store, prepare, log);
  } catch (error) {
    store.close();
    throw toDevnodeError(error);
  }
}

function acceptedRoots(own: string | undefined): PlatformRoot[] {
  const roots = [INTEL_SGX_ROOT, EMULATED_DEVELOPMENT_ROOT];
  if (own === undefined) return roots;
  const root = platformRootFromCertificate(own, "platform root of the operator");
  if (!root.ok) throw new DevnodeError("PlatformRootUnreadable", "Cannot read the certificate of the platform root");
  return [...roots, root.value];
}

function openStore(dataDir: string | undefined): ChainStore {
  if (dataDir === undefined) return createMemoryStore();
  try {
    Deno.mkdirSync(dataDir, { recursive: true });
  } catch (cause) {
    throw new DevnodeError("DataDirUnusable", `Cannot make the folder "${dataDir}"`, { cause });
  }
  try {
    return openSqliteStore(`${dataDir}/${DATABASE_FILE}`);
  } catch (error) {
    throw toDevnodeError(error);
  }
}

async function runNode<Block>(
  options: DevnodeOptions,
  runtime: RuntimePort<Trie, Block>,
  store: ChainStore,
  prepare: Prepare,
  log: DevnodeLog,
): Promise<RunningDevnode> {
  const keys = keysOf(options);
  const chain = new DevChain({
    runtime,
    preset: options.chain,
    store,
    keys,
    statesKept: options.statesKept,
    justifications: { period: options.rpcProfile === "full" ? 1 : JUSTIFICATION_PERIOD },
  });
  const node = new DevNode(chain, Date.now);
  const startingBlock = chain.head.number;
  const identity = identityOf(options, keys);
  const joined = options.network === undefined ? undefined : await startNetworkNode({
    node,
    keys,
    nodeId: identity.publicKey,
    options: options.network,
    isDurable: options.dataDir !== undefined,
    prepare,
    log,
  });
  const network = joined?.network;
  const rpcNode = { node, identity, startingBlock, prepare, network, peerPort: joined?.links.port };
  const { rpc, metrics } = await startServers(options, rpcNode, log).catch(async (error) => {
    await joined?.stop();
    throw error;
  });
  if (network !== undefined) logHeads(node, log);
  const stopTimer = startBlockTimer(runtime.slotDurationMs, {
    author: () => {
      if (network?.isReadyToAuthor ?? true) makeBlock(node, log);
    },
    finalize: () => {
      if (network === undefined) finalize(node, log);
    },
  });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    stopTimer();
    await Promise.all([rpc.stop(), metrics?.stop(), joined?.stop()]);
    chain.close();
  };
  return {
    url: `ws://127.0.0.1:${rpc.port}`,
    peerUrl: joined?.links.port === undefined ? undefined : `ws://127.0.0.1:${joined.links.port}`,
    prometheusUrl: metrics === undefined ? undefined : `http://127.0.0.1:${metrics.port}/metrics`,
    genesisHash: toHex(chain.genesisHash),
    startingBlock,
    stop: () => stopping ??= stop(),
  };
}

/** A node alone has all development keys, one of a network its own only. */
function keysOf({ network }: DevnodeOptions): DevKeys {
  if (network === undefined) return createDevKeys();
  return createDevKeys(network.authority === undefined ? [] : [network.authority]);
}

/** Logs blocks of others, and when the node follows another fork. */
function logHeads<Block>(node: DevNode<Block>, log: DevnodeLog): void {
  let last = node.chain.head.hash;
  let authored = node.authored;
  node.listen((event) => {
    if (event.type !== "head") return;
    const isFork = toHex(event.header.parentHash) !== toHex(last);
    const isOwn = node.authored > authored;
    last = event.hash;
    authored = node.authored;
    if (!isOwn) log("info", `#${event.number} ${toHex(event.hash)} of a peer${isFork ? ", another fork" : ""}`);
  });
}

async function startServers<Block>(
  options: DevnodeOptions,
  rpcNode: RpcNode<Block>,
  log: DevnodeLog,
): Promise<{ readonly rpc: RpcServer; readonly metrics: MetricsServer | undefined }> {
  const router = new RpcRouter(devnodeMethods(rpcNode, options.rpcProfile), {
    maxFrameLength: MAX_REQUEST_BYTES,
    onInternalError: (method, error) => log("error", `"${method}" failed: ${messageOf(error)}`),
  });
  const { node, identity, network } = rpcNode;
  const hostname = options.rpcExternal ? "0.0.0.0" : "127.0.0.1";
  const rpc = startRpcServer(router, { hostname, port: options.rpcPort }, Date.now, () => healthOf(rpcNode));
  if (options.prometheusPort === undefined) return { rpc, metrics: undefined };
  try {
    const listen = { hostname: "127.0.0.1", port: options.prometheusPort };
    return { rpc, metrics: startMetricsServer({ node, rpc, identity, nowMs: Date.now, network }, listen) };
  } catch (error) {
    await rpc.stop();
    throw error;
  }
}

function makeBlock<Block>(node: DevNode<Block>, log: DevnodeLog): void {
  try {
    if (!node.tick()) return;
    const { number, hash } = node.chain.head;
    const count = node.chain.block(number)?.extrinsics.length ?? 0;
    const pending = node.pool.ready.count;
    log(
      "info",
      `#${number} ${toHex(hash)} (${count} extrinsics, ${pending} ready, final #${node.chain.finalizedNumber})`,
    );
  } catch (error) {
    log("error", `Cannot make a block: ${messageOf(error)}`);
  }
}

function finalize<Block>(node: DevNode<Block>, log: DevnodeLog): void {
  try {
    node.finalize();
  } catch (error) {
    log("error", `Cannot prove blocks final: ${messageOf(error)}`);
  }
}

function identityOf(options: DevnodeOptions, keys: DevKeys): NodeIdentity {
  const isDev = options.chain === "dev";
  const [first] = keys.grandpa.values();
  // In a network the id names this run: a link that a former run left open is told from a new one.
  const publicKey = options.network === undefined ? first?.publicKey : randomBytes(32);
  return {
    name: "integritee-edge devnode",
    version: DEVNODE_VERSION,
    chain: isDev ? "Integritee Edge Development" : "Integritee Edge Local",
    chainType: isDev ? "Development" : "Local",
    publicKey: publicKey ?? new Uint8Array(32),
  };
}
