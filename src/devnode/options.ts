/**
 * What an operator chooses about the development parentchain.
 *
 * @module
 */

/** Which calls and how many justifications the node offers, see {@linkcode DevnodeOptions.rpcProfile}. */
export type RpcProfile = "full" | "integritee";

/** Which pallet and call indices the runtime has, see {@linkcode DevnodeOptions.runtime}. */
export type RuntimeVariant = "integritee" | "permuted";

/** A network of nodes with authorities of their own, see {@linkcode DevnodeOptions.network}. */
export interface NetworkOptions {
  /** Secret URI of the development key with which this node authors and votes; `undefined` makes a full node. */
  readonly authority: string | undefined;
  /** Secret URIs of the authorities in the genesis block; the same on all nodes, {@linkcode MAX_NETWORK_AUTHORITIES}. */
  readonly authorities: readonly string[];
  /** Addresses of peers, `ws://host:port`; a link is kept to each, at most {@linkcode MAX_PEER_ADDRESSES}. */
  readonly peers: readonly string[];
  /** Port on 127.0.0.1 where peers are listened for; 0 takes a free one, `undefined` listens for none. */
  readonly peerPort: number | undefined;
}

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
  /** Other nodes of the same chain; `undefined` is a node alone, which authors and votes with all development keys. */
  readonly network: NetworkOptions | undefined;
}

/** Most authorities of a network: `MaxAuthorities` of the Aura and GRANDPA pallets in integritee-node's runtime. */
export const MAX_NETWORK_AUTHORITIES = 32;
/** Most addresses of peers: a link to each authority of the largest network. */
export const MAX_PEER_ADDRESSES = 32;

/** Shortest block time: below it a block is not surely authored, stored and sent before the next is due. */
export const MIN_BLOCK_TIME_MS = 100;
/** Longest block time: an hour, so that a mistyped unit is noticed. */
export const MAX_BLOCK_TIME_MS = 3_600_000;
/** Block time of the node when it is embedded or started with `--dev`. */
export const DEV_BLOCK_TIME_MS = 1000;
/** Block time of an integritee-node: six seconds. */
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
  network: undefined,
};

/** Completes choices with {@linkcode EMBEDDED_DEFAULTS}. @throws {RangeError} If one is out of its bounds. */
export function completeOptions(choices: Partial<DevnodeOptions>): DevnodeOptions {
  const options: DevnodeOptions = { ...EMBEDDED_DEFAULTS, ...choices };
  assertWithin("blockTimeMs", options.blockTimeMs, MIN_BLOCK_TIME_MS, MAX_BLOCK_TIME_MS);
  assertWithin("rpcPort", options.rpcPort, 0, 65535);
  assertWithin("prometheusPort", options.prometheusPort ?? 0, 0, 65535);
  assertWithin("statesKept", options.statesKept, MIN_STATES_KEPT, Number.MAX_SAFE_INTEGER);
  if (options.network !== undefined) assertNetwork(options.network);
  return options;
}

function assertNetwork({ authority, authorities, peers, peerPort }: NetworkOptions): void {
  assertWithin("number of authorities", authorities.length, 1, MAX_NETWORK_AUTHORITIES);
  assertWithin("number of peers", peers.length, 0, MAX_PEER_ADDRESSES);
  assertWithin("peerPort", peerPort ?? 0, 0, 65535);
  if (new Set(authorities).size !== authorities.length) {
    throw new RangeError(`Cannot use authorities ${authorities.join(",")}: one stands twice`);
  }
  if (authority !== undefined && !authority.startsWith("//")) {
    throw new RangeError("Cannot use this authority: want the name of a development key such as //Alice");
  }
  if (authority !== undefined && !authorities.includes(authority)) {
    throw new RangeError(`Cannot use authority ${authority}: it is not among the authorities ${authorities.join(",")}`);
  }
}

function assertWithin(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`Cannot use ${name} ${value}: want a whole number from ${min} to ${max}`);
  }
}
