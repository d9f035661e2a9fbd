/**
 * Entry point of the platform worker: the emulated processor. It alone reads the platform secret and the enclave's
 * bundle, starts the enclave as its child from exactly the measured bytes, and answers it over a private port.
 *
 * @module
 */
import type { PlatformFailureCode, PlatformReport, PlatformStart } from "../enclave/api/platform_port.ts";
import { loadPlatformSecret } from "../enclave/deno/platform_secret.ts";
import { EMULATED_DEVELOPMENT_ROOT_CERTIFICATE } from "../attestation/emulated_root.ts";
import { EMULATED_DEVELOPMENT_ROOT_KEY } from "../enclave/platform/development_root_key.ts";
import { createEmulatedProcessor, measureBundle } from "../enclave/platform/emulated_processor.ts";
import { parseSigningRoot, type SigningRoot } from "../enclave/platform/pck_chain.ts";
import { servePlatformPort } from "../enclave/platform/serve_port.ts";
import { asBufferSource } from "../primitives/bytes.ts";

/** What this file needs of the worker's global scope, which the configured library does not describe. */
interface WorkerScope {
  onmessage: ((event: MessageEvent) => unknown) | null;
  postMessage(message: PlatformReport): void;
}

const scope = globalThis as unknown as WorkerScope;

/** A step that failed, with the code the host is told. */
class StartFailure extends Error {
  override readonly name = "StartFailure";

  constructor(readonly code: PlatformFailureCode, options?: ErrorOptions) {
    super(`Cannot start the enclave: ${code}`, options);
  }
}

async function step<T>(code: PlatformFailureCode, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new StartFailure(code, { cause });
  }
}

async function loadRoot(path: string | undefined): Promise<SigningRoot> {
  if (path !== undefined) return parseSigningRoot(await Deno.readTextFile(path));
  return { certificate: EMULATED_DEVELOPMENT_ROOT_CERTIFICATE, privateKey: EMULATED_DEVELOPMENT_ROOT_KEY };
}

function spawnEnclave(bundle: Uint8Array, listenAddresses: readonly string[]): Worker {
  // Never revoked: the enclave starts its own helpers from the same measured bytes at this address.
  const url = URL.createObjectURL(new Blob([asBufferSource(bundle)], { type: "text/javascript" }));
  const net = listenAddresses.length > 0 ? [...listenAddresses] : false;
  const enclave = new Worker(url, {
    type: "module",
    name: "enclave",
    deno: {
      permissions: { net, read: false, write: false, env: false, run: false, ffi: false, sys: false, import: false },
    },
  });
  enclave.onerror = (event) => {
    event.preventDefault();
    scope.postMessage({ type: "enclave_failed" });
  };
  return enclave;
}

async function start(message: PlatformStart): Promise<void> {
  const { bundlePath, dataDir, ecallPort, listenAddresses, platformRootPath } = message;
  const bundle = await step("BundleUnreadable", () => Deno.readFile(bundlePath));
  const secret = await step("SecretUnusable", () => loadPlatformSecret(dataDir));
  const processor = await step("PlatformRootUnusable", async () => {
    return await createEmulatedProcessor(secret, await loadRoot(platformRootPath), Date.now());
  });
  const measurement = measureBundle(bundle);
  const enclave = await step("EnclaveUnstartable", async () => spawnEnclave(bundle, listenAddresses));
  const channel = new MessageChannel();
  servePlatformPort(channel.port1, processor, measurement);
  const platformPort = channel.port2;
  enclave.postMessage({ type: "boot", measurement, ecallPort, platformPort }, [ecallPort, platformPort]);
  scope.postMessage({ type: "started", measurement });
}

scope.onmessage = async (event) => {
  // One start per worker: a second enclave beside the first would be a clone of it.
  scope.onmessage = null;
  try {
    const message = event.data as Partial<PlatformStart> | null;
    if (message?.type !== "start" || !(message.ecallPort instanceof MessagePort)) {
      throw new StartFailure("StartMalformed");
    }
    await start(message as PlatformStart);
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    scope.postMessage({ type: "failed", code: error.code });
  }
};
