/**
 * Blocks of peers and fetched blocks: checked, inserted, parked, or answered by a wish for what lies between.
 *
 * @module
 */
import { ed25519Verify } from "../../crypto/ed25519.ts";
import { decodeSignedBlock, importBlock } from "../../sidechain/import.ts";
import {
  type BlockImportError,
  isOfTheBlock,
  isOrphaned,
  isParkable,
  isSignedInTurn,
} from "../../sidechain/import_error.ts";
import { ParkingLot } from "../../sidechain/parking_lot.ts";
import type { ChainBlock } from "../../sidechain/chain_block.ts";
import { computeHeaderHash } from "../../types/sidechain_header.ts";
import { isKnown, MAX_SLOTS_AHEAD } from "../../sidechain/verify.ts";
import { computeSlot, computeSlotStartMs } from "../../sidechain/slots.ts";
import { lightHeaderOf } from "../../types/light_header.ts";
import { blockSigningMessage, type SignedBlock } from "../../types/signed_block.ts";
import type { ParentchainView } from "../../parentchain/view.ts";
import { shardAuthorities } from "../../parentchain/view.ts";
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import type { BlockOutcome } from "../api/ecall_values.ts";
import type { LayerOne } from "../chain/layer_one.ts";
import { BlockWishes, type MissingBlock } from "./block_wishes.ts";
import { Confirmations } from "./confirmations.ts";
import type { Outbox } from "./outbox.ts";
import type { PeerList } from "./peer_list.ts";
import type { Shard } from "./shard.ts";
import { SilentAuthors } from "./silent_authors.ts";

/** From this many blocks on a batch counts as catching up, whose blocks may lag behind the parentchain. */
export const CATCH_UP_BLOCKS = 4;
/**
 * Share of a slot, in percent, after which a silent author is asked for the block of that slot: it has made it by then if it is not
 * busy, and the rest of the slot is for the answer.
 */
export const ASK_AT_PERCENT = 50n;

/** What becomes of a further block of an author for one slot. */
const SURPLUS: BlockOutcome = { code: "Equivocation", reject: false };

/** How a block came: pushed by a peer, or fetched with others because it was asked for. */
type Origin = { readonly type: "pushed" } | { readonly type: "fetched"; readonly batch: readonly SignedBlock[] };
const PUSHED: Origin = { type: "pushed" };

/** Imports blocks into the shard. */
export class PeerImport {
  readonly confirmations: Confirmations;
  readonly #shard: Shard;
  readonly #layerOne: LayerOne;
  readonly #outbox: Outbox;
  readonly #wishes: BlockWishes;
  readonly #parked = new ParkingLot();
  readonly #silent = new SilentAuthors();
  readonly #endpoints: Pick<PeerList, "urlOf">;

  constructor(shard: Shard, layerOne: LayerOne, outbox: Outbox, endpoints: Pick<PeerList, "urlOf">) {
    this.#shard = shard;
    this.#layerOne = layerOne;
    this.#outbox = outbox;
    this.#endpoints = endpoints;
    this.#wishes = new BlockWishes(shard.chain, outbox);
    this.confirmations = new Confirmations(shard, outbox);
  }

  /** Blocks that wait for the parentchain or for their parents. */
  get parkedCount(): number {
    return this.#parked.size;
  }

  /** Who may author, as at the newest parentchain block here. */
  get authorities(): readonly AccountId[] {
    const view = this.#layerOne.newestView;
    return view === undefined ? [] : shardAuthorities(view, this.#shard.setup.shard);
  }

  /**
   * Whether a pushed block may be of use, by what it says itself, which its signature has to prove first of all: it is of this
   * shard and new, a validateer is named as its author, its slot has begun and is late enough for its number, since each block
   * above the confirmed one fills a slot.
   */
  mayBeOfUse(signed: SignedBlock, nowMs: number): boolean {
    const { setup, chain, slotDurationMs, equivocations } = this.#shard;
    const { header, blockData } = signed.block;
    const slot = computeSlot(blockData.timestamp, slotDurationMs);
    return equalBytes(header.shardId, setup.shard) && this.#isByPeer(signed) &&
      slot <= computeSlot(BigInt(nowMs), slotDurationMs) + MAX_SLOTS_AHEAD &&
      header.blockNumber - chain.base.number <= slot - chain.base.slot &&
      !isKnown(signed, chain) && !this.#parked.has(computeHeaderHash(header)) && !equivocations.isSurplus(signed.block);
  }

  /** Imports encoded blocks that were fetched, in their order; none if nobody had any. */
  async importEncoded(blocks: readonly Uint8Array[], nowMs: number): Promise<BlockOutcome[]> {
    const outcomes: BlockOutcome[] = [];
    const mode = this.#wishes.isOpen ? "catch_up" : modeOf(blocks.length);
    const all = blocks.map(decodeSignedBlock);
    const good = all.flatMap((decoded) => decoded.ok ? [decoded.value] : []);
    let reached: MissingBlock | undefined;
    for (const decoded of all) {
      const outcome = decoded.ok
        ? await this.#importOne(decoded.value, nowMs, mode, { type: "fetched", batch: good })
        : outcomeOf(decoded.error);
      if (decoded.ok && outcome.code === "Imported") {
        const { header } = decoded.value.block;
        reached = { hash: computeHeaderHash(header), number: header.blockNumber };
      }
      outcomes.push(outcome);
    }
    await this.#connect(nowMs);
    this.#wishes.answered(reached, this.#missing(nowMs), nowMs);
    return outcomes;
  }

  /** Imports a block that was pushed. */
  async importPushed(signed: SignedBlock, nowMs: number): Promise<BlockOutcome> {
    const outcome = await this.#importOne(signed, nowMs, "live", PUSHED);
    await this.#connect(nowMs);
    this.#wishes.follow(this.#missing(nowMs), nowMs);
    return outcome;
  }

  /** The parentchain moved on: follows its confirmation and tries parked blocks again. */
  async followParentchain(view: ParentchainView | undefined, nowMs: number): Promise<void> {
    if (view !== undefined) this.confirmations.follow(view, nowMs);
    await this.#connect(nowMs);
    this.tick(nowMs);
  }

  /** Once a slot: asks again for what is still missing. */
  tick(nowMs: number): void {
    this.confirmations.retry(nowMs);
    this.#wishes.follow(this.#missing(nowMs), nowMs);
  }

  /** Once a slot: has the author of now asked for its block, if its blocks do not come and this enclave is to build on it. */
  askSilentAuthor(nowMs: number): void {
    const { chain, setup, slotDurationMs } = this.#shard;
    const slot = computeSlot(BigInt(nowMs), slotDurationMs);
    const author = this.#silent.toAsk(this.authorities, setup.signer, slot);
    const url = author && this.#endpoints.urlOf(author);
    if (url === undefined) return;
    const atMs = computeSlotStartMs(slot, slotDurationMs) + slotDurationMs * ASK_AT_PERCENT / 100n;
    const only = { url, afterMs: Math.max(0, Number(atMs) - nowMs) };
    this.#outbox.push({ type: "blocks_wanted", value: { from: chain.head.hash, until: undefined, only } });
  }

  /** Imports what waited for blocks that are here now, and follows a confirmation that waited for them. */
  async #connect(nowMs: number): Promise<void> {
    for (const signed of this.#parked.waiting(BigInt(nowMs))) {
      const { header: { parentHash }, blockData: { layerOneHead } } = signed.block;
      const isReady = this.#shard.chain.get(parentHash) !== undefined &&
        this.#layerOne.numberOf(layerOneHead) !== undefined;
      if (isReady) await this.#importOne(signed, nowMs, "live", PUSHED);
    }
    this.confirmations.retry(nowMs);
  }

  async #importOne(
    signed: SignedBlock,
    nowMs: number,
    mode: "live" | "catch_up",
    origin: Origin,
  ): Promise<BlockOutcome> {
    const { setup, chain, slotDurationMs, equivocations } = this.#shard;
    const isSurplus = equivocations.isSurplus(signed.block) && !isKnown(signed, chain);
    // Not held against the peer, since the author's signature is not checked yet.
    if (isSurplus && (origin.type === "pushed" || !this.#isStoodOn(signed, origin.batch))) return SURPLUS;
    const result = await importBlock(signed, {
      shard: setup.shard,
      slotDurationMs,
      nowMs: BigInt(nowMs),
      blocks: chain,
      layerOne: this.#layerOne,
      mode,
      keys: setup.stateKeys,
    });
    if (!result.ok) return this.#refused(signed, result.error, nowMs, origin);
    const { hash, slot, digest: { blockAuthor } } = result.value;
    // What waited here was pushed before it came with the blocks that it waited for.
    const wasPushed = origin.type === "pushed" || this.#parked.has(hash);
    this.#parked.remove(signed);
    this.#insert(result.value, signed, nowMs);
    if (wasPushed) {
      this.#silent.hear(blockAuthor, slot, computeSlot(BigInt(nowMs), slotDurationMs), this.authorities);
    }
    return { code: "Imported", reject: false };
  }

  #insert(block: ChainBlock, signed: SignedBlock, nowMs: number): void {
    const headBefore = this.#shard.chain.head;
    this.#shard.insert(block, signed, false, [], nowMs);
    const { head } = this.#shard.chain;
    const isSwitch = head !== headBefore && head.type === "block" &&
      !equalBytes(head.header.parentHash, headBefore.hash);
    if (isSwitch) this.#outbox.log("info", "ForkSwitched", { from: headBefore.number, to: head.number });
  }

  #refused(signed: SignedBlock, error: BlockImportError, nowMs: number, origin: Origin): BlockOutcome {
    if (isSignedInTurn(error)) this.#shard.watch(lightHeaderOf(signed));
    // Fetched blocks come in order: one that does not connect then waits only if it was pushed too.
    const mayWait = isParkable(error) && (origin.type === "pushed" || !isOrphaned(error));
    if (mayWait && this.#parked.park(signed, BigInt(nowMs), this.authorities)) {
      return { code: "Parked", reject: false };
    }
    if (!isParkable(error) && isOfTheBlock(error)) this.#parked.remove(signed);
    if (error.verdict === "reject") {
      this.#outbox.log("warn", error.code, { number: signed.block.header.blockNumber });
    }
    return outcomeOf(error);
  }

  /** Whether a block names another one as its parent: one that is parked, or one of these that a validateer has signed. */
  #isStoodOn({ block: { header } }: SignedBlock, others: readonly SignedBlock[]): boolean {
    const hash = computeHeaderHash(header);
    if (this.#parked.hasChildOf(hash)) return true;
    return others.some((other) =>
      equalBytes(other.block.header.parentHash, hash) && this.#isByPeer(other) && isSigned(other)
    );
  }

  /** Blocks that are known of and cannot be reached from the chain: the confirmed one, and parked ones without parents. */
  #missing(nowMs: number): readonly MissingBlock[] {
    const missing: MissingBlock[] = [];
    const confirmed = this.confirmations.missing;
    if (confirmed !== undefined) missing.push({ hash: confirmed.blockHeaderHash, number: confirmed.blockNumber });
    for (const { block: { header } } of this.#parked.waiting(BigInt(nowMs))) {
      const { parentHash, blockNumber: number } = header;
      const hasParent = this.#shard.chain.get(parentHash) !== undefined || this.#parked.has(parentHash);
      if (!hasParent && number > this.#shard.chain.base.number) {
        missing.push({ hash: computeHeaderHash(header), number });
      }
    }
    return missing;
  }

  #isByPeer({ block: { blockData } }: SignedBlock): boolean {
    return this.authorities.some((authority) => equalBytes(authority, blockData.blockAuthor));
  }
}

function isSigned({ block: { header, blockData }, signature }: SignedBlock): boolean {
  return ed25519Verify(signature.value, blockSigningMessage(computeHeaderHash(header)), blockData.blockAuthor);
}

function modeOf(count: number): "live" | "catch_up" {
  return count >= CATCH_UP_BLOCKS ? "catch_up" : "live";
}

function outcomeOf(error: BlockImportError): BlockOutcome {
  return { code: error.code, reject: error.verdict === "reject" };
}
