/**
 * What the enclave needs of its surroundings.
 *
 * @module
 */
import type { Effect } from "../api/effects.ts";
import type { Platform } from "../api/platform_client.ts";
import type { CryptoWorkerSource } from "../crypto_workers/crypto_workers.ts";
import type { ProvisioningPorts } from "../provisioning/provisioning_port.ts";
import type { StartServer } from "../server_port.ts";

/** Capabilities passed in by the entry point, or by a test. */
export interface EnclavePorts {
  readonly platform: Platform;
  /** Unix milliseconds, for RPC and certificates; slots bring their own time. */
  readonly nowMs: () => number;
  /** Milliseconds that never go back, for budgets. */
  readonly monotonicMs: () => number;
  /** Resolves at the next multiple of `intervalMs` of the clock. */
  readonly tick: (intervalMs: number) => Promise<void>;
  /** Nested workers for decryption and signature checks; without them both are done in place. */
  readonly cryptoWorkers?: CryptoWorkerSource;
  /** Opens the TLS endpoint. */
  readonly startServer: StartServer;
  /** Endpoints through which shards are given and taken. */
  readonly provisioning: ProvisioningPorts;
  /** Posts effects that belong to no ecall. */
  readonly sendEffects: (effects: readonly Effect[]) => void;
  /** Version of this software. */
  readonly version: string;
}
