/**
 * Voters, authors and their network in one thread with a virtual clock: delays, loss, crashes with what is on disk kept,
 * partitions, and voters that sign whatever they like. Everything follows from the seed.
 *
 * @module
 */
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { blockHash } from "../../src/primitives/branded.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { u32 } from "../../src/codec/codec.ts";
import type { VoteTarget } from "../../src/devnode/grandpa.ts";
import type { PrevoteProof } from "../../src/devnode/voting/prevote_proofs.ts";
import { signVote, type Vote, votePayload, type VoteSigner, type VoteStage } from "../../src/devnode/voting/vote.ts";
import type { VoteTree } from "../../src/devnode/voting/vote_tree.ts";
import { Voter, type VoterEffect } from "../../src/devnode/voting/voter.ts";
import { voterRecord } from "../../src/devnode/voting/voter_record.ts";

const STEP_MS = 40;
const SLOT_MS = 400;
const TIMING = { settleMs: 60, prevoteWaitMs: 120, emptyWaitMs: 600, resendMs: 500 };

interface SimBlock extends VoteTarget {
  readonly parent: SimBlock | undefined;
}

interface Message {
  readonly atMs: number;
  readonly to: number;
  readonly from: number;
  readonly block?: SimBlock;
  readonly votes?: readonly Vote[];
  readonly proofs?: readonly PrevoteProof[];
  readonly final?: SimBlock;
}

/** What a run does. */
export interface SimOptions {
  readonly seed: number;
  readonly voters: number;
  /** Time of trouble, then time of calm, in virtual milliseconds. */
  readonly troubleMs: number;
  readonly calmMs: number;
  /** Share of messages that are lost in trouble. */
  readonly loss: number;
  readonly maxDelayMs: number;
  /** Chance per node and second to crash in trouble; a crashed node comes back within three seconds. */
  readonly crashRate: number;
  /** Nodes that are gone for good from this time on. */
  readonly deadFrom?: { readonly atMs: number; readonly count: number };
  /** Voters that sign different votes for everybody. */
  readonly liars?: number;
  /** Whether nothing is kept on disk: what the protocol does not survive. */
  readonly isForgetful?: boolean;
  /** Whether the nodes fall into two halves for the middle third of the trouble. */
  readonly isSplit?: boolean;
}

/** Numbers from a seed; mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const GENESIS: SimBlock = { hash: blockHash(new Uint8Array(32)), number: 0, parent: undefined };

/** A signature that costs nothing: blake2 of the payload and the public key. */
function fakeSigner(index: number): VoteSigner {
  const publicKey = new Uint8Array(32).fill(index + 1);
  return {
    publicKey,
    sign: (payload) => concatBytes(blake2_256(concatBytes(publicKey, payload)), new Uint8Array(32)),
  };
}

const isSigned = (vote: Vote): boolean =>
  toHex(blake2_256(concatBytes(vote.authority, votePayload(vote)))) === toHex(vote.signature.subarray(0, 32));

/** One node: what is on disk, and what is in memory while it runs. */
class SimNode implements VoteTree {
  readonly stored = new Map<string, SimBlock>([[toHex(GENESIS.hash), GENESIS]]);
  record: Uint8Array | undefined;
  final = GENESIS;
  voter: Voter;
  downUntilMs = -1;

  constructor(readonly index: number, readonly signer: VoteSigner, readonly authorities: readonly Uint8Array[]) {
    this.voter = this.start();
  }

  /** Starts with what is on disk. */
  start(): Voter {
    return this.voter = new Voter({
      set: { setId: 0n, authorities: this.authorities.map((id) => ({ id, weight: 1n })) },
      key: this.signer,
      isSigned,
      tree: this,
      timing: TIMING,
      record: this.record === undefined ? undefined : voterRecord.decode(this.record),
    });
  }

  finalized = () => this.final;
  isStored = (hash: Uint8Array) => this.find(hash) !== undefined;
  find = (hash: Uint8Array) => {
    const block = this.stored.get(toHex(hash));
    return block !== undefined && isBelow(this.final, block) ? block : undefined;
  };
  parentOf = ({ hash }: VoteTarget) => this.find(hash) === this.final ? undefined : this.find(hash)?.parent;
  isDescendant = (block: VoteTarget, ancestor: VoteTarget) => {
    const [upper, lower] = [this.find(block.hash), this.find(ancestor.hash)];
    return upper !== undefined && lower !== undefined && isBelow(lower, upper);
  };
  best = (under: VoteTarget): SimBlock => {
    let best = this.find(under.hash) ?? this.final;
    const base = best;
    for (const block of this.stored.values()) {
      const isLonger = block.number > best.number ||
        (block.number === best.number && toHex(block.hash) < toHex(best.hash));
      if (isLonger && isBelow(base, block)) best = block;
    }
    return best;
  };

  /** Stores a block and its ancestors, as a node that asks for what is missing. */
  learn(block: SimBlock): void {
    for (let at: SimBlock | undefined = block; at !== undefined && !this.stored.has(toHex(at.hash)); at = at.parent) {
      this.stored.set(toHex(at.hash), at);
    }
  }
}

function isBelow(ancestor: SimBlock, block: SimBlock): boolean {
  let at: SimBlock | undefined = block;
  while (at !== undefined && at.number > ancestor.number) at = at.parent;
  return at === ancestor;
}

/** A run and what came of it. */
export class VotingSimulation {
  readonly nodes: readonly SimNode[];
  readonly #options: SimOptions;
  readonly #random: () => number;
  readonly #honest: number;
  readonly #finalAt = new Map<number, SimBlock>();
  readonly #signers: readonly VoteSigner[];
  readonly #signed = new Map<string, string>();
  #messages: Message[] = [];
  #nowMs = 0;
  #blocks = 0;
  /** What went wrong, in words. */
  readonly violations: string[] = [];

  constructor(options: SimOptions) {
    this.#options = options;
    this.#random = randomOf(options.seed);
    this.#signers = Array.from({ length: options.voters }, (_, i) => fakeSigner(i));
    const ids = this.#signers.map(({ publicKey }) => publicKey);
    this.#honest = options.voters - (options.liars ?? 0);
    this.nodes = this.#signers.map((signer, i) => new SimNode(i, signer, ids));
  }

  /** Runs to the end. */
  run(): this {
    const { troubleMs, calmMs } = this.#options;
    for (; this.#nowMs < troubleMs + calmMs; this.#nowMs += STEP_MS) this.#tick();
    return this;
  }

  /** Numbers of the newest final blocks of the nodes that are there. */
  finalNumbers(): number[] {
    return this.nodes.filter((node) => this.#isUp(node) && node.index < this.#honest).map(({ final }) => final.number);
  }

  /** Number of the longest chain. */
  get height(): number {
    return Math.max(...this.nodes.map((node) => node.best(node.final).number));
  }

  get #isTrouble(): boolean {
    return this.#nowMs < this.#options.troubleMs;
  }

  #isDead(node: SimNode): boolean {
    const { deadFrom, voters } = this.#options;
    return deadFrom !== undefined && this.#nowMs >= deadFrom.atMs && node.index >= voters - deadFrom.count;
  }

  #isUp(node: SimNode): boolean {
    return !this.#isDead(node) && this.#nowMs >= node.downUntilMs;
  }

  #tick(): void {
    for (const node of this.nodes) this.#maybeCrash(node);
    const due = this.#messages.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#messages = this.#messages.filter(({ atMs }) => atMs > this.#nowMs);
    for (const message of due) this.#deliver(message);
    if (this.#nowMs % SLOT_MS === 0) this.#author();
    for (const node of this.nodes) if (this.#isUp(node)) this.#step(node);
  }

  #maybeCrash(node: SimNode): void {
    if (!this.#isTrouble || this.#nowMs < node.downUntilMs) return;
    if (this.#random() >= this.#options.crashRate * STEP_MS / 1000) return;
    node.downUntilMs = this.#nowMs + this.#random() * 3000;
    node.start();
  }

  #author(): void {
    const node = this.nodes[(this.#nowMs / SLOT_MS) % this.nodes.length] as SimNode;
    if (!this.#isUp(node)) return;
    const parent = node.best(node.final);
    const block = { number: parent.number + 1, parent, hash: blockHash(blake2_256(u32.encode(++this.#blocks))) };
    node.learn(block);
    this.#broadcast(node.index, { block });
  }

  #broadcast(from: number, content: Partial<Message>): void {
    const { loss, maxDelayMs, troubleMs, isSplit, voters } = this.#options;
    const isApart = isSplit === true && this.#nowMs > troubleMs / 3 && this.#nowMs < troubleMs * 2 / 3;
    for (const { index: to } of this.nodes) {
      if (to === from) continue;
      if (isApart && (to < voters / 2) !== (from < voters / 2)) continue;
      if (this.#isTrouble && this.#random() < loss) continue;
      const delayMs = this.#random() * (this.#isTrouble ? maxDelayMs : 80);
      this.#messages.push({ ...content, atMs: this.#nowMs + delayMs, to, from });
    }
  }

  #deliver({ to, from, block, votes = [], proofs = [], final }: Message): void {
    const node = this.nodes[to] as SimNode;
    if (!this.#isUp(node)) return;
    if (block !== undefined) node.learn(block);
    if (final !== undefined) {
      node.learn(final);
      if (final.number > node.final.number) this.#finalize(node, final);
    }
    const fresh = votes.filter((vote) => node.voter.receive(vote).isNew);
    if (fresh.length > 0) this.#broadcast(to, { votes: fresh });
    for (const proof of proofs) node.voter.receiveProof(proof);
    for (const { hash } of node.voter.wanted()) {
      const found = this.nodes[from]?.stored.get(toHex(hash));
      if (found !== undefined) node.learn(found);
    }
  }

  #step(node: SimNode): void {
    if (node.index >= this.#honest) this.#lie(node);
    for (let effects = node.voter.step(this.#nowMs); effects.length > 0;) {
      const isFinal = effects.map((effect) => this.#carryOut(node, effect)).includes(true);
      effects = isFinal ? node.voter.step(this.#nowMs) : [];
    }
    if (this.#nowMs % 520 === 0) this.#broadcast(node.index, { final: node.final });
  }

  #carryOut(node: SimNode, effect: VoterEffect): boolean {
    if (effect.type === "save") {
      if (this.#options.isForgetful !== true) node.record = voterRecord.encode(effect.record);
    } else if (effect.type === "send") {
      this.#watchForTwoVotes(node, effect.votes);
      this.#broadcast(node.index, { votes: effect.votes, proofs: effect.proofs });
    } else {
      this.#finalize(node, node.stored.get(toHex(effect.target.hash)) as SimBlock);
    }
    return effect.type === "final";
  }

  #watchForTwoVotes(node: SimNode, votes: readonly Vote[]): void {
    for (const { stage, round, authority, targetHash } of votes) {
      if (node.index >= this.#honest || toHex(authority) !== toHex(node.signer.publicKey)) continue;
      const name = `${node.index} ${stage} ${round}`;
      const before = this.#signed.get(name) ?? toHex(targetHash);
      if (before !== toHex(targetHash)) this.violations.push(`two votes of ${name}`);
      this.#signed.set(name, before);
    }
  }

  #finalize(node: SimNode, block: SimBlock): void {
    if (node.index < this.#honest && !isBelow(node.final, block)) {
      this.violations.push(`node ${node.index} left its final block ${node.final.number} for ${block.number}`);
    }
    for (let at: SimBlock | undefined = block; at !== undefined && at.number > node.final.number; at = at.parent) {
      const before = this.#finalAt.get(at.number);
      if (before !== undefined && before !== at && node.index < this.#honest) {
        this.violations.push(`two final blocks at ${at.number}, seen by node ${node.index} at ${this.#nowMs} ms`);
      }
      this.#finalAt.set(at.number, at);
    }
    node.final = block;
  }

  /** Signs votes for random blocks in random rounds, another for everybody. */
  #lie(node: SimNode): void {
    if (this.#random() > 0.2) return;
    const blocks = [...node.stored.values()];
    const votes = Array.from({ length: 4 }, (_, i) => {
      const target = blocks[Math.floor(this.#random() ** 0.2 * blocks.length)] ?? GENESIS;
      const round = node.voter.round + BigInt(Math.floor(this.#random() * 4) - 1);
      const stage: VoteStage = i % 2 === 0 ? "prevote" : "precommit";
      return signVote(node.signer, stage, 0n, round < 1n ? 1n : round, target);
    });
    const to = Math.floor(this.#random() * this.nodes.length);
    this.#messages.push({ atMs: this.#nowMs + 20, to, from: node.index, votes });
  }
}
