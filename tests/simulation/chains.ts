/**
 * Checks of what validateers hold to be their chain: after every step, each new block, each confirmed one, and that calls of
 * abandoned blocks are back in the pool.
 *
 * @module
 */
import type { Shard } from "../../src/enclave/core/shard.ts";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import type { PoolEvent } from "../../src/enclave/top_pool/pooled_operation.ts";
import type { TopHash } from "../../src/primitives/branded.ts";
import type { ChainBlock, ChainPoint } from "../../src/sidechain/chain_block.ts";
import type { BlockChecks } from "./blocks.ts";
import type { ConfirmedBlocks } from "./confirmed.ts";
import { Violation } from "./trace.ts";
import type { SimulatedDisk } from "./disk.ts";
import type { SimulatedValidateer } from "./validateer.ts";

/** What is known of one validateer's life. */
interface Watched {
  readonly life: number;
  readonly disk: SimulatedDisk;
  /** What it has shown to clients and peers. */
  persisted: ChainPoint;
  head: ChainPoint;
  base: ChainPoint;
  /** Blocks that were checked in this life. */
  readonly blocks: Map<Hex, ChainBlock>;
  /** Calls that it has taken into its pool. */
  readonly admitted: Set<Hex>;
}

/** Watches the chains of all validateers. */
export class ChainChecks {
  readonly #blocks: BlockChecks;
  readonly #confirmed: ConfirmedBlocks;
  readonly #watched = new Map<number, Watched>();
  /** How often a head was abandoned for another fork. */
  switches = 0;
  /** Calls of abandoned blocks. */
  returned = 0;
  /** Whether a parentchain block is final. */
  isFinal: (hash: Uint8Array) => boolean = () => true;
  /** Called with each new head. */
  onHead: (index: number, head: ChainPoint) => void = () => {};

  constructor(blocks: BlockChecks, confirmed: ConfirmedBlocks) {
    this.#blocks = blocks;
    this.#confirmed = confirmed;
  }

  /** Notes that a validateer has a call in its pool. */
  admitted(validateer: SimulatedValidateer, topHash: TopHash): void {
    const { shard } = validateer;
    if (shard !== undefined) this.#of(validateer, shard).admitted.add(toHex(topHash));
  }

  /** Looks at what has changed since the last step. @throws {Violation} */
  look(validateer: SimulatedValidateer): void {
    const { shard } = validateer;
    if (shard === undefined) return;
    const watched = this.#of(validateer, shard);
    const { head, base } = shard.chain;
    // A confirmed block is served before it is stored here: whoever had it confirmed has stored it.
    const isStored = shard.persisted.hash !== base.hash || validateer.disk.byHash(base.hash) !== undefined;
    if (isStored) watched.persisted = shard.persisted;
    const isBaseNew = base !== watched.base;
    if (isBaseNew) this.#lookAtBase(validateer, watched, base);
    if (isBaseNew && head === watched.head) this.#checkDescent(validateer, shard);
    if (head === watched.head) return;
    const before = watched.head;
    watched.head = head;
    this.#checkNew(validateer, shard, watched, head);
    this.onHead(validateer.index, head);
    const isNext = head.type === "block" && toHex(head.header.parentHash) === toHex(before.hash);
    if (isNext && !isBaseNew) return;
    this.#checkDescent(validateer, shard);
    if (!isNext) this.#lookAtSwitch(validateer, shard, watched, before);
  }

  #of(validateer: SimulatedValidateer, shard: Shard): Watched {
    const { index, lives } = validateer;
    let watched = this.#watched.get(index);
    if (watched === undefined || watched.life !== lives) {
      const { head, base } = shard.chain;
      if (watched !== undefined && watched.disk === validateer.disk) this.#checkSurvived(validateer, shard, watched);
      watched = {
        life: lives,
        disk: validateer.disk,
        head: base,
        base,
        persisted: base,
        blocks: new Map(),
        admitted: new Set(),
      };
      forgetGivenUp(shard, watched.admitted);
      this.#watched.set(index, watched);
      this.#lookAtBase(validateer, watched, base);
      this.#checkNew(validateer, shard, watched, head);
      watched.head = head;
      this.onHead(index, head);
    }
    return watched;
  }

  /** What was told to be stored is there after a restart, unless a confirmation or the parentchain took its ground away. */
  #checkSurvived({ index }: SimulatedValidateer, { chain }: Shard, { persisted }: Watched): void {
    if (chain.get(persisted.hash) !== undefined || !this.isFinal(persisted.layerOneHead.hash)) return;
    if (!this.#standsOn(persisted.hash, chain.base)) return;
    throw new Violation("SurvivesRestart", `v${index} has lost the stored block ${persisted.number}`);
  }

  #checkNew({ index }: SimulatedValidateer, { chain }: Shard, { blocks }: Watched, head: ChainPoint): void {
    const fresh: ChainBlock[] = [];
    let at: ChainPoint | undefined = head;
    while (at !== undefined && at.type === "block" && at !== chain.base && !blocks.has(toHex(at.hash))) {
      fresh.push(at);
      at = chain.get(at.header.parentHash);
    }
    for (const block of fresh.reverse()) {
      this.#blocks.check(block, `v${index}`);
      blocks.set(toHex(block.hash), block);
    }
  }

  /** The head stands on the confirmed block. */
  #checkDescent({ index }: SimulatedValidateer, { chain: { head, base } }: Shard): void {
    if (this.#standsOn(head.hash, base)) return;
    throw new Violation(
      "HeadOnConfirmed",
      `v${index} builds on ${head.number}, which does not descend from ${base.number}`,
    );
  }

  #standsOn(hash: Uint8Array, { type, number, hash: below }: ChainPoint): boolean {
    let at = this.#blocks.ledgerOf(toHex(hash));
    if (type === "genesis") return true;
    while (at !== undefined && at.number > number) at = at.parent;
    return at?.id === toHex(below);
  }

  #lookAtBase({ index }: SimulatedValidateer, watched: Watched, base: ChainPoint): void {
    watched.base = base;
    if (base.type === "genesis") return;
    const ledger = this.#blocks.ledgerOf(toHex(base.hash));
    if (ledger === undefined) {
      throw new Violation("KnownParent", `v${index} begins at block ${base.number}, which is unknown`);
    }
    this.#blocks.check(base, `v${index}`);
    this.#confirmed.confirm(ledger, `v${index}`);
  }

  /** Calls of blocks that were abandoned must be in the pool again, or done in the new branch, or given up in so many words. */
  #lookAtSwitch({ index }: SimulatedValidateer, shard: Shard, watched: Watched, before: ChainPoint): void {
    const { chain, pool } = shard;
    const inBranch = new Set<Hex>();
    for (const block of chain.ancestors()) {
      inBranch.add(toHex(block.hash));
      for (const topHash of block.topHashes) inBranch.add(toHex(topHash));
    }
    let isSwitch = false;
    let at: ChainPoint | undefined = before;
    while (at?.type === "block" && at.number > chain.base.number && !inBranch.has(toHex(at.hash))) {
      isSwitch = true;
      for (const topHash of at.topHashes) {
        if (!watched.admitted.has(toHex(topHash))) continue;
        this.returned++;
        if (inBranch.has(toHex(topHash)) || pool.find(topHash) !== undefined) continue;
        throw new Violation("ReturnedToPool", `v${index} lost a call of the abandoned block ${at.number}`);
      }
      at = watched.blocks.get(toHex(at.header.parentHash));
    }
    if (isSwitch) this.switches++;
  }
}

/** Statuses after which a validateer has given a call up, and has said so. */
const GIVEN_UP: ReadonlySet<string> = new Set(["Usurped", "Invalid", "Dropped", "Finalized"]);

/** Listens to what a pool says of its calls. */
function forgetGivenUp({ pool }: Shard, admitted: Set<Hex>): void {
  const hear = (events: readonly PoolEvent[]) => {
    for (const { hash, status } of events) if (GIVEN_UP.has(status.type)) admitted.delete(toHex(hash));
  };
  const { submit, removeInvalid, onChainChanged, onBlockConfirmed } = pool;
  pool.submit = (...args) => {
    const submission = submit.apply(pool, args);
    hear(submission.events);
    return submission;
  };
  for (const [name, method] of Object.entries({ removeInvalid, onChainChanged, onBlockConfirmed })) {
    Object.defineProperty(pool, name, {
      value: (...args: unknown[]) => {
        const events = (method as (...args: unknown[]) => readonly PoolEvent[]).apply(pool, args);
        hear(events);
        return events;
      },
    });
  }
}
