/**
 * Entry point of the enclave's bundle: its SHA-256 is the MRENCLAVE. The first message says what the worker is: the
 * platform's boot message makes it the enclave, which serves ecalls; the enclave's own makes it one of its nested workers,
 * which decrypt and check signatures.
 *
 * @module
 */
import { installFastCrypto } from "../crypto/fast.ts";
import { createPlatformClient } from "../enclave/api/platform_client.ts";
import { type EnclaveBoot, isEnclaveBoot } from "../enclave/api/platform_port.ts";
import { type MessageEnd, serveEcalls } from "../enclave/api/enclave_port.ts";
import type { Effect } from "../enclave/api/effects.ts";
import type { EnclavePorts } from "../enclave/core/enclave_ports.ts";
import { type CryptoBoot, isCryptoBoot } from "../enclave/crypto_workers/crypto_job.ts";
import { type CryptoScope, serveCryptoJobs } from "../enclave/crypto_workers/serve_jobs.ts";
import type { CryptoWorkerSource } from "../enclave/crypto_workers/crypto_workers.ts";
import { connectPiped } from "../enclave/deno/piped_tls_client.ts";
import { startProvisioningServer } from "../enclave/deno/provisioning_server.ts";
import { StreamError } from "../enclave/provisioning/secure_channel.ts";
import { takeCryptoWorkerSource, takeWorkerConstructor } from "../enclave/deno/nested_workers.ts";
import { startTlsServer } from "../enclave/deno/tls_server.ts";
import { Enclave } from "../enclave/enclave.ts";

/** Version of this software, as `system_version` and the metrics tell it. */
const VERSION = "0.1.0";

/** Pipes that wait to be taken: one is opened at a time. */
const MAX_WAITING_PIPES = 4;

/** The worker's global scope, which the configured library does not describe. */
const scope = globalThis as unknown as CryptoScope;

function createPorts(
  boot: EnclaveBoot,
  cryptoWorkers: CryptoWorkerSource,
  sendEffects: EnclavePorts["sendEffects"],
  takePipe: (pipe: number) => MessagePort | undefined,
): EnclavePorts {
  const nowMs = () => Date.now();
  return {
    platform: createPlatformClient(boot.platformPort, boot.measurement),
    nowMs,
    monotonicMs: () => performance.now(),
    tick: (intervalMs) => new Promise((resolve) => setTimeout(resolve, intervalMs - (nowMs() % intervalMs))),
    cryptoWorkers,
    startServer: (options) => startTlsServer(options, nowMs),
    provisioning: {
      listen: startProvisioningServer,
      connect: (pipe, certificate) => {
        const port = takePipe(pipe);
        return port === undefined
          ? Promise.reject(new StreamError("ConnectionBroken"))
          : connectPiped(port, certificate);
      },
    },
    sendEffects,
    version: VERSION,
  };
}

/** Pipes that the host has opened and nobody has taken yet; only the newest few are kept. */
class Pipes {
  readonly #ports = new Map<number, MessagePort>();

  readonly put = (pipe: number, port: MessagePort): void => {
    this.#ports.set(pipe, port);
    for (const [old, forgotten] of this.#ports) {
      if (this.#ports.size <= MAX_WAITING_PIPES) return;
      this.#ports.delete(old);
      forgotten.close();
    }
  };

  readonly take = (pipe: number): MessagePort | undefined => {
    const port = this.#ports.get(pipe);
    this.#ports.delete(pipe);
    return port;
  };
}

async function boot(message: EnclaveBoot): Promise<void> {
  const cryptoWorkers = await takeCryptoWorkerSource(import.meta.url, message.measurement);
  await installFastCrypto();
  let send: (effects: readonly Effect[]) => void = () => {};
  const pipes = new Pipes();
  const enclave = new Enclave(createPorts(message, cryptoWorkers, (effects) => send(effects), pipes.take));
  const end = message.ecallPort as unknown as MessageEnd;
  send = serveEcalls(end, (name, bytes) => enclave.handle(name, bytes), pipes.put);
}

async function bootNested({ keys }: CryptoBoot): Promise<void> {
  takeWorkerConstructor();
  await installFastCrypto();
  serveCryptoJobs(scope, keys);
}

scope.onmessage = async ({ data }) => {
  const isNested = isCryptoBoot(data);
  if (!isNested && !isEnclaveBoot(data)) return;
  // One boot per worker: a second one would be another enclave in the same place.
  scope.onmessage = null;
  await (isNested ? bootNested(data) : boot(data));
};
