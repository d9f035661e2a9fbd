/**
 * Takes from one peer all that it has above a block, into the enclave, for as long as that leads somewhere: a peer that has
 * nothing of use, or takes too long over it, is left for the next one.
 *
 * @module
 */
import type { BlockOutcome } from "../../enclave/api/ecall_values.ts";
import { computeHeaderHash, sidechainHeader } from "../../types/sidechain_header.ts";
import { type SignedBlock, signedBlock } from "../../types/signed_block.ts";
import type { BlockStore } from "../block_store.ts";
import type { SlotTimer } from "../slot_clock.ts";

/** Blocks of one import: a slot waits no longer than they take, a tenth of a second and less. */
export const IMPORT_BATCH = 64;
/** Fewest blocks of an import, so that old ones count as catching up: see `CATCH_UP_BLOCKS` of the enclave. */
export const MIN_IMPORT_BATCH = 8;
/** Times that one peer is asked from an older block: 2^16 blocks back, three times those that are kept. */
export const MAX_STEPS_BACK = 16;
/**
 * Answers in a row of whose blocks none is taken, and none is stored here. Blocks below the confirmed one count as known whoever
 * made them up, so a peer could go on with these for ever; what an honest one has is new here, or stored.
 */
export const MAX_USELESS_ANSWERS = 4;
/** How long a peer may go on without a block that is taken, in ms: the blocks of a day, all known here, are shown in that time. */
export const MAX_IDLE_MS = 30_000;
/** How long a peer may go on at all before the next one is asked, in ms: at full speed that are some 100,000 blocks. */
export const MAX_DRAIN_MS = 120_000;
/** Most blocks that are offered again with those after them, because the enclave takes them only together. */
export const MAX_CARRIED_BLOCKS = 16;

/** A connection to the store of one peer. */
export interface BlockSource {
  /** Blocks after one; none if there are none or it does not know the block. @throws {Error} If it does not answer properly. */
  readonly blocksAfter: (hash: Uint8Array) => Promise<readonly SignedBlock[]>;
  /** Ends it. */
  readonly close: () => void;
}

/** What draining works with. */
export interface DrainPorts {
  /** Hands blocks to the enclave; `undefined` if it takes none now. */
  readonly importBlocks: (blocks: readonly Uint8Array[]) => Promise<readonly BlockOutcome[] | undefined>;
  /** The own store, with what the enclave has taken. */
  readonly store: Pick<BlockStore, "byHash">;
  readonly timer: Pick<SlotTimer, "now">;
  /** Told how many blocks the enclave has taken. */
  readonly onImported: (count: number) => void;
  /** Whether it is to end at once. */
  readonly isStopped: () => boolean;
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

/** One visit to one peer. */
export class PeerDrain {
  readonly #source: BlockSource;
  readonly #ports: DrainPorts;
  readonly #startMs: number;
  #importedMs: number;
  #useless = 0;
  /** Blocks that the enclave takes only if others stand on them, of which none has come so far. */
  #carried: readonly SignedBlock[] = [];

  constructor(source: BlockSource, ports: DrainPorts) {
    this.#source = source;
    this.#ports = ports;
    this.#startMs = ports.timer.now();
    this.#importedMs = this.#startMs;
  }

  /**
   * Takes all that the peer has above a block; whether it has anything of this chain. A store holds branches side by side: if
   * nothing could be taken, and some blocks follow none that is here, their branch began further below.
   *
   * @throws {Error} If the peer sends what no honest one has, or nothing of use for too long.
   */
  async run(from: Uint8Array): Promise<boolean> {
    let start: Uint8Array | undefined = from;
    let isRelated = false;
    for (let steps = 0; start !== undefined && !this.#ports.isStopped(); steps++) {
      const pass = await this.#pass(start);
      isRelated ||= pass.isRelated;
      const isDone = pass.isDone || pass.imported > 0 || (pass.isRelated && !pass.hasDetached);
      if (isDone || steps >= MAX_STEPS_BACK) return isRelated;
      start = this.#olderThan(start, 2 ** steps);
    }
    return isRelated;
  }

  /** Takes what the peer has above a block, until nothing of it follows what is here. @throws {Error} */
  async #pass(start: Uint8Array): Promise<Pass> {
    const pass: Pass = { imported: 0, isRelated: false, hasDetached: false, isDone: false };
    let highest = -1n;
    for (let at = start; !this.#ports.isStopped();) {
      const blocks = await this.#source.blocksAfter(at);
      const last = blocks.at(-1)?.block.header;
      const taken = last === undefined ? NOTHING_TAKEN : await this.#take(blocks);
      pass.imported += taken.imported;
      pass.hasDetached ||= taken.hasDetached;
      this.#judgeTime(taken.imported);
      if (last === undefined || (taken.isDetached && taken.imported === 0)) return pass;
      if (taken.imported > 0 || taken.mustWait || this.#holdsAny(blocks)) {
        pass.isRelated = true;
        this.#useless = 0;
      } else if (++this.#useless >= MAX_USELESS_ANSWERS) throw new Error("it has nothing of use");
      if (taken.mustWait || this.#isOverdue()) return { ...pass, isDone: true };
      if (last.blockNumber <= highest) throw new Error("it sends the same blocks again");
      highest = last.blockNumber;
      at = computeHeaderHash(last);
    }
    return pass;
  }

  #judgeTime(imported: number): void {
    const nowMs = this.#ports.timer.now();
    if (imported > 0) this.#importedMs = nowMs;
    else if (nowMs - this.#importedMs >= MAX_IDLE_MS) throw new Error("it had nothing new for too long");
  }

  /** Whether it is another's turn, although blocks come. */
  #isOverdue(): boolean {
    return this.#ports.timer.now() - this.#startMs >= MAX_DRAIN_MS;
  }

  /** Imports blocks. @throws {Error} If one of them is not what an honest peer has. */
  async #take(blocks: readonly SignedBlock[]): Promise<typeof NOTHING_TAKEN> {
    const taken = { ...NOTHING_TAKEN };
    for (const batch of inBatches(blocks)) {
      const offered = [...this.#carried, ...batch];
      const outcomes = await this.#ports.importBlocks(offered.map((block) => signedBlock.encode(block)));
      if (outcomes === undefined || this.#ports.isStopped()) return { ...taken, mustWait: true };
      // Of several branches only the highest block counts: one on ground that was lost is never taken, and others go on.
      const highest = { taken: -1n, detached: -1n, waiting: -1n, surplus: -1n };
      let imported = 0;
      for (const [i, { code, reject }] of outcomes.entries()) {
        if (reject) throw new Error(`one of its blocks is refused: ${code}`);
        if (code === "Imported") imported++;
        const number = offered[i]?.block.header.blockNumber ?? 0n;
        const kind = KINDS[code] ?? "waiting";
        if (number > highest[kind]) highest[kind] = number;
      }
      this.#ports.onImported(imported);
      taken.imported += imported;
      taken.isDetached = highest.detached > highest.taken;
      taken.hasDetached ||= highest.detached >= 0n;
      // The parentchain has to move on here before more can be taken.
      taken.mustWait = highest.waiting > highest.taken;
      this.#carry(offered, outcomes);
      if (taken.mustWait) break;
    }
    return taken;
  }

  /** Keeps what was left out because nothing stands on it, if what does may come next: blocks come by rising numbers. */
  #carry(offered: readonly SignedBlock[], outcomes: readonly BlockOutcome[]): void {
    const top = offered.at(-1)?.block.header.blockNumber ?? 0n;
    const mayHaveChild = ({ block }: SignedBlock) => block.header.blockNumber + 1n >= top;
    this.#carried = offered.filter((block, i) => KINDS[outcomes[i]?.code ?? ""] === "surplus" && mayHaveChild(block))
      .slice(-MAX_CARRIED_BLOCKS);
  }

  #holdsAny(blocks: readonly SignedBlock[]): boolean {
    return blocks.some(({ block }) => this.#ports.store.byHash(computeHeaderHash(block.header)) !== undefined);
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

/** What outcomes of imports mean here; all others, that the block can only be taken later. */
const KINDS: Readonly<Record<string, "taken" | "detached" | "surplus">> = {
  Imported: "taken",
  BlockAlreadyImported: "taken",
  BlockAncestryMismatch: "detached",
  Equivocation: "surplus",
};

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
