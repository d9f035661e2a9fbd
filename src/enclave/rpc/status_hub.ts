/**
 * Who watches which operation. One watcher per operation: a later one takes over, as in the worker.
 *
 * Source: worker `core/direct-rpc-server/src/{rpc_connection_registry,rpc_responder}.rs` (839eda024)
 *
 * @module
 */
import { toHex } from "../../primitives/hex.ts";
import type { TrustedOperationStatus } from "../../types/trusted_operation_status.ts";

/** Told of each status; `last` says that nothing follows. */
export type StatusWatcher = (status: TrustedOperationStatus, last: boolean) => void;

/**
 * Statuses after which the worker's path pushes nothing more.
 *
 * Differs: `Dropped` is one of them; nothing can follow it.
 */
const FINAL: ReadonlySet<TrustedOperationStatus["type"]> = new Set([
  "Invalid",
  "InSidechainBlock",
  "Finalized",
  "Usurped",
  "Dropped",
]);

/** Watchers by operation. */
export class StatusHub {
  readonly #watchers = new Map<string, StatusWatcher>();

  /** Operations being watched. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Watches an operation; the returned function ends it. */
  watch(topHash: Uint8Array, watcher: StatusWatcher): () => void {
    const key = toHex(topHash);
    this.#watchers.set(key, watcher);
    return () => {
      if (this.#watchers.get(key) === watcher) this.#watchers.delete(key);
    };
  }

  /** Tells the watcher of an operation, if there is one. */
  notify(topHash: Uint8Array, status: TrustedOperationStatus): void {
    const key = toHex(topHash);
    const watcher = this.#watchers.get(key);
    if (watcher === undefined) return;
    const last = FINAL.has(status.type);
    if (last) this.#watchers.delete(key);
    watcher(status, last);
  }
}
