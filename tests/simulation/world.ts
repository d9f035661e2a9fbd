/**
 * Parentchain, validateers and network of one simulation, wired together.
 *
 * @module
 */
import type { Hex } from "../../src/primitives/hex.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import type { SimulatedDisk } from "./disk.ts";
import { SimulatedLink } from "./link.ts";
import { Network } from "./network.ts";
import { isAncestor, type ParentBlock, type Parentchain } from "./parentchain.ts";
import { type Lies, Peers } from "./peers.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Counts, Trace } from "./trace.ts";
import { SimulatedValidateer } from "./validateer.ts";

/** Usual time until a validateer's node has a block. */
const NODE_DELAY_MS = 30;

/** What a world is made of. */
export interface WorldParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly trace: Trace;
  readonly counts: Counts;
  readonly chain: Parentchain;
  readonly disks: readonly SimulatedDisk[];
  readonly level: "proven" | "sealed" | "trusted";
  readonly slotDurationMs: number;
  readonly contentFrom: number;
  /** Blocks between the tip and the newest final block. */
  readonly finalityLag: number;
  readonly onFatal: (index: number, code: string, detail: string) => void;
  readonly onLog: (index: number, level: string, code: string, detail: string) => void;
  /** A node is given an extrinsic; false if it is to refuse it. */
  readonly onSubmit: (index: number, purpose: string, bytes: Uint8Array) => boolean;
  /** A block leaves its author. */
  readonly onBroadcast: (index: number, block: Uint8Array) => void;
}

/** What a validateer's node knows. */
interface NodeView {
  final: ParentBlock;
  best: ParentBlock;
  /** Additional delay of blocks. */
  lagMs: number;
  /** Whether the node is gone. */
  isDown: boolean;
}

/** The world. */
export class World {
  readonly parts: WorldParts;
  readonly chain: Parentchain;
  readonly network: Network;
  readonly peers: Peers;
  readonly validateers: readonly SimulatedValidateer[];
  readonly nodes: readonly NodeView[];
  /** Blocks of all forks. */
  readonly blocks = new Map<Hex, ParentBlock>();
  readonly #made: ParentBlock[] = [];
  /** What lying peers do. */
  lies: Lies = { push: () => undefined, answer: () => undefined };
  /** Blocks to be made besides the one on the tip, in one of the next slots: a fork. */
  forkFrom: ParentBlock | undefined;
  /** Whether voters prove nothing for now. */
  isFinalityStalled = false;
  /** Probability that an extrinsic does not get to the node's pool. */
  extrinsicLoss = 0;

  constructor(parts: WorldParts) {
    const { scheduler, random, counts, chain, disks } = parts;
    this.parts = parts;
    this.chain = chain;
    for (let at: ParentBlock | undefined = chain.tip; at !== undefined; at = at.parent) this.blocks.set(at.id, at);
    this.network = new Network(scheduler, random.fork("network"), counts);
    this.nodes = disks.map(() => ({ final: chain.final, best: chain.tip, lagMs: 0, isDown: false }));
    this.validateers = disks.map((disk, index) => this.#createValidateer(index, disk));
    this.peers = new Peers({
      ...{ validateers: this.validateers, network: this.network, scheduler },
      lies: {
        push: (from, block) => this.lies.push(from, block),
        answer: (from, blocks) => this.lies.answer(from, blocks),
      },
    });
  }

  #createValidateer(index: number, disk: SimulatedDisk): SimulatedValidateer {
    const { scheduler, level, slotDurationMs, contentFrom, onFatal, onLog, onBroadcast } = this.parts;
    const node = this.nodes[index] as NodeView;
    return new SimulatedValidateer({
      index,
      scheduler,
      level,
      slotDurationMs,
      createLink: (onError) =>
        new SimulatedLink({
          chain: this.chain,
          level,
          blockOf: (id) => this.blocks.get(id),
          final: () => node.final,
          best: () => node.best,
          contentFrom,
          onError,
        }),
      events: {
        submit: (bytes, purpose) => this.#submit(index, bytes, purpose),
        broadcast: (block) => {
          onBroadcast(index, block);
          this.peers.broadcast(index, block);
        },
        gossip: (message) => {
          this.parts.counts.add("gossip");
          this.peers.gossip(index, message);
        },
        peers: () => this.validateers.map((peer) => peer.index).filter((peer) => peer !== index),
        open: (peer) => this.peers.storeOf(peer, index),
        fatal: (code, detail) => onFatal(index, code, detail),
        log: (severity, code, fields) => onLog(index, severity, code, Object.values(fields ?? {}).join(" ")),
      },
    }, disk);
  }

  /** Makes a parentchain block now, perhaps one more on a fork, votes, and tells the nodes. */
  authorParentBlock(): void {
    const { chain, parts: { scheduler, finalityLag } } = this;
    const parent = this.forkFrom ?? chain.tip;
    const block = chain.author(scheduler.nowMs, parent);
    this.blocks.set(block.id, block);
    this.#made.push(block);
    if (this.forkFrom !== undefined) this.forkFrom = block === chain.tip ? undefined : block;
    if (!this.isFinalityStalled) this.#finalize(finalityLag);
    this.parts.trace.note(
      scheduler.nowMs,
      `parentchain ${block.number} ${block.id.slice(2, 10)} f${chain.final.number}`,
    );
    for (const node of this.nodes) this.#tell(node, block, chain.final);
  }

  /** The parentchain blocks that were made since the last time. */
  takeMade(): readonly ParentBlock[] {
    return this.#made.splice(0);
  }

  #finalize(lag: number): void {
    const { chain } = this;
    let target = chain.tip;
    while (target.number > chain.tip.number - lag && target.parent !== undefined) target = target.parent;
    if (target.number > chain.final.number && isAncestor(chain.final, target)) chain.finalize(target);
    if (this.forkFrom !== undefined && !isAncestor(chain.final, this.forkFrom)) this.forkFrom = undefined;
  }

  #tell(node: NodeView, block: ParentBlock, final: ParentBlock): void {
    const { scheduler, random } = this.parts;
    const delay = NODE_DELAY_MS + random.int(NODE_DELAY_MS) + node.lagMs;
    scheduler.after(delay, `node ${this.nodes.indexOf(node)}`, () => {
      if (node.isDown) return;
      this.#update(node, block, final);
    });
  }

  #update(node: NodeView, block: ParentBlock, final: ParentBlock): void {
    if (final.number > node.final.number) node.final = final;
    if (block.number > node.best.number || !isAncestor(node.final, node.best)) node.best = block;
    if (!isAncestor(node.final, node.best)) node.best = node.final;
    this.validateers[this.nodes.indexOf(node)]?.wakeLink();
  }

  /** A node comes back and has all blocks again. */
  restoreNode(index: number): void {
    const node = this.nodes[index] as NodeView;
    node.isDown = false;
    node.lagMs = 0;
    this.#update(node, this.chain.tip, this.chain.final);
  }

  #submit(index: number, bytes: Uint8Array, purpose: string): Promise<boolean> {
    const { random, counts, trace, scheduler } = this.parts;
    if (!this.parts.onSubmit(index, purpose, bytes) || this.nodes[index]?.isDown) return Promise.resolve(false);
    if (random.chance(this.extrinsicLoss)) {
      counts.add("extrinsic lost");
      return Promise.resolve(true);
    }
    const accepted = this.chain.submit(bytes);
    trace.note(scheduler.nowMs, `extrinsic v${index} ${purpose} ${accepted}`);
    return Promise.resolve(accepted);
  }
}

/** A hash as bytes. */
export function bytesOfId(id: Hex): Uint8Array {
  return fromHex(id);
}

/** The name of a hash in traces. */
export function short(hash: Uint8Array): string {
  return toHex(hash).slice(2, 10);
}
