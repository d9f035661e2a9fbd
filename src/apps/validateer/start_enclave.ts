/**
 * Finds the enclave's bundle, has the platform start it, and says what it is asked at its start.
 *
 * @module
 */
import type { InitRequest } from "../../enclave/api/ecall_values.ts";
import { KEYS_FILE } from "../../enclave/api/ecall_values.ts";
import { createMessageEnclavePort, type EnclavePort, type MessageEnd } from "../../enclave/api/enclave_port.ts";
import { type RunningEnclave, startEnclave } from "../../enclave/api/platform_host.ts";
import type { BlockStore } from "../../host/block_store.ts";
import {
  type EnclaveBundle,
  ensureEnclaveBundle,
  keepEnclaveBundle,
  readEnclaveBundle,
} from "../../host/deno/bundle.ts";
import type { DataDir } from "../../host/deno/data_dir.ts";
import type { ShardIdentifier } from "../../primitives/branded.ts";
import { advertisedAddresses, listenHostname } from "./addresses.ts";
import { KEPT_BUNDLE, PLATFORM_FOLDER } from "./entries.ts";
import type { FinalityLevel, RunOptions, ValidateerOptions } from "./options.ts";

/** Numbers of the finality levels on the boundary. */
const LEVELS: Readonly<Record<FinalityLevel, number>> = { proven: 0, sealed: 1, trusted: 2 };

/** A started enclave and the port to it. */
export interface StartedEnclave {
  readonly running: RunningEnclave;
  readonly port: EnclavePort;
}

/** The bundle that the options name, by default that of these sources. @throws {BundleError} */
export async function bundleOf({ enclaveBundle }: Pick<ValidateerOptions, "enclaveBundle">): Promise<EnclaveBundle> {
  return await (enclaveBundle === undefined ? ensureEnclaveBundle() : readEnclaveBundle(enclaveBundle));
}

/**
 * Starts platform and enclave; takes about two seconds. A data directory without keys and state gets the bundle before the
 * enclave draws keys, which no other can open.
 *
 * @throws {PlatformStartError}
 */
export async function startEnclaveWorker(
  dataDir: DataDir,
  blocks: BlockStore,
  bundle: EnclaveBundle,
  options: ValidateerOptions,
): Promise<StartedEnclave> {
  const isUnused = blocks.newest() === undefined && (await dataDir.sealedNames()).length === 0;
  // Started from where it is kept: what was built may have been built anew meanwhile.
  const bundlePath = isUnused ? dataDir.entry(KEPT_BUNDLE) : bundle.path;
  if (isUnused) await keepEnclaveBundle(bundlePath, bundle.bytes);
  const platformDir = dataDir.entry(PLATFORM_FOLDER);
  await Deno.mkdir(platformDir, { recursive: true, mode: 0o700 });
  const hostname = listenHostname(options);
  const listenAddresses = [options.trustedWorkerPort, options.muRaPort].map((port) => `${hostname}:${port}`);
  const roots = options.platformRoot === undefined ? [] : [options.platformRoot];
  // The platform needs no more than its secret, the bundle that it measures, and what it passes on to the enclave.
  const worker = new Worker(new URL("../platform_worker.ts", import.meta.url), {
    type: "module",
    name: "platform",
    deno: {
      permissions: {
        read: [platformDir, bundlePath, ...roots],
        write: [platformDir],
        net: listenAddresses,
        env: false,
        run: false,
        ffi: false,
        sys: false,
        import: false,
      },
    },
  });
  const running = await startEnclave(worker, {
    dataDir: platformDir,
    bundlePath,
    listenAddresses,
    ...(options.platformRoot === undefined ? {} : { platformRootPath: options.platformRoot }),
  });
  // A MessagePort gives its handler more than a MessageEnd asks for, which the types cannot say.
  const port = createMessageEnclavePort(running.ecalls as unknown as MessageEnd);
  void running.died.then(() => port.gone(new Error("the enclave worker died")));
  return { running, port };
}

/** The `init` request of these options and what the data directory holds. */
export async function initRequestOf(
  options: RunOptions,
  shard: ShardIdentifier | undefined,
  dataDir: DataDir,
  blocks: BlockStore,
  nowMs: number,
): Promise<InitRequest> {
  const lowest = blocks.from(0n, 1)[0];
  const newest = blocks.newest();
  return {
    nowMs: BigInt(nowMs),
    shard,
    slotDurationMs: options.slotDurationMs,
    testGenesis: options.dev,
    finality: LEVELS[options.parentchainFinality],
    payoutFinality: LEVELS[options.payoutFinality],
    // Who names a root wants quotes under it.
    skipRa: options.skipRa || (options.dev && options.platformRoot === undefined),
    shieldingTarget: 0,
    listenHostname: listenHostname(options),
    listenPort: options.trustedWorkerPort,
    muRaListenPort: options.muRaPort,
    ...advertisedAddresses(options),
    sealedKeys: await dataDir.readSealed(KEYS_FILE),
    files: await dataDir.sealedNames(),
    storedBlocks: lowest === undefined || newest === undefined ? undefined : [lowest.number, newest.number],
  };
}
