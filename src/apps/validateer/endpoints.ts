/**
 * The host's own endpoints: untrusted RPC, health, metrics.
 *
 * @module
 */
import type { Identity } from "../../enclave/api/ecall_values.ts";
import { encodeSs58 } from "../../crypto/ss58.ts";
import type { BlockStore } from "../../host/block_store.ts";
import { type RunningServer, serveHttp, serveRpc } from "../../host/deno/servers.ts";
import { createHealthApp, createMetricsApp } from "../../host/http_app.ts";
import { unlessAborted } from "../../host/interruption.ts";
import { type HostMetrics, renderEnclaveMetrics } from "../../host/metrics.ts";
import type { NodeLink } from "../../host/parentchain/link.ts";
import { LinkError } from "../../host/parentchain/link_error.ts";
import type { ValidateerService } from "../../host/service.ts";
import { createUntrustedRouter } from "../../host/untrusted_rpc.ts";
import { listenHostname } from "./addresses.ts";
import type { RunOptions } from "./options.ts";

/** How long a scrape waits for the node to tell balances: Prometheus waits ten seconds for all of it if not told otherwise. */
export const BALANCE_TIMEOUT_MS = 2_000;

/** What the endpoints show. */
export interface EndpointSources {
  readonly options: RunOptions;
  readonly service: ValidateerService;
  readonly blocks: BlockStore;
  readonly identity: Identity;
  readonly metrics: HostMetrics;
  readonly link: NodeLink;
}

/** The running endpoints. */
export interface Endpoints {
  readonly untrusted: RunningServer;
  readonly health: RunningServer;
  readonly metrics: RunningServer | undefined;
  readonly stop: () => Promise<void>;
}

/** Starts them. @throws {ListenError} If a port is taken. */
export function startEndpoints(sources: EndpointSources): Endpoints {
  const { options, service, blocks, identity } = sources;
  const hostname = listenHostname(options);
  let initialized = false;
  const started: RunningServer[] = [];
  const keep = (server: RunningServer): RunningServer => (started.push(server), server);
  const router = createUntrustedRouter();
  const untrusted = keep(serveRpc(hostname, options.untrustedWorkerPort, router, { blocks, shard: identity.shard }));
  const healthApp = createHealthApp(async () => {
    if (!initialized) {
      const health = await service.health();
      initialized = health.registered && health.listed && health.blockNumber > 0n;
    }
    return initialized;
  });
  const health = keep(serveHttp(hostname, options.untrustedHttpPort, (request) => healthApp.fetch(request)));
  const metricsApp = createMetricsApp(() => renderMetrics(sources));
  const metrics = options.enableMetrics
    ? keep(serveHttp(hostname, options.metricsPort, (request) => metricsApp.fetch(request)))
    : undefined;
  return { untrusted, health, metrics, stop: async () => void await Promise.all(started.map((s) => s.stop())) };
}

/** The metrics of host and enclave; balances are there if the node tells them in time, and nothing else waits for it. */
async function renderMetrics({ service, metrics, link, identity }: EndpointSources): Promise<string> {
  const { vault } = await service.health();
  const accounts: (readonly [name: string, account: Uint8Array])[] = [["EnclaveSigner", identity.signer]];
  if (vault !== undefined) accounts.push(["ShardVault", vault]);
  await Promise.all(accounts.map(([name, account]) => observeBalance(metrics, link, name, account)));
  const own = await metrics.registry.metrics();
  return `${own}\n${renderEnclaveMetrics(await service.call("metrics", undefined))}`;
}

/**
 * Without the parentchain there is no balance to show, and the other metrics are wanted most. It is left out instead of shown
 * as it was last: Prometheus marks what is missing as stale, and could not tell an old value from a new one.
 */
async function observeBalance(metrics: HostMetrics, link: NodeLink, name: string, account: Uint8Array): Promise<void> {
  const { metadata, tokenDecimals } = link.facts;
  const labels = { parentchain: "Integritee", role: `${name}(${encodeSs58(account, metadata.ss58Prefix)})` };
  const late = AbortSignal.timeout(BALANCE_TIMEOUT_MS);
  try {
    const balance = await unlessAborted(late, link.freeBalance(account));
    metrics.freeBalance.set(labels, Number(balance) / 10 ** tokenDecimals);
  } catch (error) {
    if (!(error instanceof LinkError || error === late.reason)) throw error;
    metrics.freeBalance.remove(labels);
  }
}
