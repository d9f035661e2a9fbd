/**
 * Follows the confirmations of the parentchain: the chain never leaves a confirmed block, none is authored while it is
 * missing, and an alert is raised when confirmations do not come.
 *
 * Differs: the original holds no state to the confirmations, and says nothing when they stop.
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
  #view: ParentchainView | undefined;
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
    this.#view = view;
    const { confirmation } = view;
    if (confirmation !== undefined && !this.#shard.confirm(confirmation, nowMs)) this.#miss(confirmation);
    else this.#found();
    this.check();
  }

  /** Tries again after blocks came in. */
  retry(nowMs: number): void {
    if (this.#missing !== undefined && this.#shard.confirm(this.#missing, nowMs)) this.#found();
  }

  /** Whether confirmations come; tells when they stop and when they go on, once each. */
  check(): void {
    const view = this.#view;
    if (view === undefined) return;
    const { head } = this.#shard.chain;
    const confirmed = view.confirmation?.blockNumber ?? 0n;
    const isOverdue = head.number >= confirmed + (1n + OVERDUE_INTERVALS) * CONFIRMATION_INTERVAL;
    if (isOverdue === this.#isOverdue) return;
    this.#isOverdue = isOverdue;
    if (!isOverdue) return this.#outbox.log("info", "ConfirmationsAgain", { confirmed });
    const first = view.shardStatus[0]?.signer;
    const fields = { confirmed, head: head.number, confirmer: first === undefined ? "none" : toHex(first) };
    this.#outbox.log("error", "ConfirmationsOverdue", fields);
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
