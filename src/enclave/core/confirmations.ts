/**
 * Follows the confirmations of the parentchain: the chain never leaves a confirmed block, none is authored while it is
 * missing, and an alert is raised when confirmations do not come.
 *
 * Differs: the state is held to the confirmations, and their absence is told.
 *
 * @module
 */
import type { ParentchainView } from "../../parentchain/view.ts";
import { toHex } from "../../primitives/hex.ts";
import { CONFIRMATION_INTERVAL } from "../../sidechain/next_finalization.ts";
import type { SidechainBlockConfirmation } from "../../types/sidechain_block_confirmation.ts";
import type { Outbox } from "./outbox.ts";
import type { Shard } from "./shard.ts";

/**
 * Intervals of 50 blocks after the one in which a confirmation is due, before an alert is raised: that the first validateer of
 * the shard is gone heals by no waiting.
 */
export const OVERDUE_INTERVALS = 3n;

/** Holds the shard to its confirmations. */
export class Confirmations {
  readonly #shard: Shard;
  readonly #outbox: Outbox;
  #missing: SidechainBlockConfirmation | undefined;
  #isOverdue = false;

  constructor(shard: Shard, outbox: Outbox) {
    this.#shard = shard;
    this.#outbox = outbox;
  }

  /** The confirmed block that is not here; while there is one, no block is authored. */
  get missing(): SidechainBlockConfirmation | undefined {
    return this.#missing;
  }

  /** Whether the parentchain has had no confirmation for {@linkcode OVERDUE_INTERVALS} intervals after one was due. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Follows the newest final state of the parentchain. */
  follow(view: ParentchainView, nowMs: number): void {
    const { confirmation } = view;
    if (confirmation !== undefined && !this.#shard.confirm(confirmation, nowMs)) this.#miss(confirmation);
    else this.#found();
    this.#check(view);
  }

  /** Tries again after blocks came in. */
  retry(nowMs: number): void {
    if (this.#missing !== undefined && this.#shard.confirm(this.#missing, nowMs)) this.#found();
  }

  /**
   * Whether confirmations come; tells when they stop and when they go on, once each. What counts is how far the shard was when
   * the parentchain was as it is seen here: an old view tells nothing of now.
   */
  #check(view: ParentchainView): void {
    const confirmed = view.confirmation?.blockNumber ?? 0n;
    const reached = view.nowMs === undefined ? this.#shard.chain.head.number : this.#numberAt(view.nowMs);
    const isOverdue = reached >= confirmed + (1n + OVERDUE_INTERVALS) * CONFIRMATION_INTERVAL;
    if (isOverdue === this.#isOverdue) return;
    this.#isOverdue = isOverdue;
    if (!isOverdue) return this.#outbox.log("info", "ConfirmationsAgain", { confirmed });
    const first = view.shardStatus[0]?.signer;
    const fields = { confirmed, reached, confirmer: first === undefined ? "none" : toHex(first) };
    this.#outbox.log("error", "ConfirmationsOverdue", fields);
  }

  /** Number of the newest block of the best branch that was made up to a time. */
  #numberAt(timeMs: bigint): bigint {
    const { chain } = this.#shard;
    let [low, high] = [chain.base.number, chain.head.number];
    while (low < high) {
      const middle = (low + high + 1n) / 2n;
      const block = chain.at(middle);
      if (block !== undefined && block.digest.timestamp <= timeMs) low = middle;
      else high = middle - 1n;
    }
    return low;
  }

  #miss(confirmation: SidechainBlockConfirmation): void {
    const isKnown = this.#missing?.blockNumber === confirmation.blockNumber;
    this.#missing = confirmation;
    if (!isKnown) this.#outbox.log("error", "ConfirmedBlockUnavailable", { number: confirmation.blockNumber });
  }

  #found(): void {
    if (this.#missing === undefined) return;
    this.#outbox.log("info", "ConfirmedBlockFound", { number: this.#missing.blockNumber });
    this.#missing = undefined;
  }
}
