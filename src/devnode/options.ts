/**
 * What an operator chooses about the development parentchain.
 *
 * @module
 */

/** Which calls and how many justifications the node offers, see {@linkcode DevnodeOptions.rpcProfile}. */
export type RpcProfile = "full" | "integritee";

/** Which pallet and call indices the runtime has, see {@linkcode DevnodeOptions.runtime}. */
export type RuntimeVariant = "integritee" | "permuted";

/** Choices about the development parentchain; structured-cloneable, so that they can go into a worker. */
export interface DevnodeOptions {
  /** Preset genesis: both are developer chains with authority Alice; `local` has its own name and protocol id. */
  readonly chain: "dev" | "local";
  /** `permuted` has the same pallets under other indices: proves that a client reads the metadata. */
  readonly runtime: RuntimeVariant;
  /**
   * `full` offers `grandpa_*` and stores a justification with each block. `integritee` is what a real integritee-node
   * offers: no `grandpa_*` and one justification per 512 blocks.
   */
  readonly rpcProfile: RpcProfile;
  /** Time between two blocks in milliseconds, which is also the Aura slot; {@linkcode MIN_BLOCK_TIME_MS} at least. */
  readonly blockTimeMs: number;
  /** Port of WebSocket and HTTP JSON-RPC; 0 takes a free one. */
  readonly rpcPort: number;
  /** Listen on all interfaces instead of 127.0.0.1. */
  readonly rpcExternal: boolean;
  /** Port of `/metrics` and `/health` on 127.0.0.1; 0 takes a free one, `undefined` switches it off. */
  readonly prometheusPort: number | undefined;
  /** Folder of the database; `undefined` keeps everything in memory. */
  readonly dataDir: string | undefined;
  /** How many states below the head can be queried. */
  readonly statesKept: number;
  /**
   * Certificate (PEM) of an operator's platform root whose quotes register enclaves, besides Intel's and the published
   * development root.
   */
  readonly platformRoot: string | undefined;
}

/** Shortest block time: below it a block is not surely authored, stored and sent before the next is due. */
export const MIN_BLOCK_TIME_MS = 100;
/** Longest block time: an hour, so that a mistyped unit is noticed. */
export const MAX_BLOCK_TIME_MS = 3_600_000;
/** Block time of the node when it is embedded or started with `--dev`. */
export const DEV_BLOCK_TIME_MS = 1000;
/** Block time of an integritee-node, PROTOCOL §10.7. */
export const INTEGRITEE_BLOCK_TIME_MS = 6000;
/** Port a Substrate node listens on by default. */
export const DEFAULT_RPC_PORT = 9944;
/** Port a Substrate node offers its metrics on by default. */
export const DEFAULT_PROMETHEUS_PORT = 9615;
/** States kept by default: four times what Substrate keeps, because they are small here. */
export const DEFAULT_STATES_KEPT = 1024;
/** Fewest states that can be kept: the longest mortal era in common use needs 64, a follower that lags some more. */
export const MIN_STATES_KEPT = 256;

/** The choices for an embedded node: in memory, free port, one block a second, no metrics. */
export const EMBEDDED_DEFAULTS: DevnodeOptions = {
  chain: "dev",
  runtime: "integritee",
  rpcProfile: "full",
  blockTimeMs: DEV_BLOCK_TIME_MS,
  rpcPort: 0,
  rpcExternal: false,
  prometheusPort: undefined,
  dataDir: undefined,
  statesKept: DEFAULT_STATES_KEPT,
  platformRoot: undefined,
};

/** Completes choices with {@linkcode EMBEDDED_DEFAULTS}. @throws {RangeError} If one is out of its bounds. */
export function completeOptions(choices: Partial<DevnodeOptions>): DevnodeOptions {
  const options: DevnodeOptions = { ...EMBEDDED_DEFAULTS, ...choices };
  assertWithin("blockTimeMs", options.blockTimeMs, MIN_BLOCK_TIME_MS, MAX_BLOCK_TIME_MS);
  assertWithin("rpcPort", options.rpcPort, 0, 65535);
  assertWithin("prometheusPort", options.prometheusPort ?? 0, 0, 65535);
  assertWithin("statesKept", options.statesKept, MIN_STATES_KEPT, Number.MAX_SAFE_INTEGER);
  return options;
}

function assertWithin(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`Cannot use ${name} ${value}: want a whole number from ${min} to ${max}`);
  }
}
