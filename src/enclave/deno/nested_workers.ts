/**
 * Nested workers of the enclave: started from its own measured bytes, without any permission.
 *
 * @module
 */
import { sha256 } from "../../crypto/sha256.ts";
import { asBufferSource, equalBytes } from "../../primitives/bytes.ts";
import type { CryptoWorkerEvents, SpawnCryptoWorker } from "../crypto_workers/crypto_worker.ts";
import type { CryptoWorkerSource } from "../crypto_workers/crypto_workers.ts";

/** Most nested workers: each is an isolate of some 40 MB, and one thread feeds them all. */
export const MAX_CRYPTO_WORKERS = 16;

type WorkerConstructor = typeof Worker;

/**
 * Takes the means to start workers away from everything else in this worker, and gives them to the pool: one worker for
 * each core but the one that authors, and two where there are but two.
 */
export async function takeCryptoWorkerSource(bundleUrl: string, measurement: Uint8Array): Promise<CryptoWorkerSource> {
  const start = takeWorkerConstructor();
  const url = await measuredCopy(bundleUrl, measurement);
  const cores = navigator.hardwareConcurrency;
  const count = Math.min(MAX_CRYPTO_WORKERS, Math.max(Math.min(cores, 2), cores - 1));
  return { spawn: spawnFrom(start, url), count };
}

/** Removes `Worker` from the global scope; the returned constructor is the only one left. */
export function takeWorkerConstructor(): WorkerConstructor {
  const scope = globalThis as { Worker?: WorkerConstructor };
  const start = scope.Worker as WorkerConstructor;
  delete scope.Worker;
  return start;
}

/** A copy of the bundle that nobody else can name; `undefined` if it is not what was measured. */
async function measuredCopy(bundleUrl: string, measurement: Uint8Array): Promise<string | undefined> {
  try {
    const bytes = new Uint8Array(await (await fetch(bundleUrl)).arrayBuffer());
    if (!equalBytes(sha256(bytes), measurement)) return undefined;
    return URL.createObjectURL(new Blob([asBufferSource(bytes)], { type: "text/javascript" }));
  } catch {
    // The host has revoked the address: the enclave can do without nested workers.
    return undefined;
  }
}

function spawnFrom(Start: WorkerConstructor, url: string | undefined): SpawnCryptoWorker {
  return ({ onMessage, onGone }: CryptoWorkerEvents) => {
    if (url === undefined) throw new TypeError("Cannot start a nested worker: its bytes are not those measured");
    const worker = new Start(url, { type: "module", name: "crypto", deno: { permissions: "none" } });
    worker.onmessage = ({ data }) => onMessage(data);
    worker.onmessageerror = onGone;
    worker.onerror = (event) => {
      event.preventDefault();
      onGone();
    };
    return {
      send: (message, transfer) => worker.postMessage(message, transfer),
      terminate: () => worker.terminate(),
    };
  };
}
