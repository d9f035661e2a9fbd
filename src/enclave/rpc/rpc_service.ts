/**
 * What the RPC methods need of the enclave.
 *
 * @module
 */
import type { Result } from "../../primitives/result.ts";
import type { Request } from "../../types/request.ts";
import type { ShardVault } from "../../types/shard_vault.ts";
import type { SignedBlock } from "../../types/signed_block.ts";
import type { SidechainHeader } from "../../types/sidechain_header.ts";
import type { GetterRefusal, SubmitRefusal } from "./error_text.ts";
import type { StatusWatcher } from "./status_hub.ts";

/** What became of a submitted operation. */
export interface Submitted {
  readonly topHash: Uint8Array;
  /** Starts to tell statuses; the ones that were reached at admission (Future, Invalid) come at once. */
  readonly watch: (watcher: StatusWatcher) => () => void;
}

/** Public facts about the service. */
export interface ServiceInfo {
  readonly shard: Uint8Array;
  readonly fingerprint: Uint8Array;
  /** JSON of the RSA key; none until it is known that it is the shard's. */
  readonly shieldingKey: string | undefined;
  /** Version of this software. */
  readonly version: string;
  readonly muRaUrl: string;
  readonly untrustedUrl: string;
}

/** What came of pushed blocks. `forged`: one of them, or one before them, is not what its author has signed. */
export type PushVerdict = "taken" | "forged";

/** The enclave as its RPC methods see it. */
export interface RpcService {
  readonly info: ServiceInfo;
  /** Decrypts, decodes, checks and puts into the pool, for each connection in the order of its requests. */
  readonly submit: (request: Request, connection: object) => Promise<Result<Submitted, SubmitRefusal>>;
  /** Answers a getter from the last persisted state; `undefined` if it yields nothing. */
  readonly executeGetter: (
    request: Request,
    connection: object,
  ) => Promise<Result<Uint8Array | undefined, GetterRefusal>>;
  /** Hashes of the ready operations. */
  readonly pendingHashes: () => readonly Uint8Array[];
  /** Header of the newest persisted block. */
  readonly latestHeader: () => SidechainHeader | undefined;
  /** The vault, once it is known. */
  readonly shardVault: () => ShardVault | undefined;
  /** SCALE of the evidence: quote and signed key statement; none before the parentchain is known. */
  readonly evidence: () => Promise<Uint8Array | undefined>;
  /** Light headers from a number on. */
  readonly lightHeaders: (from: bigint, max: number) => Uint8Array;
  /** SCALE of the evidence against authors that signed two blocks for one slot. */
  readonly equivocations: () => Uint8Array;
  /** Takes blocks of a peer into the import queue; resolves when they are checked. */
  readonly importBlocks: (blocks: readonly SignedBlock[], connection?: object) => Promise<PushVerdict>;
  /** Takes encrypted operations of a validateer of the shard. */
  readonly gossip: (message: Uint8Array) => void;
  /** Resolves at the next fixed tick, so that an answer's time tells nothing about a decryption. */
  readonly tick: () => Promise<void>;
  /** Counts a request for the metrics. */
  readonly count: (counter: "rpc_requests" | "rpc_trusted_calls") => void;
}
