/**
 * Calls that come through the parentchain: decrypted and checked off the slot, and put into the pool once the chain has
 * taken over all deposits up to their block, so that a call can spend what was deposited before it.
 *
 * States of a call: encrypted → opened (waits for its block) → in the pool; or forgotten, if it cannot be executed or its
 * block was undone.
 *
 * @module
 */
import type { ImportedBlock } from "../../parentchain/imported_block.ts";
import type { BlockHash } from "../../primitives/branded.ts";
import type { TrustedCallSigned } from "../../types/trusted_call_signed.ts";
import type { LayerOne } from "../chain/layer_one.ts";
import { admitIndirect, openInvoke } from "./admission.ts";
import type { Outbox } from "./outbox.ts";
import type { Shard } from "./shard.ts";

/** Most opened calls that wait; what comes above it is dropped: two full pools, more than a parentchain block can hold. */
export const MAX_WAITING_INDIRECT_CALLS = 16_384;

/** Calls that are decrypted beside each other, so that all nested workers have something to do. */
const OPENED_AT_ONCE = 32;

interface Invoke {
  readonly block: BlockHash;
  readonly cyphertext: Uint8Array;
}

interface OpenedCall {
  readonly block: BlockHash;
  readonly signed: TrustedCallSigned;
}

/** The way of indirect calls into the pool. */
export class IndirectCalls {
  readonly #shard: Shard;
  readonly #layerOne: LayerOne;
  readonly #outbox: Outbox;
  /** In the order of the parentchain. */
  #waiting: OpenedCall[] = [];
  #opening: Promise<void> = Promise.resolve();

  constructor(shard: Shard, layerOne: LayerOne, outbox: Outbox) {
    this.#shard = shard;
    this.#layerOne = layerOne;
    this.#outbox = outbox;
  }

  /** Decrypts what imported blocks hold in the background, one block after the other. */
  take(blocks: readonly ImportedBlock[]): void {
    const invokes = blocks.flatMap(({ hash, content }) =>
      (content?.invokes ?? []).map(({ cyphertext }): Invoke => ({ block: hash, cyphertext }))
    );
    if (invokes.length === 0) return;
    this.#opening = this.#opening.then(() => this.#open(invokes)).catch(() => {
      this.#outbox.log("error", "IndirectCallsFailed", { found: invokes.length });
    }).finally(() => this.#outbox.flush());
  }

  /** Puts calls into the pool whose block the newest sidechain block has taken over. */
  release(nowMs: number): void {
    let taken = 0;
    let refused = 0;
    let over = 0;
    let current: BlockHash | undefined;
    for (const { block, signed } of this.#waiting) {
      if (block !== current && !this.#isOver(block)) break;
      current = block;
      over++;
      if (this.#layerOne.numberOf(block) === undefined) continue;
      if (admitIndirect(this.#shard, signed, nowMs)) taken++;
      else refused++;
    }
    if (over > 0) this.#waiting = this.#waiting.slice(over);
    if (taken + refused > 0) this.#outbox.log("info", "IndirectCalls", { taken, refused });
  }

  async #open(invokes: readonly Invoke[]): Promise<void> {
    for (let at = 0; at < invokes.length; at += OPENED_AT_ONCE) {
      if (this.#waiting.length >= MAX_WAITING_INDIRECT_CALLS) {
        this.#outbox.log("warn", "IndirectCallsDropped", { dropped: invokes.length - at });
        return;
      }
      const group = invokes.slice(at, at + OPENED_AT_ONCE);
      const opened = await Promise.all(group.map(({ cyphertext }) => openInvoke(this.#shard, cyphertext)));
      for (const [i, signed] of opened.entries()) {
        const { block } = group[i] as Invoke;
        if (signed !== undefined) this.#waiting.push({ block, signed });
      }
    }
  }

  /** Whether nothing up to a block is still to come in the chain's prologues, or the block was undone. */
  #isOver(block: BlockHash): boolean {
    if (this.#layerOne.numberOf(block) === undefined) return true;
    const { head } = this.#shard.chain;
    return this.#layerOne.prologueItems(head.snapshot, block)?.length === 0;
  }
}
