/**
 * What is said between {@link start_worker.ts} and {@link worker.ts}.
 *
 * @module
 */
import type { Hex } from "../../primitives/hex.ts";
import type { DevnodeOptions } from "../options.ts";

/** Said to the worker: first `start`, then at most one `stop`. */
export type ToDevnodeWorker =
  | { readonly type: "start"; readonly options: DevnodeOptions }
  | { readonly type: "stop" };

/** Said by the worker: `ready` or `failed` after `start`, `stopped` after `stop`. */
export type FromDevnodeWorker =
  | {
    readonly type: "ready";
    readonly url: string;
    readonly genesisHash: Hex;
    readonly peerUrl: string | undefined;
    readonly prometheusUrl: string | undefined;
  }
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "stopped" };
