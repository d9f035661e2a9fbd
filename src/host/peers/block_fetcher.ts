/**
 * Fetches blocks that are missing here: from one peer, then the next, up to the peer's newest, into the enclave.
 *
 * A peer that does not know the block from which on blocks are wanted is on another branch, or behind; it is asked again from
 * ever older blocks of the own store, until it knows one.
 *
 * States: idle → asking (one peer at a time) → idle, or waiting to ask again while the wanted block is not here, and for as long
 * as it is wanted.
 *
 * Source: worker `sidechain/consensus/common/src/peer_block_sync.rs`, `sidechain/peer-fetch/src/*.rs` (839eda024)
 * Differs: all peers are asked, not only the first validateer, and up to their newest block
 *
 * @module
 */
import type { BlocksWanted } from "../../enclave/api/effects.ts";
import { toHex } from "../../primitives/hex.ts";
import { type BlockSource, PeerDrain } from "./peer_drain.ts";
import { PeerQuestions, type QuestionPorts } from "./peer_questions.ts";
import { messageOf } from "../../primitives/message_of.ts";

export type { BlockSource } from "./peer_drain.ts";

/** First pause before peers are asked again for what none had, in ms. */
export const MIN_RETRY_MS = 500;
/** Longest pause before peers are asked again, in ms: after a partition of any length all are on one branch within seconds. */
export const MAX_RETRY_MS = 1000;
/**
 * How long peers are asked again for what none had, in ms, unless it is wanted anew: the enclave says so every slot while
 * something is missing, and a block that nobody has must not be asked for for ever.
 */
export const MAX_WISH_MS = 30_000;
/** Hash that stands for the first block that a peer has stored. */
const FIRST_STORED = new Uint8Array(32);

/** What fetching works with. */
export interface BlockFetcherPorts extends QuestionPorts {
  /** Trusted endpoints of the peers. */
  readonly peers: () => readonly string[];
}

/** Blocks that are missing. */
interface Wish {
  /** The block above which they are; none for the newest one here. */
  readonly from: Uint8Array | undefined;
  /** A block that is missing; none if all are wanted that a peer has. */
  readonly until: Uint8Array | undefined;
  /** When it ends. */
  readonly endMs: number;
}

/** What asking a peer came to. */
interface Asked {
  readonly imported: number;
  /** Whether the peer knows a block of this chain. */
  readonly isRelated: boolean;
  /** Number of its oldest block, if none of those between that one and the newest here can be had of it. */
  readonly oldest: bigint | undefined;
}

/** What asking all peers came to. */
interface AskedAll {
  readonly imported: number;
  /** Least number of the oldest blocks of the peers, if all of them have only such that do not follow what is here. */
  readonly oldest: bigint | undefined;
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
  /** What was said of the failure of now. */
  #told: string | undefined;
  /** What is known of the peers' oldest blocks since something was taken. */
  readonly #oldest = new Map<string, bigint | undefined>();
  #isStopped = false;
  readonly #questions: PeerQuestions;

  constructor(ports: BlockFetcherPorts) {
    this.#ports = ports;
    this.#questions = new PeerQuestions(ports);
  }

  /** Does what the enclave wants: a question to one peer has nothing to do with what is missing. */
  take({ from, until, only }: BlocksWanted): void {
    if (only === undefined) this.want(from, until);
    else this.#questions.ask(only, from);
  }

  /** Wants the blocks after one, up to another, or as many as there are. */
  want(from: Uint8Array, until: Uint8Array | undefined): void {
    this.#wish = { from, until, endMs: this.#ports.timer.now() + MAX_WISH_MS };
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
    this.#questions.stop();
  }

  #start(): void {
    if (this.#isStopped || this.#work !== undefined || this.#wish === undefined) return;
    this.#cancelRetry();
    this.#work = this.#fulfil().finally(() => this.#work = undefined);
  }

  async #fulfil(): Promise<void> {
    for (let wish = this.#wish; wish !== undefined && !this.#isStopped; wish = this.#wish) {
      this.#wish = undefined;
      const isKnown = wish.until !== undefined && this.#holds(wish.until);
      const asked = isKnown ? undefined : await this.#askAll(wish);
      const isHere = wish.until === undefined ? asked !== undefined : this.#holds(wish.until);
      if (this.#isStopped) return;
      if (isHere || (asked?.imported ?? 0) > 0) this.#retryMs = MIN_RETRY_MS;
      if (!isHere) return this.#wait(wish, asked?.oldest);
      this.#told = undefined;
      this.#oldest.clear();
    }
  }

  /** Waits to ask again, from the newest block then: what came meanwhile need not come again. */
  #wait(wish: Wish, oldest: bigint | undefined): void {
    this.#tell(wish, oldest);
    this.#wish ??= { ...wish, from: undefined };
    this.#cancelRetry = this.#ports.timer.after(this.#retryMs, () => this.#retry());
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  #retry(): void {
    if (this.#wish !== undefined && this.#ports.timer.now() < this.#wish.endMs) return this.#start();
    this.#wish = undefined;
    this.#retryMs = MIN_RETRY_MS;
    this.#told = undefined;
  }

  #tell({ until }: Wish, oldest: bigint | undefined): void {
    const code = oldest === undefined ? "BlocksUnavailable" : "AwayForTooLong";
    if (this.#told === code) return;
    this.#told = code;
    const { log, store } = this.#ports;
    if (oldest === undefined) return log("warn", code, { until: until && toHex(until) });
    const remedy = "peers have dropped the blocks in between: stop, and join again with an empty data directory";
    log("error", code, { newest: store.newest()?.number, oldest, remedy });
  }

  /** Asks the peers in turn until the wanted block is here; `undefined` if no peer could be asked. */
  async #askAll(wish: Wish): Promise<AskedAll | undefined> {
    const all: Asked[] = [];
    let imported = 0;
    for (const peer of this.#inTurn()) {
      const head = this.#ports.store.newest()?.hash ?? FIRST_STORED;
      const asked = await this.#ask(peer, imported > 0 ? head : wish.from ?? head);
      if (asked === undefined) continue;
      all.push(asked);
      imported += asked.imported;
      if (asked.imported > 0) this.#first = peer;
      const isDone = wish.until === undefined ? asked.isRelated : this.#holds(wish.until);
      if (isDone || this.#isStopped) break;
    }
    if (all.length === 0) return undefined;
    const oldest = all.flatMap((asked) => asked.oldest === undefined ? [] : [asked.oldest]);
    const isBehind = oldest.length === all.length;
    return { imported, oldest: isBehind ? oldest.reduce((least, next) => next < least ? next : least) : undefined };
  }

  #inTurn(): readonly string[] {
    const peers = this.#ports.peers();
    const first = Math.max(0, this.#first === undefined ? 0 : peers.indexOf(this.#first));
    return [...peers.slice(first), ...peers.slice(0, first)];
  }

  async #ask(peer: string, from: Uint8Array): Promise<Asked | undefined> {
    const { open, log, fetched, timer, importBlocks, store } = this.#ports;
    const startMs = timer.now();
    let imported = 0;
    const onImported = (blocks: number): void => {
      imported += blocks;
      fetched.inc(blocks);
    };
    try {
      const source = await open(peer);
      this.#source = source;
      if (this.#isStopped) return undefined;
      const isStopped = () => this.#isStopped;
      const isRelated = await new PeerDrain(source, { importBlocks, store, timer, onImported, isStopped }).run(from);
      if (imported > 0) log("info", "BlocksFetched", { peer, count: imported, ms: timer.now() - startMs });
      const oldest = isRelated || imported > 0 ? undefined : await this.#oldestOf(peer, source);
      return { imported, isRelated, oldest };
    } catch (error) {
      if (this.#isStopped) return undefined;
      log(this.#told === undefined ? "warn" : "debug", "PeerGivesNoBlocks", {
        peer,
        imported,
        reason: messageOf(error),
      });
      return imported > 0 ? { imported, isRelated: false, oldest: undefined } : undefined;
    } finally {
      this.#source?.close();
      this.#source = undefined;
    }
  }

  /** Number of the oldest block of a peer that knows none of this chain, if it does not follow what is here. @throws {Error} */
  async #oldestOf(peer: string, source: BlockSource): Promise<bigint | undefined> {
    const newest = this.#ports.store.newest()?.number;
    if (newest === undefined || this.#isStopped) return undefined;
    if (!this.#oldest.has(peer)) {
      const [first] = await source.blocksAfter(FIRST_STORED);
      this.#oldest.set(peer, first?.block.header.blockNumber);
    }
    const oldest = this.#oldest.get(peer);
    return oldest !== undefined && oldest > newest + 1n ? oldest : undefined;
  }

  #holds(hash: Uint8Array): boolean {
    return this.#ports.store.byHash(hash) !== undefined;
  }
}
