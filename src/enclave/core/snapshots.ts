/**
 * When snapshots are taken, of what, and which blocks may go afterwards.
 *
 * @module
 */
import { followerState } from "../../parentchain/follower_state.ts";
import { MAX_UNCONFIRMED_BLOCKS } from "../../sidechain/chain.ts";
import type { ChainPoint } from "../../sidechain/chain_block.ts";
import { stateRootOf } from "../../sidechain/chain_block.ts";
import type { Effect } from "../api/effects.ts";
import { MANIFEST_VERSION } from "../snapshot/snapshot_files.ts";
import { KEPT_SNAPSHOTS, SnapshotWriter } from "../snapshot/snapshot_writer.ts";
import type { Tickets } from "../tickets.ts";
import type { DutyRunner } from "./duty_runner.ts";
import type { Outbox } from "./outbox.ts";
import type { ParentchainFeed } from "./parentchain_feed.ts";
import type { PeerRegistry } from "./peer_registry.ts";
import type { EnclaveSetup } from "./setup.ts";
import type { Shard } from "./shard.ts";

/**
 * Blocks between two snapshots: with confirmations, at most about 650 are replayed at a start, which takes about a second.
 */
export const SNAPSHOT_INTERVAL_BLOCKS = 500n;

/** Steps without a new attempt after one has failed: ten seconds of slots, so that a full disk is not written to at once. */
export const SNAPSHOT_RETRY_STEPS = 32;

/** What the snapshots are made of. */
export interface SnapshotContext {
  readonly setup: EnclaveSetup;
  readonly shard: Shard;
  readonly feed: ParentchainFeed;
  readonly duties: DutyRunner;
  readonly tickets: Tickets;
  readonly outbox: Outbox;
  readonly registry: PeerRegistry;
  /** Number of the block up to which this enclave has to catch up; 0 once it has. */
  readonly catchUpTo: () => bigint;
}

/** Takes snapshots of the shard. */
export class Snapshots {
  readonly #context: SnapshotContext;
  readonly #writer: SnapshotWriter;
  #newest: bigint | undefined;
  #prunedBelow = 0n;
  /** Steps to pass over before the next attempt. */
  #pause = 0;

  /** `loaded` is the snapshot that this run began with, if any. */
  constructor(context: SnapshotContext, loaded: { readonly number: bigint; readonly hash: Uint8Array } | undefined) {
    this.#context = context;
    const { setup, tickets, outbox } = context;
    this.#writer = new SnapshotWriter(setup.seal, tickets, setup.config.files, {
      onWritten: ({ blockNumber }) => {
        this.#newest = blockNumber;
        outbox.log("info", "SnapshotWritten", { number: blockNumber });
      },
      onFailed: (file) => {
        this.#pause = SNAPSHOT_RETRY_STEPS;
        outbox.log("error", "SnapshotFailed", { file });
      },
    });
    if (loaded !== undefined) {
      this.#writer.adopt(loaded.number, loaded.hash);
      this.#newest = loaded.number;
    }
  }

  /** Number of the newest verified snapshot; none before the first. */
  get newest(): bigint | undefined {
    return this.#newest;
  }

  /** Whether one is being written. */
  get busy(): boolean {
    return this.#writer.busy;
  }

  /** Writes the first snapshot at once: no block is authored before it is verified. */
  async writeFirst(): Promise<readonly Effect[]> {
    if (this.#newest !== undefined || this.#writer.busy) return [];
    this.#begin(this.#context.shard.chain.base, true);
    return await this.#writer.step();
  }

  /** The next step of a snapshot under way, or of one that is due; at most one chunk, once a slot. */
  async step(): Promise<readonly Effect[]> {
    if (!this.#writer.busy) {
      if (this.#pause > 0) {
        this.#pause--;
        return [];
      }
      const due = this.#due();
      if (due === undefined) return this.#prune();
      this.#begin(due, false);
    }
    return await this.#writer.step();
  }

  /**
   * Only a confirmed block: a start begins with a snapshot, and no fork may branch below it that could still win. While
   * confirmations are missing, a start replays all blocks since the last one.
   */
  #due(): ChainPoint | undefined {
    const { chain } = this.#context.shard;
    const newest = this.#newest;
    if (newest === undefined) return chain.base;
    // A single snapshot gets a second one soon, so that there is one left if it is damaged.
    const isSingle = this.#writer.verifiedNumbers().length < KEPT_SNAPSHOTS;
    return chain.base.number >= newest + (isSingle ? 1n : SNAPSHOT_INTERVAL_BLOCKS) ? chain.base : undefined;
  }

  #begin(point: ChainPoint, eager: boolean): void {
    const { setup, feed, duties, registry, catchUpTo } = this.#context;
    const follower = feed.layerOne.followerStateFor(point.snapshot, duties.unreadFrom) ?? feed.initialState;
    this.#writer.begin(
      {
        version: MANIFEST_VERSION,
        shard: setup.shard,
        blockNumber: point.number,
        blockHash: point.hash,
        stateRoot: stateRootOf(point),
        head: point.type === "block" ? point.lightHeader : undefined,
        followers: [{ parentchain: 0, state: followerState.encode(follower) }],
        duties: duties.encodedLedger(),
        catchUpTo: catchUpTo(),
        upgrade: registry.watch,
      },
      point.snapshot,
      eager,
    );
  }

  /** Blocks stay since the older of: second newest snapshot, last confirmed block, {@linkcode MAX_UNCONFIRMED_BLOCKS}. */
  #prune(): readonly Effect[] {
    const verified = this.#writer.verifiedNumbers();
    const second = verified.length < 2 ? 0n : verified[0] ?? 0n;
    const { chain, persisted } = this.#context.shard;
    const oldest = [second, chain.base.number, persisted.number - MAX_UNCONFIRMED_BLOCKS]
      .reduce((least, number) => (number < least ? number : least));
    if (oldest < this.#prunedBelow + SNAPSHOT_INTERVAL_BLOCKS) return [];
    this.#prunedBelow = oldest;
    return [{ type: "prune_blocks", value: oldest }];
  }
}
