/**
 * `/metrics` for Prometheus with the names of a Substrate node, and `/health`.
 *
 * @module
 */
import { Counter, Gauge, Registry } from "prom-client";
import type { DevNode } from "../node.ts";
import type { PeerNetwork } from "../peers/peer_network.ts";
import { setOfBlock } from "../authority_history.ts";
import type { NodeIdentity } from "../rpc/rpc_node.ts";
import { listenOn, type ListenOptions, type RpcServer, stopServer } from "./rpc_server.ts";

/** Block times without a new block after which `/health` says that the node is not well. */
export const UNHEALTHY_AFTER_BLOCKS = 5;

/** A server of metrics that listens. */
export interface MetricsServer {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** What the metrics tell about. */
export interface MetricsSources<Block> {
  readonly node: DevNode<Block>;
  readonly rpc: RpcServer;
  readonly identity: NodeIdentity;
  readonly nowMs: () => number;
  /** The other nodes; none for a node alone. */
  readonly network: PeerNetwork<Block> | undefined;
}

/** Listens. @throws {DevnodeError} `AddressInUse` or `ListenFailed`. */
export function startMetricsServer<Block>(sources: MetricsSources<Block>, listen: ListenOptions): MetricsServer {
  const { node, nowMs } = sources;
  const registry = createRegistry(sources);
  let newestMs = nowMs();
  const unlisten = node.listen((event) => {
    if (event.type === "head") newestMs = nowMs();
  });
  const server = listenOn(listen, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/metrics") {
      return new Response(await registry.metrics(), { headers: { "content-type": registry.contentType } });
    }
    if (pathname !== "/health") return new Response("Not found", { status: 404 });
    const limitMs = UNHEALTHY_AFTER_BLOCKS * node.chain.runtime.slotDurationMs;
    const isHealthy = nowMs() - newestMs <= limitMs;
    const body = { isHealthy, best: node.chain.head.number, finalized: node.chain.finalizedNumber };
    return Response.json(body, { status: isHealthy ? 200 : 503 });
  });
  return {
    port: server.addr.port,
    stop: async () => {
      unlisten();
      await stopServer(server);
    },
  };
}

function createRegistry<Block>({ node, rpc, identity, nowMs, network }: MetricsSources<Block>): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ chain: identity.chain });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `substrate_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  new Gauge({
    name: "substrate_block_height",
    help: "Block height info of the chain",
    labelNames: ["status"],
    registers: [registry],
    collect() {
      this.set({ status: "best" }, node.chain.head.number);
      this.set({ status: "finalized" }, node.chain.finalizedNumber);
      this.set({ status: "sync_target" }, node.chain.head.number);
    },
  });
  new Gauge({
    name: "substrate_build_info",
    help: "A metric with a constant '1' value labeled by name, version",
    labelNames: ["name", "version"],
    registers: [registry],
  }).set({ name: identity.name, version: identity.version }, 1);
  gauge(
    "process_start_time_seconds",
    "Number of seconds between the UNIX epoch and the moment the process started",
    fixed(nowMs() / 1000),
  );
  gauge("ready_transactions_number", "Number of transactions in the ready queue", () => node.pool.ready.count);
  gauge("future_transactions_number", "Number of transactions in the future queue", () => node.pool.future.count);
  gauge("number_leaves", "Number of known chain leaves (aka forks)", () => node.chain.tree.leaves.length);
  gauge("sub_libp2p_peers_count", "Number of connected peers", () => network?.peers.length ?? 0);
  gauge("finality_grandpa_round", "Highest completed GRANDPA round.", () => {
    if (network !== undefined) return Number(network.voting.voter.round) - 1;
    const number = node.chain.finalizedNumber;
    return number - setOfBlock(node.chain.authorities, number).set.firstBlock + 1;
  });
  gauge("rpc_sessions_opened", "Number of persistent RPC sessions opened", () => rpc.counts.opened);
  gauge("rpc_sessions_closed", "Number of persistent RPC sessions closed", () => rpc.counts.closed);
  gauge("rpc_frames_received", "Number of RPC requests and batches received", () => rpc.counts.requests);
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name: `substrate_${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  counter("proposer_blocks_constructed", "Number of blocks this node made", () => node.authored);
  if (network !== undefined) addNetworkMetrics(registry, counter, network);
  return registry;
}

function addNetworkMetrics<Block>(
  registry: Registry,
  counter: (name: string, help: string, read: () => number) => void,
  { voting, counts }: PeerNetwork<Block>,
): void {
  counter("finality_grandpa_prevotes", "Prevotes of others that were taken", () => voting.counts.prevotes);
  counter("finality_grandpa_precommits", "Precommits of others that were taken", () => voting.counts.precommits);
  counter("finality_grandpa_equivocations", "Votes that contradict one before", () => voting.counts.equivocations);
  counter("sync_blocks_imported", "Blocks of others that were taken", () => counts.imported);
  new Counter({
    name: "devnode_peer_offences_total",
    help: "Broken rules of peers",
    labelNames: ["code"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [code, count] of counts.offences) this.inc({ code }, count);
    },
  });
}

function fixed(value: number): () => number {
  return () => value;
}
