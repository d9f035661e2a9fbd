/**
 * `validateer run`: everything from the lock to the slots, and back.
 *
 * @module
 */
import type { Health, Identity } from "../../enclave/api/ecall_values.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { type EnclaveBundle, keepEnclaveBundle } from "../../host/deno/bundle.ts";
import { openDataDir } from "../../host/deno/data_dir.ts";
import { readPeerFile } from "../../host/deno/peer_file.ts";
import { openSqliteBlockStore } from "../../host/deno/sqlite_block_store.ts";
import { unlessAborted } from "../../host/interruption.ts";
import { createLog, type Log } from "../../host/log.ts";
import { countLog } from "../../host/log_metrics.ts";
import { createHostMetrics, type HostMetrics } from "../../host/metrics.ts";
import { fundEnclaveAccount } from "../../host/parentchain/funding.ts";
import type { NodeLink } from "../../host/parentchain/link.ts";
import { ServiceError, ValidateerService } from "../../host/service.ts";
import type { SlotTimer } from "../../host/slot_clock.ts";
import { decodeBase58, encodeBase58 } from "../../primitives/base58.ts";
import { type ShardIdentifier, shardIdentifier } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { advertisedAddresses, unreachableAddresses } from "./addresses.ts";
import { connectForStart } from "./clean_reset.ts";
import { createEnclaveSide } from "./enclave_side.ts";
import { startEndpoints } from "./endpoints.ts";
import { BLOCKS_FILE, KEPT_BUNDLE, PEERS_FILE } from "./entries.ts";
import type { RunOptions } from "./options.ts";
import { readRootCertificate } from "./platform_root.ts";
import { Releases } from "./releases.ts";
import { renderStartTable } from "./report.ts";
import { bundleOf, initRequestOf, startEnclaveWorker } from "./start_enclave.ts";

/** Blocks are produced within this time after the start, or what stands in the way is logged. */
const FIRST_BLOCK_TIMEOUT_MS = 60_000;
/** Pause between two looks at the enclave's health while it is not yet authoring. */
const HEALTH_INTERVAL_MS = 250;

const timer: SlotTimer = {
  now: () => Date.now(),
  after: (ms, run) => {
    const id = setTimeout(run, ms);
    return () => clearTimeout(id);
  },
};

/** A validateer that takes part, or tries to. */
export interface StartedValidateer {
  readonly identity: Identity;
  readonly service: ValidateerService;
  readonly link: NodeLink;
}

/** What is told of a run. */
export interface RunHooks {
  /** Takes a line of the log. */
  readonly print: (line: string) => void;
  /** Called once the enclave has its shard, follows the parentchain and has its slots. */
  readonly onStarted: (started: StartedValidateer) => void;
}

const STANDARD_HOOKS: RunHooks = { print: (line) => console.error(line), onStarted: () => {} };

/** Runs until the signal, which ends a start as well; rejects with what ended it otherwise. */
export async function runValidateer(
  shard: string | undefined,
  options: RunOptions,
  stop: AbortSignal,
  { print, onStarted }: RunHooks = STANDARD_HOOKS,
): Promise<void> {
  const metrics = createHostMetrics(true);
  const log = countLog(createLog(print, () => new Date(), options.logLevel), metrics.logEvents);
  const releases = new Releases(log);
  const failed = Promise.withResolvers<never>();
  const ended = new AbortController();
  const stopped = AbortSignal.any([stop, ended.signal]);
  const tellStopping = (): void => log("info", "Stopping");
  stop.addEventListener("abort", tellStopping, { once: true });
  try {
    // A failure that is signalled comes first: it explains the step that fails because of it, or waits for ever.
    await Promise.race([
      failed.promise,
      start(shard, options, stopped, { log, metrics, releases, fail: failed.reject, onStarted }),
    ]);
    await unlessAborted(stop, failed.promise);
  } catch (error) {
    if (!stop.aborted || error !== stop.reason) throw error;
  } finally {
    stop.removeEventListener("abort", tellStopping);
    ended.abort();
    await releases.run();
  }
}

interface Surroundings {
  readonly log: Log;
  readonly metrics: HostMetrics;
  readonly releases: Releases;
  readonly fail: (error: Error) => void;
  readonly onStarted: RunHooks["onStarted"];
}

/** What a start takes from its options before it touches data. */
interface Prepared {
  /** The shard that is asked for. */
  readonly name: ShardIdentifier | undefined;
  readonly bundle: EnclaveBundle;
}

/** Reads all that the options name, so that a start that must be refused for it is refused first. */
async function prepare(shard: string | undefined, options: RunOptions): Promise<Prepared> {
  const name = shard === undefined ? undefined : shardIdentifier(decodeBase58(shard));
  advertisedAddresses(options);
  if (options.platformRoot !== undefined) await readRootCertificate(options.platformRoot);
  return { name, bundle: await bundleOf(options) };
}

/** Starts all of it. @throws The reason of `stop` as soon as that is given. */
async function start(
  shard: string | undefined,
  options: RunOptions,
  stop: AbortSignal,
  { log, metrics, releases, fail, onStarted }: Surroundings,
): Promise<void> {
  const unlessStopped = <T>(work: Promise<T>): Promise<T> => unlessAborted(stop, work);
  log("warn", "EmulatedEnclave", { meaning: "an enclave in JavaScript protects nothing from its host" });
  const unreachable = unreachableAddresses(options);
  if (unreachable.length > 0) log("warn", "AddressesUnreachable", { advertised: unreachable.join(",") });
  const dataDir = await openDataDir(options.dataDir);
  releases.add("data directory", () => dataDir.close());
  // With "--clean-reset" the data is removed when the node is connected.
  const { name, bundle } = await unlessStopped(prepare(shard, options));
  const { url, link } = await connectForStart(options, dataDir, { log, timer, releases, fail, stop });
  const blocks = openSqliteBlockStore(dataDir.entry(BLOCKS_FILE));
  releases.add("block store", () => blocks.close());
  const starting = startEnclaveWorker(dataDir, blocks, bundle, options).then((started) => {
    releases.add("enclave worker", () => started.running.terminate());
    return started;
  });
  const { running, port } = await unlessStopped(starting);
  void running.died.then(() => fail(new ServiceError("EnclaveDied", "The enclave's worker has died")));
  const peersBefore = await readPeerFile(dataDir.entry(PEERS_FILE));
  // Known as soon as the enclave is up, which is before it wants blocks.
  let ownShard: Uint8Array = new Uint8Array(32);
  const { host, exchange } = createEnclaveSide({
    ...{ port, dataDir, blocks, link, timer, metrics, log, fail },
    shard: () => ownShard,
  });
  releases.add("exchange of blocks", () => exchange.stop());
  const request = await initRequestOf(options, name, dataDir, blocks, Date.now());
  const service = new ValidateerService({
    ...{ host, link, timer, metrics, log, stop },
    fund: ({ signer }) => {
      const waits = request.storedBlocks === undefined;
      return fundEnclaveAccount({ link, url, account: signer, development: options.dev, waits, signal: stop, log });
    },
  });
  const identity = await service.recover(request);
  ownShard = identity.shard;
  log("info", "EnclaveReady", { fingerprint: encodeBase58(identity.fingerprint) });
  // Keys of an earlier version may lie without it.
  if (equalBytes(sha256(bundle.bytes), identity.fingerprint)) {
    await keepEnclaveBundle(dataDir.entry(KEPT_BUNDLE), bundle.bytes);
  }
  const trustedPort = await service.sync(identity);
  const { blockHash } = await unlessStopped(service.health());
  await unlessStopped(exchange.catchUp(peersBefore, blockHash));
  releases.add("slots and enclave", () => service.stop());
  await service.run();
  const endpoints = startEndpoints({ options, service, blocks, identity, metrics, link });
  releases.add("endpoints", () => endpoints.stop());
  onStarted({ identity, service, link });
  const health = await unlessStopped(untilAuthoring(service, stop, log));
  console.log(renderStartTable({ options, url, link, identity, health, trustedPort, endpoints }));
}

async function untilAuthoring(service: ValidateerService, stop: AbortSignal, log: Log): Promise<Health> {
  const warnAt = Date.now() + FIRST_BLOCK_TIMEOUT_MS;
  for (let warned = false;;) {
    const health = await service.health();
    if (stop.aborted || (health.blockNumber > 0n && health.notAuthoring === "")) return health;
    if (!warned && Date.now() > warnAt) {
      warned = true;
      const { registered, listed, vault, notAuthoring } = health;
      log("warn", "NotAuthoringYet", { registered, listed, vault: vault !== undefined, reason: notAuthoring });
    }
    await new Promise((resolve) => setTimeout(resolve, HEALTH_INTERVAL_MS));
  }
}
