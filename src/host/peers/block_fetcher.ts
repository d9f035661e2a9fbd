/**
 * Fetches blocks that are missing here: from one peer, then the next, up to the peer's newest, into the enclave.
 *
 * A peer that does not know the block from which on blocks are wanted is on another branch, or behind; it is asked again from
 * ever older blocks of the own store, until it knows one.
 *
 * States: idle → asking (one peer at a time) → idle, or waiting to ask again while the wanted block is not here.
 *
 * Source: worker `sidechain/consensus/common/src/peer_block_sync.rs`, `sidechain/peer-fetch/src/*.rs` (839eda024)
 * Differs: all peers are asked, not only the first validateer, and up to their newest block
 *
 * @module
 */
import type { BlockOutcome } from "../../enclave/api/ecall_values.ts";
import { toHex } from "../../primitives/hex.ts";
import { computeHeaderHash, sidechainHeader } from "../../types/sidechain_header.ts";
import { type SignedBlock, signedBlock } from "../../types/signed_block.ts";
import type { BlockStore } from "../block_store.ts";
import type { Log } from "../log.ts";
import type { SlotTimer } from "../slot_clock.ts";
import type { Meter } from "./peer_socket_port.ts";

/** Blocks of one import: a slot waits no longer than they take, a tenth of a second and less. */
export const IMPORT_BATCH = 64;
/** Fewest blocks of an import, so that old ones count as catching up: see `CATCH_UP_BLOCKS` of the enclave. */
export const MIN_IMPORT_BATCH = 8;
/** Times that one peer is asked from an older block: 2^16 blocks back, three times those that are kept. */
export const MAX_STEPS_BACK = 16;
/** First pause before peers are asked again for what none had, in ms. */
export const MIN_RETRY_MS = 500;
/** Longest pause before peers are asked again, in ms: after a partition of any length all are on one branch within seconds. */
export const MAX_RETRY_MS = 1000;

/** A connection to the store of one peer. */
export interface BlockSource {
  /** Blocks after one; none if there are none or it does not know the block. @throws {Error} If it does not answer properly. */
  readonly blocksAfter: (hash: Uint8Array) => Promise<readonly SignedBlock[]>;
  /** Ends it. */
  readonly close: () => void;
}

/** What fetching works with. */
export interface BlockFetcherPorts {
  /** Trusted endpoints of the peers. */
  readonly peers: () => readonly string[];
  /** Connects to the store of the peer with this trusted endpoint. @throws {Error} If it cannot be reached. */
  readonly open: (peer: string) => Promise<BlockSource>;
  /** Hands blocks to the enclave; `undefined` if it takes none now. */
  readonly importBlocks: (blocks: readonly Uint8Array[]) => Promise<readonly BlockOutcome[] | undefined>;
  /** The own store, with what the enclave has taken. */
  readonly store: Pick<BlockStore, "byHash">;
  readonly timer: SlotTimer;
  readonly fetched: Meter;
  readonly log: Log;
}

/** Blocks that are missing. */
interface Wish {
  /** The newest block here. */
  readonly from: Uint8Array;
  /** A block that is missing; none if all are wanted that a peer has. */
  readonly until: Uint8Array | undefined;
}

/** What asking a peer came to. */
interface Asked {
  readonly imported: number;
  /** Whether the peer knows a block of this chain. */
  readonly isRelated: boolean;
}

/** What one way up from a block came to. */
interface Pass {
  imported: number;
  /** Whether the peer has blocks that follow what is here, or are here. */
  isRelated: boolean;
  /** Whether it has others. */
  hasDetached: boolean;
  /** Whether nothing more can be had now. */
  isDone: boolean;
}

/** Fetches; one peer at a time, wishes that come meanwhile count together. */
export class BlockFetcher {
  readonly #ports: BlockFetcherPorts;
  #wish: Wish | undefined;
  #work: Promise<void> | undefined;
  #retryMs = MIN_RETRY_MS;
  #cancelRetry = () => {};
  /** The peer that is asked first: the one that had blocks last. */
  #first: string | undefined;
  #source: BlockSource | undefined;
  #isFailureTold = false;
  #isStopped = false;

  constructor(ports: BlockFetcherPorts) {
    this.#ports = ports;
  }

  /** Wants the blocks after one, up to another, or as many as there are. */
  want(from: Uint8Array, until: Uint8Array | undefined): void {
    this.#wish = { from, until };
    // While there is a pause, a peer's blocks come in one by one, and each is a wish: they do not end it.
    if (this.#retryMs === MIN_RETRY_MS) this.#start();
  }

  /** Asks at once for what none had: there are other peers, or one is back. */
  peersChanged(): void {
    this.#retryMs = MIN_RETRY_MS;
    this.#start();
  }

  /** Resolves when nothing is being asked for. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** Ends it; of what is under way nothing follows. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry();
    this.#source?.close();
  }

  #start(): void {
    if (this.#isStopped || this.#work !== undefined || this.#wish === undefined) return;
    this.#cancelRetry();
    this.#work = this.#fulfil().finally(() => this.#work = undefined);
  }

  async #fulfil(): Promise<void> {
    const { log, timer } = this.#ports;
    for (let wish = this.#wish; wish !== undefined && !this.#isStopped; wish = this.#wish) {
      this.#wish = undefined;
      const isKnown = wish.until !== undefined && this.#holds(wish.until);
      const imported = isKnown ? 0 : await this.#askAll(wish);
      const isHere = wish.until === undefined ? imported !== undefined : this.#holds(wish.until);
      if (this.#isStopped) return;
      if (isHere || (imported ?? 0) > 0) this.#retryMs = MIN_RETRY_MS;
      if (isHere) {
        this.#isFailureTold = false;
        continue;
      }
      if (!this.#isFailureTold) log("warn", "BlocksUnavailable", { until: wish.until && toHex(wish.until) });
      this.#isFailureTold = true;
      this.#wish ??= wish;
      this.#cancelRetry = timer.after(this.#retryMs, () => this.#start());
      this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
      return;
    }
  }

  /** Asks the peers in turn until the wanted block is here; how many blocks came, `undefined` if no peer could be asked. */
  async #askAll(wish: Wish): Promise<number | undefined> {
    let imported: number | undefined;
    for (const peer of this.#inTurn()) {
      const asked = await this.#ask(peer, wish.from);
      if (asked === undefined) continue;
      imported = (imported ?? 0) + asked.imported;
      if (asked.imported > 0) this.#first = peer;
      const isDone = wish.until === undefined ? asked.isRelated : this.#holds(wish.until);
      if (isDone || this.#isStopped) break;
    }
    return imported;
  }

  #inTurn(): readonly string[] {
    const peers = this.#ports.peers();
    const first = Math.max(0, this.#first === undefined ? 0 : peers.indexOf(this.#first));
    return [...peers.slice(first), ...peers.slice(0, first)];
  }

  async #ask(peer: string, from: Uint8Array): Promise<Asked | undefined> {
    const { open, log, fetched, timer } = this.#ports;
    const startMs = timer.now();
    let imported = 0;
    const count = (blocks: number): void => {
      imported += blocks;
      fetched.inc(blocks);
    };
    try {
      const source = await open(peer);
      this.#source = source;
      if (this.#isStopped) return undefined;
      const isRelated = await this.#drain(source, from, count);
      if (imported > 0) log("info", "BlocksFetched", { peer, count: imported, ms: timer.now() - startMs });
      return { imported, isRelated };
    } catch (error) {
      if (this.#isStopped) return undefined;
      log(this.#isFailureTold ? "debug" : "warn", "PeerGivesNoBlocks", {
        peer,
        imported,
        reason: error instanceof Error ? error.message : String(error),
      });
      return imported > 0 ? { imported, isRelated: false } : undefined;
    } finally {
      this.#source?.close();
      this.#source = undefined;
    }
  }

  /**
   * Takes all that a peer has; whether it has anything of this chain. A store holds branches side by side: if nothing could be
   * taken, and some blocks follow none that is here, their branch began further below. @throws {Error}
   */
  async #drain(source: BlockSource, from: Uint8Array, count: (blocks: number) => void): Promise<boolean> {
    let start: Uint8Array | undefined = from;
    let isRelated = false;
    for (let steps = 0; start !== undefined && !this.#isStopped; steps++) {
      const pass = await this.#pass(source, start, count);
      isRelated ||= pass.isRelated;
      const isDone = pass.isDone || pass.imported > 0 || (pass.isRelated && !pass.hasDetached);
      if (isDone || steps >= MAX_STEPS_BACK) return isRelated;
      start = this.#olderThan(start, 2 ** steps);
    }
    return isRelated;
  }

  /** Takes what a peer has above a block, until nothing of it follows what is here. @throws {Error} */
  async #pass(source: BlockSource, start: Uint8Array, count: (blocks: number) => void): Promise<Pass> {
    const pass: Pass = { imported: 0, isRelated: false, hasDetached: false, isDone: false };
    let highest = -1n;
    for (let at = start; !this.#isStopped;) {
      const blocks = await source.blocksAfter(at);
      const last = blocks.at(-1)?.block.header;
      if (last === undefined) return pass;
      const taken = await this.#take(blocks);
      count(taken.imported);
      pass.imported += taken.imported;
      pass.hasDetached ||= taken.hasDetached;
      if (taken.isDetached && taken.imported === 0) return pass;
      pass.isRelated = true;
      if (taken.mustWait) return { ...pass, isDone: true };
      if (last.blockNumber <= highest) throw new Error("it sends the same blocks again");
      highest = last.blockNumber;
      at = computeHeaderHash(last);
    }
    return pass;
  }

  /** Imports blocks. @throws {Error} If one of them is not what an honest peer has. */
  async #take(blocks: readonly SignedBlock[]): Promise<typeof NOTHING_TAKEN> {
    const taken = { ...NOTHING_TAKEN };
    for (const batch of inBatches(blocks)) {
      const outcomes = await this.#ports.importBlocks(batch.map((block) => signedBlock.encode(block)));
      if (outcomes === undefined || this.#isStopped) return { ...taken, mustWait: true };
      // Of several branches only the highest block counts: one on ground that was lost is never taken, and others go on.
      const highest = { taken: -1n, detached: -1n, waiting: -1n };
      for (const [i, { code, reject }] of outcomes.entries()) {
        if (reject) throw new Error(`one of its blocks is refused: ${code}`);
        if (code === "Imported") taken.imported++;
        const number = batch[i]?.block.header.blockNumber ?? 0n;
        const kind = code === "Imported" || code === "BlockAlreadyImported"
          ? "taken"
          : code === "BlockAncestryMismatch"
          ? "detached"
          : "waiting";
        if (number > highest[kind]) highest[kind] = number;
      }
      taken.isDetached = highest.detached > highest.taken;
      taken.hasDetached ||= highest.detached >= 0n;
      // The parentchain has to move on here before more can be taken.
      taken.mustWait = highest.waiting > highest.taken;
      if (taken.mustWait) break;
    }
    return taken;
  }

  #holds(hash: Uint8Array): boolean {
    return this.#ports.store.byHash(hash) !== undefined;
  }

  /** An ancestor of a block by the own store, or the parent of the oldest there; none if the block is not there. */
  #olderThan(hash: Uint8Array, distance: number): Uint8Array | undefined {
    let older: Uint8Array | undefined;
    for (let left = distance; left > 0; left--) {
      const stored = this.#ports.store.byHash(older ?? hash);
      if (stored === undefined) break;
      older = sidechainHeader.decodePrefix(stored.bytes).value.parentHash;
    }
    return older;
  }
}

const NOTHING_TAKEN = {
  imported: 0,
  /** Whether the highest one does not follow what is here. */
  isDetached: false,
  /** Whether any does not. */
  hasDetached: false,
  /** Whether one can only be taken later. */
  mustWait: false,
};

/** Parts of at most {@linkcode IMPORT_BATCH}, of which the last is not too short to count as catching up. */
function inBatches<T>(items: readonly T[]): readonly (readonly T[])[] {
  const batches: (readonly T[])[] = [];
  for (let at = 0; at < items.length;) {
    const left = items.length - at;
    const size = left > IMPORT_BATCH && left < IMPORT_BATCH + MIN_IMPORT_BATCH ? left : Math.min(left, IMPORT_BATCH);
    batches.push(items.slice(at, at + size));
    at += size;
  }
  return batches;
}
