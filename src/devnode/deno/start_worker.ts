/**
 * Runs the development parentchain in a worker thread of its own, so that its work never delays its host.
 *
 * @module
 */
import type { Hex } from "../../primitives/hex.ts";
import { completeOptions, type DevnodeOptions } from "../options.ts";
import type { FromDevnodeWorker, ToDevnodeWorker } from "./worker_messages.ts";

/** Longest time a worker may take to start: loading its modules takes about a second on a slow machine. */
export const WORKER_START_TIMEOUT_MS = 30_000;
/** Longest time a worker may take to close its database; then it is ended, which loses nothing that was acknowledged. */
export const WORKER_STOP_TIMEOUT_MS = 2_000;

/** A node that runs in a worker. */
export interface DevnodeWorker {
  /** Where its JSON-RPC listens: `ws://127.0.0.1:<port>`; the same address with `http` takes POST requests. */
  readonly url: string;
  /** Hash of its block 0. */
  readonly genesisHash: Hex;
  /** Where it listens for peers, if it does. */
  readonly peerUrl: string | undefined;
  /** Where its metrics are, if they are switched on. */
  readonly prometheusUrl: string | undefined;
  /** Resolves with the cause, `WorkerFailed`, when it has died by itself; never after {@linkcode DevnodeWorker.stop}. */
  readonly died: Promise<DevnodeWorkerError>;
  /** Stops it; ready when the port is free and the database is closed. Further calls wait for the first. */
  readonly stop: () => Promise<void>;
}

/** The worker could not start, or failed later. */
export class DevnodeWorkerError extends Error {
  override name = "DevnodeWorkerError";
  /** `StartTimeout`, `WorkerFailed`, or what the node itself reported, such as `AddressInUse`. */
  readonly code: string;

  /** Makes the error. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Starts a node in a worker thread. Choices not made are those of `EMBEDDED_DEFAULTS`.
 *
 * @throws {RangeError} If a choice is out of its bounds.
 * @throws {DevnodeWorkerError} If the node does not start.
 */
export async function startDevnodeWorker(choices: Partial<DevnodeOptions> = {}): Promise<DevnodeWorker> {
  const options = completeOptions(choices);
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "devnode" });
  const died = Promise.withResolvers<DevnodeWorkerError>();
  let stopping: Promise<void> | undefined;
  const onFailure = (failure: DevnodeWorkerError) => {
    died.resolve(failure);
    // Nobody is left to be asked to stop.
    stopping = Promise.resolve(worker.terminate());
  };
  try {
    const ready = await untilReady(worker, options, onFailure);
    return {
      url: ready.url,
      genesisHash: ready.genesisHash,
      peerUrl: ready.peerUrl,
      prometheusUrl: ready.prometheusUrl,
      died: died.promise,
      stop: () => stopping ??= stopWorker(worker),
    };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

function say(worker: Worker, message: ToDevnodeWorker): void {
  worker.postMessage(message);
}

/** What the worker tells when it runs; `onFailure` is told what ends it, then or later. */
function untilReady(
  worker: Worker,
  options: DevnodeOptions,
  onFailure: (failure: DevnodeWorkerError) => void,
): Promise<Extract<FromDevnodeWorker, { type: "ready" }>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new DevnodeWorkerError("StartTimeout", `Cannot start the devnode within ${WORKER_START_TIMEOUT_MS} ms`));
    }, WORKER_START_TIMEOUT_MS);
    worker.onerror = (event) => {
      event.preventDefault();
      clearTimeout(timer);
      const failure = new DevnodeWorkerError("WorkerFailed", `Cannot run the devnode: ${event.message}`);
      onFailure(failure);
      reject(failure);
    };
    worker.onmessage = ({ data }: MessageEvent<FromDevnodeWorker>) => {
      clearTimeout(timer);
      if (data.type === "ready") resolve(data);
      else if (data.type === "failed") reject(new DevnodeWorkerError(data.code, data.message));
    };
    say(worker, { type: "start", options });
  });
}

function stopWorker(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      worker.terminate();
      resolve();
    };
    const timer = setTimeout(end, WORKER_STOP_TIMEOUT_MS);
    worker.onerror = (event) => {
      event.preventDefault();
      end();
    };
    worker.onmessage = ({ data }: MessageEvent<FromDevnodeWorker>) => {
      if (data.type === "stopped") end();
    };
    say(worker, { type: "stop" });
  });
}
