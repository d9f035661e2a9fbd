/**
 * Builds the enclave's bundle, has the platform start it, and asks it who it is.
 *
 * @module
 */
import { join } from "node:path";
import type { InitRequest } from "../../enclave/api/ecall_values.ts";
import { KEYS_FILE } from "../../enclave/api/ecall_values.ts";
import { createMessageEnclavePort, type EnclavePort, type MessageEnd } from "../../enclave/api/enclave_port.ts";
import { type RunningEnclave, startEnclave } from "../../enclave/api/platform_host.ts";
import type { BlockStore } from "../../host/block_store.ts";
import { ensureEnclaveBundle, readEnclaveBundle } from "../../host/deno/bundle.ts";
import type { DataDir } from "../../host/deno/data_dir.ts";
import { shardIdentifier } from "../../primitives/branded.ts";
import { decodeBase58 } from "../../primitives/base58.ts";
import { advertisedAddresses, listenHostname } from "./addresses.ts";
import type { FinalityLevel, RunOptions, ValidateerOptions } from "./options.ts";

/** Entry of a data directory: the bundle of the enclave that it belongs to. */
export const KEPT_BUNDLE = "enclave.js";

/** Numbers of the finality levels on the boundary. */
const LEVELS: Readonly<Record<FinalityLevel, number>> = { proven: 0, sealed: 1, trusted: 2 };

/** A started enclave and the port to it. */
export interface StartedEnclave {
  readonly running: RunningEnclave;
  readonly port: EnclavePort;
  /** Its bundle. */
  readonly bundle: Uint8Array;
}

/** Starts platform and enclave; takes about two seconds. @throws {PlatformStartError} @throws {BundleError} */
export async function startEnclaveWorker(dataDir: DataDir, options: ValidateerOptions): Promise<StartedEnclave> {
  const bundle =
    await (options.enclaveBundle === undefined ? ensureEnclaveBundle() : readEnclaveBundle(options.enclaveBundle));
  const platformDir = dataDir.entry("platform");
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
        read: [platformDir, bundle.path, ...roots],
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
    bundlePath: bundle.path,
    listenAddresses,
    ...(options.platformRoot === undefined ? {} : { platformRootPath: options.platformRoot }),
  });
  // A MessagePort gives its handler more than a MessageEnd asks for, which the types cannot say.
  const port = createMessageEnclavePort(running.ecalls as unknown as MessageEnd);
  void running.died.then(() => port.gone(new Error("the enclave worker died")));
  return { running, port, bundle: bundle.bytes };
}

/** The `init` request of these options and what the data directory holds. @throws {TypeError} If the shard is no base58. */
export async function initRequestOf(
  options: RunOptions,
  shard: string | undefined,
  dataDir: DataDir,
  blocks: BlockStore,
  nowMs: number,
): Promise<InitRequest> {
  const lowest = blocks.from(0n, 1)[0];
  const newest = blocks.newest();
  return {
    nowMs: BigInt(nowMs),
    shard: shard === undefined ? undefined : shardIdentifier(decodeBase58(shard)),
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

/** Removes what the enclave and the host have stored, and the embedded parentchain with it. */
export async function cleanReset(path: string): Promise<void> {
  for (
    const name of [
      "sealed",
      "parentchain",
      "platform",
      KEPT_BUNDLE,
      "sidechain.sqlite",
      "sidechain.sqlite-wal",
      "sidechain.sqlite-shm",
    ]
  ) {
    try {
      await Deno.remove(join(path, name), { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
