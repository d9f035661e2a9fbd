/**
 * Blocks of peers and fetched blocks: checked, inserted, parked, or answered by a wish for what lies between.
 *
 * @module
 */
import { decodeSignedBlock, importBlock } from "../../sidechain/import.ts";
import { type BlockImportError, isParkable } from "../../sidechain/import_error.ts";
import { EquivocationMonitor } from "../../sidechain/equivocation.ts";
import { ParkingLot } from "../../sidechain/parking_lot.ts";
import { computeHeaderHash } from "../../types/sidechain_header.ts";
import type { SignedBlock } from "../../types/signed_block.ts";
import { shardAuthorities } from "../../parentchain/view.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import type { BlockOutcome } from "../api/ecall_values.ts";
import type { LayerOne } from "../chain/layer_one.ts";
import type { Outbox } from "./outbox.ts";
import type { Shard } from "./shard.ts";

/** From this many blocks on a batch counts as catching up, whose blocks may lag behind the parentchain. */
export const CATCH_UP_BLOCKS = 4;

/** Imports blocks into the shard. */
export class PeerImport {
  readonly #shard: Shard;
  readonly #layerOne: LayerOne;
  readonly #outbox: Outbox;
  readonly #parked = new ParkingLot();
  readonly #monitor: EquivocationMonitor;

  constructor(shard: Shard, layerOne: LayerOne, outbox: Outbox) {
    this.#shard = shard;
    this.#layerOne = layerOne;
    this.#outbox = outbox;
    this.#monitor = new EquivocationMonitor(shard.slotDurationMs);
  }

  /** Blocks that wait for the parentchain. */
  get parkedCount(): number {
    return this.#parked.size;
  }

  /**
   * Of pushed blocks those that a validateer of the shard has authored by their own word, which their signature has to prove
   * first of all: anybody can push, and the keys of others must not set anything going here.
   */
  ofPeers(blocks: readonly SignedBlock[]): readonly SignedBlock[] {
    const view = this.#layerOne.newestView;
    const authorities = view === undefined ? [] : shardAuthorities(view, this.#shard.setup.shard);
    return blocks.filter(({ block: { blockData } }) =>
      authorities.some((authority) => equalBytes(authority, blockData.blockAuthor))
    );
  }

  /** Imports encoded blocks in their order. */
  async importEncoded(blocks: readonly Uint8Array[], nowMs: number): Promise<BlockOutcome[]> {
    const outcomes: BlockOutcome[] = [];
    const mode = blocks.length >= CATCH_UP_BLOCKS ? "catch_up" : "live";
    for (const bytes of blocks) {
      const decoded = decodeSignedBlock(bytes);
      outcomes.push(decoded.ok ? await this.#importOne(decoded.value, nowMs, mode) : outcomeOf(decoded.error));
    }
    return outcomes;
  }

  /** Imports decoded blocks in their order. */
  async importDecoded(blocks: readonly SignedBlock[], nowMs: number): Promise<BlockOutcome[]> {
    const outcomes: BlockOutcome[] = [];
    const mode = blocks.length >= CATCH_UP_BLOCKS ? "catch_up" : "live";
    for (const signed of blocks) outcomes.push(await this.#importOne(signed, nowMs, mode));
    return outcomes;
  }

  /** Tries parked blocks again, after the parentchain moved on. */
  async retryParked(nowMs: number): Promise<void> {
    for (const signed of this.#parked.waiting(BigInt(nowMs))) await this.#importOne(signed, nowMs, "live");
  }

  async #importOne(signed: SignedBlock, nowMs: number, mode: "live" | "catch_up"): Promise<BlockOutcome> {
    const { setup, chain, slotDurationMs } = this.#shard;
    const result = await importBlock(signed, {
      shard: setup.shard,
      slotDurationMs,
      nowMs: BigInt(nowMs),
      blocks: chain,
      layerOne: this.#layerOne,
      mode,
      keys: setup.stateKeys,
    });
    if (!result.ok) return this.#refused(signed, result.error, nowMs);
    this.#parked.remove(signed);
    const found = this.#monitor.observe(result.value.lightHeader);
    if (found !== undefined) {
      const { first, slot } = found;
      this.#outbox.log("error", "Equivocation", { slot, author: toHex(first.digest.blockAuthor) });
    }
    this.#shard.insert(result.value, signed, false, [], nowMs);
    return { code: "Imported", reject: false };
  }

  #refused(signed: SignedBlock, error: BlockImportError, nowMs: number): BlockOutcome {
    if (isParkable(error) && this.#parked.park(signed, BigInt(nowMs))) return { code: "Parked", reject: false };
    this.#parked.remove(signed);
    if (error.code === "BlockAncestryMismatch" && error.verdict === "ignore") {
      const until = computeHeaderHash(signed.block.header);
      this.#outbox.push({ type: "blocks_wanted", value: { from: this.#shard.chain.head.hash, until } });
    }
    if (error.verdict === "reject") {
      this.#outbox.log("warn", error.code, { number: signed.block.header.blockNumber });
    }
    return outcomeOf(error);
  }
}

function outcomeOf(error: BlockImportError): BlockOutcome {
  return { code: error.code, reject: error.verdict === "reject" };
}
