/**
 * Entry of the worker thread that {@link start_worker.ts} starts.
 *
 * @module
 */
import { toDevnodeError } from "./devnode_error.ts";
import { type RunningDevnode, startDevnode } from "./run_devnode.ts";
import type { FromDevnodeWorker, ToDevnodeWorker } from "./worker_messages.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToDevnodeWorker>) => void) | null;
  readonly postMessage: (message: FromDevnodeWorker) => void;
}

const scope = globalThis as unknown as WorkerScope;
let running: RunningDevnode | undefined;

scope.onmessage = async ({ data }) => {
  if (data.type === "stop") {
    await running?.stop();
    running = undefined;
    return scope.postMessage({ type: "stopped" });
  }
  try {
    running = await startDevnode(data.options, (level, message) => {
      if (level !== "info") console.error(`devnode: ${message}`);
    });
    const { url, genesisHash, peerUrl, prometheusUrl } = running;
    scope.postMessage({ type: "ready", url, genesisHash, peerUrl, prometheusUrl });
  } catch (error) {
    const { code, message } = toDevnodeError(error);
    scope.postMessage({ type: "failed", code, message });
  }
};
