/**
 * The parentchain node of a run: a given one, or with `--dev` an embedded one.
 *
 * @module
 */
import { startDevnodeWorker } from "../../devnode/deno/start_worker.ts";
import { unlessAborted } from "../../host/interruption.ts";
import type { Log } from "../../host/log.ts";
import type { SlotTimer } from "../../host/slot_clock.ts";
import { NodeLink } from "../../host/parentchain/link.ts";
import { ServiceError } from "../../host/service.ts";
import type { RunOptions } from "./options.ts";
import { readRootCertificate } from "./platform_root.ts";
import type { Releases } from "./releases.ts";

/** A connected node. */
export interface ParentchainNode {
  readonly url: string;
  readonly link: NodeLink;
}

/** What a connection is told with, and ended by. */
export interface NodeSurroundings {
  readonly log: Log;
  readonly timer: SlotTimer;
  readonly releases: Releases;
  readonly fail: (error: Error) => void;
  /** Ends the waiting. */
  readonly stop: AbortSignal;
}

/** Whether the node of these options is an embedded one. */
export function embedsNode({ dev, integriteeRpcUrl }: RunOptions): boolean {
  return dev && integriteeRpcUrl === undefined;
}

/**
 * Connects to the node, on whose chain this enclave may be started.
 *
 * @param folder Where an embedded node has its blocks; without, it keeps them in memory.
 * @throws {ServiceError} `NoDevelopmentChain`, `EmulatedEnclaveRefused`, `PlatformRootUnusable`
 * @throws {LinkError}
 * @throws {DevnodeWorkerError}
 * @throws The reason of `stop` as soon as that is given.
 */
export async function connectNode(
  options: RunOptions,
  folder: string | undefined,
  { log, timer, releases, fail, stop }: NodeSurroundings,
): Promise<ParentchainNode> {
  const url = embedsNode(options)
    ? await unlessAborted(stop, startEmbedded(options, folder, { releases, log, fail }))
    : `${options.integriteeRpcUrl ?? "ws://127.0.0.1"}:${options.integriteeRpcPort}`;
  const level = options.parentchainFinality;
  const connecting = NodeLink.connect({ url, level, log, timer, onFatal: fail }).then((link) => {
    releases.add("parentchain link", () => link.stop());
    return link;
  });
  const link = await unlessAborted(stop, connecting);
  assertEmulationAccepted(options, url, link);
  return { url, link };
}

async function startEmbedded(
  { platformRoot, integriteeRpcPort }: RunOptions,
  dataDir: string | undefined,
  { releases, log, fail }: Pick<NodeSurroundings, "releases" | "log" | "fail">,
): Promise<string> {
  const devnode = await startDevnodeWorker({
    dataDir,
    rpcPort: integriteeRpcPort,
    ...(platformRoot === undefined ? {} : { platformRoot: await readRootCertificate(platformRoot) }),
  });
  releases.add("embedded parentchain", () => devnode.stop());
  void devnode.died.then(fail);
  log("info", "EmbeddedParentchain", { url: devnode.url, genesis: devnode.genesisHash });
  return devnode.url;
}

/** Outside of development an emulated enclave must be asked for by name. @throws {ServiceError} */
function assertEmulationAccepted(options: RunOptions, url: string, link: NodeLink): void {
  const { hostname } = new URL(url);
  const isLoopback = hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
  const isDevelopment = link.facts.isDevelopment && isLoopback;
  if (options.dev && !isDevelopment) {
    throw new ServiceError("NoDevelopmentChain", `Cannot use "--dev": ${url} is no development chain on this machine`);
  }
  if (!isDevelopment && !options.acceptEmulatedEnclave) {
    throw new ServiceError(
      "EmulatedEnclaveRefused",
      `Cannot start on "${link.facts.name}": this enclave is EMULATED and protects nothing from its host; ` +
        '"--accept-emulated-enclave" starts it all the same',
    );
  }
}
