/**
 * Exchange of blocks among simulated hosts: pushes, and ranges fetched from one peer, then the next.
 *
 * @module
 */
import { type SignedBlock, signedBlock } from "../../src/types/signed_block.ts";
import { toHex } from "../../src/primitives/hex.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimulatedValidateer } from "./validateer.ts";

/** Blocks of one answer. */
const MAX_ANSWERED_BLOCKS = 128;
/** Blocks of one fetch. */
const MAX_FETCHED_BLOCKS = 4096;
/** Time in which a peer has to answer. */
const ANSWER_TIMEOUT_MS = 400;

/** What a lying peer makes of what it sends. */
export interface Lies {
  /** Other bytes for a block that is pushed; `undefined` for the true ones. */
  readonly push: (from: number, block: Uint8Array) => Uint8Array | undefined;
  /** Another answer to a fetch; `undefined` for the true one. */
  readonly answer: (from: number, blocks: readonly Uint8Array[]) => readonly Uint8Array[] | undefined;
}

/** A fetch under way. */
interface Fetch {
  readonly life: number;
  readonly from: Uint8Array;
  until: Uint8Array;
  peers: number[];
  blocks: readonly Uint8Array[];
  /** Counts requests, so that a late answer is known. */
  request: number;
}

/** What the exchange works with. */
export interface PeerContext {
  readonly validateers: readonly SimulatedValidateer[];
  readonly network: Network;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly lies: Lies;
}

/** The hosts' exchange of blocks. */
export class Peers {
  readonly #context: PeerContext;
  readonly #fetches = new Map<number, Fetch>();

  constructor(context: PeerContext) {
    this.#context = context;
  }

  /** Sends a block to all others. */
  broadcast(from: number, block: Uint8Array): void {
    for (const { index } of this.#context.validateers) {
      if (index !== from) this.push(from, index, block);
    }
  }

  /** Sends a block to one. */
  push(from: number, to: number, block: Uint8Array): void {
    const { network, validateers, lies } = this.#context;
    const sent = lies.push(from, block) ?? block;
    network.send(from, to, `push v${from} v${to}`, () => {
      const decoded = decodeOrNothing(sent);
      if (decoded !== undefined) validateers[to]?.rpc?.importBlocks([decoded]);
    });
  }

  /** Fetches the ancestors of a block that are not here, unless a fetch is under way. */
  fetch(index: number, from: Uint8Array, until: Uint8Array | undefined): void {
    const { validateers, random } = this.#context;
    const life = validateers[index]?.lives ?? 0;
    if (until === undefined || this.#fetches.get(index)?.life === life) return;
    const peers = validateers.map((peer) => peer.index).filter((peer) => peer !== index);
    for (let i = peers.length - 1; i > 0; i--) {
      const j = random.int(i + 1);
      [peers[i], peers[j]] = [peers[j] as number, peers[i] as number];
    }
    const fetch: Fetch = { life, from, until, peers, blocks: [], request: 0 };
    this.#fetches.set(index, fetch);
    this.#ask(index, fetch);
  }

  #ask(index: number, fetch: Fetch): void {
    const { network, scheduler, validateers } = this.#context;
    const peer = fetch.peers[0];
    if (peer === undefined || validateers[index]?.lives !== fetch.life) return this.#end(index, fetch);
    const request = ++fetch.request;
    const { until, from } = fetch;
    network.send(index, peer, `ask v${index} v${peer}`, () => {
      if (!validateers[peer]?.isUp) return;
      const answer = this.#answer(peer, from, until);
      network.send(peer, index, `answer v${peer} v${index}`, () => this.#take(index, fetch, request, answer));
    });
    scheduler.after(ANSWER_TIMEOUT_MS, `timeout v${index}`, () => {
      if (fetch.request === request) this.#next(index, fetch);
    });
  }

  #next(index: number, fetch: Fetch): void {
    fetch.peers = fetch.peers.slice(1);
    this.#ask(index, fetch);
  }

  /** What a peer's store holds: `until` and its ancestors above `from`, ascending. */
  #answer(peer: number, from: Uint8Array, until: Uint8Array): readonly Uint8Array[] {
    const { validateers, lies } = this.#context;
    const { disk } = validateers[peer] as SimulatedValidateer;
    const blocks: Uint8Array[] = [];
    const last = toHex(from);
    for (let hash = until; blocks.length < MAX_ANSWERED_BLOCKS && toHex(hash) !== last;) {
      const row = disk.byHash(hash);
      const decoded = row && decodeOrNothing(row.bytes);
      if (row === undefined || decoded === undefined) break;
      blocks.unshift(row.bytes);
      hash = decoded.block.header.parentHash;
    }
    return lies.answer(peer, blocks) ?? blocks;
  }

  #take(index: number, fetch: Fetch, request: number, answer: readonly Uint8Array[]): void {
    const receiver = this.#context.validateers[index] as SimulatedValidateer;
    if (fetch.request !== request || receiver.lives !== fetch.life || !receiver.isUp) return;
    fetch.request++;
    const first = answer[0] && decodeOrNothing(answer[0]);
    if (first === undefined) return this.#next(index, fetch);
    fetch.blocks = [...answer, ...fetch.blocks];
    const { parentHash, blockNumber } = first.block.header;
    const goOn = () => {
      fetch.until = parentHash;
      this.#ask(index, fetch);
    };
    const mayGoOn = blockNumber > 1n && fetch.blocks.length < MAX_FETCHED_BLOCKS;
    if (mayGoOn && receiver.disk.byHash(parentHash) === undefined) return goOn();
    receiver.importBlocks(fetch.blocks, (code) => {
      // What is on disk may have been taken back: then more of the other branch is wanted.
      if (mayGoOn && code === "BlockAncestryMismatch") goOn();
      else this.#end(index, fetch);
    });
  }

  #end(index: number, fetch: Fetch): void {
    fetch.request++;
    if (this.#fetches.get(index) === fetch) this.#fetches.delete(index);
  }
}

const decodedBlocks = new WeakMap<Uint8Array, SignedBlock | "garbage">();

/** Decodes once for all receivers of the same bytes. */
export function decodeOrNothing(bytes: Uint8Array): SignedBlock | undefined {
  let decoded = decodedBlocks.get(bytes);
  if (decoded === undefined) {
    try {
      decoded = signedBlock.decode(bytes);
    } catch {
      decoded = "garbage";
    }
    decodedBlocks.set(bytes, decoded);
  }
  return decoded === "garbage" ? undefined : decoded;
}
