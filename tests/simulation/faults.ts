/**
 * Faults: which, when and how long, as the seed says.
 *
 * @module
 */
import type { SignedBlock } from "../../src/types/signed_block.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { BAD_BLOCKS, equivocate, type EvilContext, makeBadBlock } from "./evil.ts";
import { Machines } from "./machines.ts";
import { USUAL_JITTER_MS } from "./network.ts";
import type { ParentBlock } from "./parentchain.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { shardSigners, type Stage } from "./stage.ts";
import type { Counts, Trace } from "./trace.ts";
import type { World } from "./world.ts";

/** What faults are injected into. */
export interface FaultContext {
  readonly world: World;
  readonly stage: Stage;
  readonly random: Random;
  readonly counts: Counts;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
}

/** Time between two faults, on average. */
const MEAN_PAUSE_MS = 900;

/** Bad blocks that an author signs, one in each of its slots. */
const BAD_BLOCKS_AT_ONCE = 4;

type Fault = (durationMs: number) => (() => void) | void | Promise<void>;

/** Injects faults. */
export class Faults {
  readonly #context: FaultContext;
  readonly #random: Random;
  readonly #machines: Machines;
  /** What undoes faults that last. */
  readonly #undo = new Map<string, () => void>();
  /** Validateers that sign two blocks for a slot. */
  readonly #equivocators = new Set<number>();
  /** Validateers whose hosts lie. */
  readonly #liars = new Set<number>();
  readonly #signers: ReadonlySet<string>;
  #isOver = false;

  constructor(context: FaultContext) {
    this.#context = context;
    this.#random = context.random;
    this.#machines = new Machines(context);
    this.#signers = new Set(shardSigners(context.stage.chain).map((signer) => toHex(signer)));
    const { world, random, counts } = context;
    const lies = random.fork("lies");
    world.lies = {
      push: (from, block) => {
        if (!this.#liars.has(from) || !lies.chance(0.3)) return undefined;
        counts.add("block falsified by a peer");
        return flipped(block, lies);
      },
      answer: (from, blocks) => {
        if (!this.#liars.has(from)) return undefined;
        counts.add("answer falsified by a peer");
        const kind = lies.int(4);
        if (kind === 0) return [];
        if (kind === 1) return blocks.slice(1);
        return kind === 2
          ? [...blocks].reverse()
          : blocks.map((block) => lies.chance(0.5) ? flipped(block, lies) : block);
      },
    };
  }

  /** Begins; no new fault from `untilMs` on. */
  begin(untilMs: number): void {
    const { scheduler } = this.#context;
    const next = async () => {
      if (this.#isOver || scheduler.nowMs >= untilMs) return;
      scheduler.after(this.#random.between(1, 2 * MEAN_PAUSE_MS), "fault", next);
      await this.#inject();
    };
    scheduler.after(this.#random.between(1, 2 * MEAN_PAUSE_MS), "fault", next);
  }

  /** Ends all faults; what is down comes up. */
  async heal(): Promise<void> {
    this.#isOver = true;
    for (const undo of this.#undo.values()) undo();
    this.#undo.clear();
    await this.#machines.startAll();
  }

  /** An author who is to sign two blocks does so, and sends the second one to some. */
  onBroadcast(index: number, signed: SignedBlock): void {
    const { world, scheduler, counts } = this.#context;
    if (!this.#equivocators.has(index) || this.#random.chance(0.5)) return;
    const context = this.#evil(index);
    if (context === undefined) return;
    scheduler.after(this.#random.int(3), `equivocation v${index}`, async () => {
      const second = await equivocate(context, signed);
      if (second === undefined) return;
      counts.add("second block for a slot");
      for (const { index: to } of world.validateers) {
        if (to !== index && this.#random.chance(0.6)) world.peers.push(index, to, second);
      }
    });
  }

  async #inject(): Promise<void> {
    const { scheduler, trace, counts } = this.#context;
    const name = this.#random.pick(Object.keys(this.#table));
    const durationMs = this.#random.chance(0.1) ? this.#random.between(6000, 15_000) : this.#random.between(300, 6000);
    trace.note(scheduler.nowMs, `fault ${name}`);
    if (this.#undo.has(name)) return;
    const undo = await (this.#table[name] as Fault)(durationMs);
    if (name in COUNTED_BY_MACHINES) return;
    counts.add(name);
    if (undo === undefined) return;
    this.#undo.set(name, undo);
    scheduler.after(durationMs, `end of ${name}`, () => {
      if (this.#undo.get(name) !== undo) return;
      this.#undo.delete(name);
      undo();
    });
  }

  readonly #table: Readonly<Record<string, Fault>> = {
    "loss on the network": () => {
      const { faults } = this.#context.world.network;
      faults.loss = this.#random.between(5, 60) / 100;
      return () => void (faults.loss = 0);
    },
    "duplication on the network": () => {
      const { faults } = this.#context.world.network;
      faults.duplication = 0.5;
      return () => void (faults.duplication = 0);
    },
    "reordering on the network": () => {
      const { faults } = this.#context.world.network;
      faults.jitterMs = this.#random.between(100, 900);
      return () => void (faults.jitterMs = USUAL_JITTER_MS);
    },
    "slow peer": () => {
      const { network, validateers } = this.#context.world;
      const { index } = this.#random.pick(validateers);
      network.slow.set(index, this.#random.between(200, 2000));
      return () => void network.slow.delete(index);
    },
    "broken one way": () => this.#oneWay((from, to) => this.#context.world.network.breakLink(from, to)),
    "late one way": () => {
      const ms = this.#random.between(100, 2000);
      return this.#oneWay((from, to) => this.#context.world.network.delayLink(from, to, ms));
    },
    "partition": () => {
      const { network, validateers } = this.#context.world;
      network.partition(validateers.map(() => this.#random.int(2)));
      return () => network.partition([]);
    },
    "lying peer": () => this.#member(this.#liars),
    "equivocating author": () => this.#member(this.#equivocators),
    "bad blocks": () => this.#badBlocks(),
    "clock skew": () => {
      const { validateers } = this.#context.world;
      const validateer = this.#random.pick(validateers);
      validateer.setSkew(this.#random.between(-1500, 1500));
      return () => validateer.setSkew(this.#random.between(-40, 40));
    },
    "finality stalled": () => {
      const { world } = this.#context;
      world.isFinalityStalled = true;
      return () => void (world.isFinalityStalled = false);
    },
    "fork of the parentchain": () => {
      const { world: { chain }, world } = this.#context;
      const { tip } = chain;
      world.forkFrom = tip.number > chain.final.number ? tip.parent : undefined;
    },
    "parentchain node gone": () => {
      const { index } = this.#random.pick(this.#context.world.validateers);
      (this.#context.world.nodes[index] as World["nodes"][number]).isDown = true;
      return () => this.#context.world.restoreNode(index);
    },
    "parentchain node behind": () => {
      const { nodes } = this.#context.world;
      const node = this.#random.pick(nodes);
      node.lagMs = this.#random.between(500, 5000);
      return () => void (node.lagMs = 0);
    },
    "extrinsics lost": () => {
      const { world } = this.#context;
      world.extrinsicLoss = 0.5;
      return () => void (world.extrinsicLoss = 0);
    },
    "crash": () => this.#machines.crash(),
    "crash while writing": () => this.#machines.crashWhileWriting(),
    "old disk": () => this.#machines.restoreOldDisk(),
    "backup": () => this.#machines.backup(),
    "slow disk": () => this.#machines.slowDisk(),
  };

  /** Lets something befall what one sends, or dials, to one or to all others; what comes from them is as before. */
  #oneWay(begin: (from: number, to: number) => () => void): () => void {
    const { validateers } = this.#context.world;
    const { index: from } = this.#random.pick(validateers);
    const others = validateers.map(({ index }) => index).filter((index) => index !== from);
    const ends = (this.#random.chance(0.5) ? others : others.slice(0, 1)).map((to) => begin(from, to));
    return () => ends.forEach((end) => end());
  }

  #member(set: Set<number>): () => void {
    const { index } = this.#random.pick(this.#context.world.validateers);
    set.add(index);
    return () => void set.delete(index);
  }

  /** In its next slots, a validateer signs blocks that break one rule each and sends them to all others. */
  #badBlocks(): void {
    const { world, counts, scheduler, stage } = this.#context;
    const { index } = this.#random.pick(world.validateers);
    const { slotDurationMs } = stage.shape;
    const place = [...this.#signers].indexOf(toHex((stage.keys[index] as Stage["keys"][number]).signer.publicKey));
    let slot = Math.floor(scheduler.nowMs / slotDurationMs) + 1;
    while (slot % this.#signers.size !== place) slot++;
    for (let i = 0; i < BAD_BLOCKS_AT_ONCE; i++, slot += this.#signers.size) {
      const kind = this.#random.pick(BAD_BLOCKS);
      scheduler.at(slot * slotDurationMs + this.#random.int(20), `bad block v${index}`, async () => {
        const context = this.#isOver ? undefined : this.#evil(index);
        const block = context && await makeBadBlock(context, kind, scheduler.nowMs);
        if (block === undefined) return;
        counts.add(`bad block: ${kind}`);
        for (const { index: to } of world.validateers) if (to !== index) world.peers.push(index, to, block);
      });
    }
  }

  #evil(index: number): EvilContext | undefined {
    const { world, stage } = this.#context;
    const validateer = world.validateers[index];
    const keys = stage.keys[index];
    const { shard } = validateer ?? {};
    if (shard === undefined || keys === undefined) return undefined;
    const parentBlock = (hash: Uint8Array): ParentBlock | undefined => world.blocks.get(toHex(hash));
    const layerOne = world.nodes.map(({ final }) => final).reduce((a, b) => (a.number < b.number ? a : b));
    return {
      ...{ shard, keys, random: this.#random, slotDurationMs: BigInt(stage.shape.slotDurationMs), parentBlock },
      ...{ vault: stage.vault.account, signers: this.#signers, layerOne },
    };
  }
}

/** These happen or not as the machines stand, and are counted when they do. */
const COUNTED_BY_MACHINES: Readonly<Record<string, true>> = {
  "crash": true,
  "crash while writing": true,
  "old disk": true,
  "backup": true,
  "slow disk": true,
  "bad blocks": true,
};

function flipped(block: Uint8Array, random: Random): Uint8Array {
  const copy = block.slice();
  const at = random.int(copy.length);
  copy[at] = (copy[at] as number) ^ (1 << random.int(8));
  return copy;
}
