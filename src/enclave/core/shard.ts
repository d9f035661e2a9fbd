/**
 * The running shard: its chain, its pool, who watches what, and the line between blocks that exist and blocks that are
 * on disk. Nothing of a block is told to anybody before it is persisted.
 *
 * States of a block here: inserted (store effect sent) → persisted (watchers told, broadcast, served to getters).
 *
 * @module
 */
import type { AccountId, BlockHash, TopHash } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { type ChainSwitch, SidechainChain } from "../../sidechain/chain.ts";
import { EquivocationMonitor } from "../../sidechain/equivocation.ts";
import type { ChainBlock, ChainPoint, LayerOneHead } from "../../sidechain/chain_block.ts";
import type { Slot } from "../../sidechain/slots.ts";
import { parentchainPallets } from "../../stf/pallets/parentchain.ts";
import { readSlotDurationMs } from "../../stf/pallets/shard.ts";
import { readNonce } from "../../stf/pallets/system.ts";
import { oneUnit } from "../../stf/parentchain_specs.ts";
import type { StfContext } from "../../stf/stf_context.ts";
import type { SidechainBlockConfirmation } from "../../types/sidechain_block_confirmation.ts";
import type { LightHeader } from "../../types/light_header.ts";
import { type SignedBlock, signedBlock } from "../../types/signed_block.ts";
import { StatusHub } from "../rpc/status_hub.ts";
import type { PoolEvent, PoolState } from "../top_pool/pooled_operation.ts";
import { TopPool } from "../top_pool/top_pool.ts";
import type { Outbox } from "./outbox.ts";
import type { EnclaveSetup } from "./setup.ts";

interface Pending {
  readonly block: ChainBlock;
  readonly encoded: Uint8Array;
  readonly own: boolean;
  readonly events: readonly PoolEvent[];
}

/** Chain, pool and watchers of the shard. */
export class Shard {
  readonly setup: EnclaveSetup;
  readonly chain: SidechainChain;
  readonly pool: TopPool = new TopPool();
  readonly hub: StatusHub = new StatusHub();
  readonly stf: StfContext;
  readonly slotDurationMs: bigint;
  /** Authors that signed two blocks for one slot. */
  readonly equivocations: EquivocationMonitor;
  /** Latest slot in which this enclave signed. */
  lastAuthoredSlot: Slot | undefined;
  /** Called with each block that came from elsewhere. */
  onForeignBlock: (block: ChainBlock) => void = () => {};
  readonly #outbox: Outbox;
  readonly #pending = new Map<string, Pending>();
  #persisted: ChainPoint;

  constructor(setup: EnclaveSetup, chain: SidechainChain, outbox: Outbox) {
    this.setup = setup;
    this.chain = chain;
    this.#outbox = outbox;
    this.#persisted = chain.head;
    const { snapshot } = chain.head;
    const genesis = parentchainPallets.Integritee.genesisHash.get(snapshot);
    if (genesis === undefined) throw new TypeError("Cannot run a shard whose state names no parentchain");
    this.stf = {
      one: oneUnit(genesis),
      enclaveAccount: setup.enclaveAccount,
      shard: setup.shard,
      fingerprint: setup.fingerprint,
    };
    this.slotDurationMs = BigInt(readSlotDurationMs(snapshot));
    this.equivocations = new EquivocationMonitor(this.slotDurationMs);
    for (const block of chain.blocks()) this.watch(block.lightHeader);
  }

  /** The newest block of the best branch that is on disk: what getters and headers show. */
  get persisted(): ChainPoint {
    return this.#persisted;
  }

  /** Whether blocks wait to be stored. */
  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** The state that calls are admitted by: that of the newest block, stored or not. */
  poolState(): PoolState {
    const { number, snapshot } = this.chain.head;
    return { blockNumber: number, nonceOf: (account: AccountId) => readNonce(snapshot, account) };
  }

  /** Adds a verified or own block: the pool follows, the block goes to the store. */
  insert(block: ChainBlock, signed: SignedBlock, own: boolean, broken: readonly TopHash[], nowMs: number): void {
    this.watch(block.lightHeader);
    const change = this.chain.insert(block);
    if (!own) this.onForeignBlock(block);
    const events = [...this.#followPool(change, nowMs), ...this.pool.removeInvalid(broken, this.poolState(), nowMs)];
    const encoded = signedBlock.encode(signed);
    this.#pending.set(toHex(block.hash), { block, encoded, own, events });
    const { hash, number, header: { parentHash } } = block;
    this.#outbox.push({ type: "store_block", value: { number, hash, parentHash, bytes: encoded } });
  }

  /** Takes note of a header that its author has signed in a slot of its own, also of an own one: a key may be in two places. */
  watch(header: LightHeader): void {
    const found = this.equivocations.observe(header);
    if (found === undefined) return;
    this.#outbox.log("error", "Equivocation", { slot: found.slot, author: toHex(found.first.digest.blockAuthor) });
  }

  /** A block is on disk: its watchers are told, and an own one goes to the peers. False if nobody waits for it. */
  markPersisted(hash: Uint8Array): boolean {
    const key = toHex(hash);
    const pending = this.#pending.get(key);
    if (pending === undefined) return false;
    this.#pending.delete(key);
    this.#movePersisted();
    this.notify(pending.events);
    if (pending.own) this.#outbox.push({ type: "broadcast_block", value: pending.encoded });
    return true;
  }

  /** Follows a confirmation of the parentchain; false if the confirmed block is not here. */
  confirm(confirmation: SidechainBlockConfirmation, nowMs: number): boolean {
    const confirmed = this.chain.confirm(confirmation);
    if (!confirmed.ok) return false;
    this.#silence(confirmed.value.retracted);
    const events = this.#followPool(confirmed.value, nowMs);
    this.#movePersisted();
    this.notify(events);
    this.notify(this.pool.onBlockConfirmed(this.chain.base.number));
    return true;
  }

  /**
   * Takes blocks back that rest on parentchain blocks which are not final after all; their calls return to the pool. Gives
   * how many; `undefined` if the confirmed block is one of them, which cannot be taken back.
   */
  followLayerOne(isLost: (head: LayerOneHead) => boolean, nowMs: number): number | undefined {
    const { base } = this.chain;
    if (base.type === "block" && isLost(base.layerOneHead)) return undefined;
    const change = this.chain.drop(({ layerOneHead }) => isLost(layerOneHead));
    if (change.retracted.length === 0) return 0;
    this.#silence(change.retracted);
    const events = this.#followPool(change, nowMs);
    this.#movePersisted();
    this.notify(events);
    return change.retracted.length;
  }

  /** Tells watchers. The worker's path tells no `Ready`, which clients never saw. */
  notify(events: readonly PoolEvent[]): void {
    for (const { hash, status } of events) this.hub.notify(hash, status);
  }

  /** Of blocks that are abandoned for good, what still waits for them to be stored is not told any more. */
  #silence(retracted: ChainSwitch["retracted"]): void {
    for (const { hash } of retracted) {
      const pending = this.#pending.get(toHex(hash));
      if (pending !== undefined) this.#pending.set(toHex(hash), { ...pending, own: false, events: [] });
    }
  }

  #followPool({ retracted, enacted }: ChainSwitch, nowMs: number): readonly PoolEvent[] {
    const state = this.poolState();
    const blocks = enacted.map(({ hash, number, topHashes: executed, receipts }) => {
      const failed = receipts.filter(({ outcome }) => outcome !== "Success").map(({ topHash }) => topHash);
      return { hash, number, executed, failed };
    });
    return this.pool.onChainChanged({ retracted: retracted.map(({ hash }) => hash), enacted: blocks }, state, nowMs);
  }

  #movePersisted(): void {
    for (const block of this.chain.ancestors()) {
      if (this.#pending.has(toHex(block.hash))) continue;
      this.#persisted = block;
      return;
    }
    this.#persisted = this.chain.base;
  }
}

/** Whether a position of the chain is the block that the parentchain confirmed, or one above it. */
export function coversConfirmation(
  chain: SidechainChain,
  confirmation: { readonly blockNumber: bigint; readonly blockHeaderHash: BlockHash },
): "covered" | "behind" | "unavailable" {
  const { blockNumber, blockHeaderHash } = confirmation;
  if (chain.head.number < blockNumber) return "behind";
  if (blockNumber < chain.base.number) return "covered";
  const own = blockNumber === chain.base.number ? chain.base : chain.at(blockNumber);
  return own !== undefined && equalBytes(own.hash, blockHeaderHash) ? "covered" : "unavailable";
}
