/**
 * Entry point of the enclave's bundle: its SHA-256 is the MRENCLAVE. Waits for the platform's boot message, then serves
 * ecalls.
 *
 * @module
 */
import { installFastCrypto } from "../crypto/fast.ts";
import { createPlatformClient } from "../enclave/api/platform_client.ts";
import { type EnclaveBoot, isEnclaveBoot } from "../enclave/api/platform_port.ts";
import { type MessageEnd, serveEcalls } from "../enclave/api/enclave_port.ts";
import type { Effect } from "../enclave/api/effects.ts";
import type { EnclavePorts } from "../enclave/core/enclave_ports.ts";
import { startTlsServer } from "../enclave/deno/tls_server.ts";
import { Enclave } from "../enclave/enclave.ts";

/** Version of this software, as `system_version` and the metrics tell it. */
const VERSION = "0.1.0";

/** What this file needs of the worker's global scope, which the configured library does not describe. */
interface WorkerScope {
  onmessage: ((event: MessageEvent) => unknown) | null;
}

const scope = globalThis as unknown as WorkerScope;

function createPorts(boot: EnclaveBoot, sendEffects: EnclavePorts["sendEffects"]): EnclavePorts {
  const nowMs = () => Date.now();
  return {
    platform: createPlatformClient(boot.platformPort, boot.measurement),
    nowMs,
    monotonicMs: () => performance.now(),
    tick: (intervalMs) => new Promise((resolve) => setTimeout(resolve, intervalMs - (nowMs() % intervalMs))),
    startServer: (options) => startTlsServer(options, nowMs),
    sendEffects,
    version: VERSION,
  };
}

async function boot(message: EnclaveBoot): Promise<void> {
  await installFastCrypto();
  let send: (effects: readonly Effect[]) => void = () => {};
  const enclave = new Enclave(createPorts(message, (effects) => send(effects)));
  send = serveEcalls(message.ecallPort as unknown as MessageEnd, (name, bytes) => enclave.handle(name, bytes));
}

scope.onmessage = async ({ data }) => {
  if (!isEnclaveBoot(data)) return;
  // One boot per worker: a second one would be another enclave in the same place.
  scope.onmessage = null;
  await boot(data);
};
