/**
 * Exchange among simulated hosts: blocks and operations that are pushed, and stores that are asked for blocks.
 *
 * @module
 */
import type { BlockSource } from "../../src/host/peers/block_fetcher.ts";
import { type SignedBlock, signedBlock } from "../../src/types/signed_block.ts";
import type { Network } from "./network.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimulatedValidateer } from "./validateer.ts";

/** Blocks of one answer: few, so that most fetches need several. */
const MAX_ANSWERED_BLOCKS = 12;
/** Time in which a peer has to answer: more than the way there and back takes when the network is late. */
const ANSWER_TIMEOUT_MS = 5_000;

/** What a lying peer makes of what it sends. */
export interface Lies {
  /** Other bytes for a block, or for operations, that are pushed; `undefined` for the true ones. */
  readonly push: (from: number, block: Uint8Array) => Uint8Array | undefined;
  /** Another answer to a fetch; `undefined` for the true one. */
  readonly answer: (from: number, blocks: readonly Uint8Array[]) => readonly Uint8Array[] | undefined;
}

/** What the exchange works with. */
export interface PeerContext {
  readonly validateers: readonly SimulatedValidateer[];
  readonly network: Network;
  readonly scheduler: Scheduler;
  readonly lies: Lies;
}

/** The hosts' exchange. */
export class Peers {
  readonly #context: PeerContext;

  constructor(context: PeerContext) {
    this.#context = context;
  }

  /** Sends a block to all others. */
  broadcast(from: number, block: Uint8Array): void {
    for (const { index } of this.#context.validateers) {
      if (index !== from) this.push(from, index, block);
    }
  }

  /** Sends operations to all others. */
  gossip(from: number, message: Uint8Array): void {
    const { network, validateers, lies } = this.#context;
    for (const { index } of validateers) {
      if (index === from) continue;
      const sent = lies.push(from, message) ?? message;
      network.send(from, index, `gossip v${from} v${index}`, () => validateers[index]?.rpc?.gossip(sent));
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

  /** The store of a peer, as it is asked over the network. */
  storeOf(peer: number, asking: number): BlockSource {
    const { network, scheduler, validateers } = this.#context;
    return {
      close: () => {},
      blocksAfter: (hash) =>
        new Promise((resolve, reject) => {
          const cancel = scheduler.after(ANSWER_TIMEOUT_MS, `timeout v${asking}`, () => reject(new Error("no answer")));
          network.send(asking, peer, `ask v${asking} v${peer}`, () => {
            if (!validateers[peer]?.isUp) return;
            const answer = this.#answer(peer, hash);
            network.send(peer, asking, `answer v${peer} v${asking}`, () => {
              cancel();
              const blocks = answer.map(decodeOrNothing).filter((block) => block !== undefined);
              if (blocks.length === answer.length) resolve(blocks);
              else reject(new Error("no blocks"));
            }, asking);
          });
        }),
    };
  }

  /** What a peer's store holds above a block. */
  #answer(peer: number, hash: Uint8Array): readonly Uint8Array[] {
    const { validateers, lies } = this.#context;
    const store = validateers[peer]?.mounted?.blocks;
    const start = hash.every((byte) => byte === 0) ? 0n : store?.byHash(hash)?.number;
    const rows = start === undefined ? [] : store?.from(start + 1n, MAX_ANSWERED_BLOCKS) ?? [];
    const blocks = rows.map(({ bytes }) => bytes);
    return lies.answer(peer, blocks) ?? blocks;
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
