/**
 * Checks of what is final: one confirmed block per height, whoever says so, and each payout paid once, and only if it is
 * owed by a confirmed block.
 *
 * @module
 */
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import type { BlockChecks } from "./blocks.ts";
import type { Ledger } from "./ledger.ts";
import type { ParentBlock } from "./parentchain.ts";
import { Violation } from "./trace.ts";

/** The confirmed chain. */
export class ConfirmedBlocks {
  readonly #byNumber = new Map<bigint, Hex>();

  /** Height of the newest confirmed block. */
  newest = 0n;

  /** A block is confirmed, and with it all below it. @throws {Violation} If another one of its height is. */
  confirm(block: Ledger, who: string): void {
    for (let at: Ledger | undefined = block; at !== undefined && at.number > 0n; at = at.parent) {
      const known = this.#byNumber.get(at.number);
      if (known === at.id) return;
      if (known !== undefined) {
        throw new Violation(
          "OneConfirmedBlock",
          `${who} holds ${at.id} at height ${at.number}, and ${known} is confirmed`,
        );
      }
      this.#byNumber.set(at.number, at.id);
      if (at.number > this.newest) this.newest = at.number;
    }
  }
}

/** What was paid up to a parentchain block. */
interface Paid {
  readonly keys: ReadonlySet<string>;
  /** The newest confirmed block. */
  readonly confirmed: Ledger | undefined;
}

/** Watches the parentchain. */
export class ParentchainChecks {
  readonly #blocks: BlockChecks;
  readonly #confirmed: ConfirmedBlocks;
  readonly #vault: Hex;
  readonly #paid = new Map<Hex, Paid>();
  readonly #owed = new Map<Hex, ReadonlySet<string>>();
  #final: ParentBlock | undefined;
  /** Payouts on the final chain. */
  payouts = 0;
  /** Confirmations on the final chain. */
  confirmations = 0;
  /** Deposits on the final chain. */
  deposits = 0;

  constructor(blocks: BlockChecks, confirmed: ConfirmedBlocks, vault: Uint8Array) {
    this.#blocks = blocks;
    this.#confirmed = confirmed;
    this.#vault = toHex(vault);
  }

  /** A block was made, final or not. @throws {Violation} */
  made(block: ParentBlock): void {
    const before: Paid = (block.parent && this.#paid.get(block.parent.id)) ?? { keys: new Set(), confirmed: undefined };
    let { keys, confirmed } = before;
    for (const { from, to, amount } of block.facts.transfers) {
      if (from !== this.#vault) continue;
      const key = `${to} ${amount}`;
      if (keys.has(key)) {
        throw new Violation("PayoutOnce", `${amount} was paid again in parentchain block ${block.number}`);
      }
      if (confirmed === undefined || !this.#owedBy(confirmed).has(key)) {
        throw new Violation(
          "PayoutOwed",
          `${amount} was paid in parentchain block ${block.number}, and no block owes it`,
        );
      }
      keys = new Set(keys).add(key);
    }
    for (const { number, hash } of block.facts.confirmations) {
      confirmed = this.#blocks.ledgerOf(hash);
      if (confirmed?.number !== number) {
        throw new Violation("ConfirmedBlockExists", `block ${number} was confirmed, and nobody has it`);
      }
    }
    this.#paid.set(block.id, { keys, confirmed });
  }

  /** A block is final. @throws {Violation} */
  final(block: ParentBlock): void {
    const fresh: ParentBlock[] = [];
    for (let at: ParentBlock | undefined = block; at !== undefined && at !== this.#final; at = at.parent) {
      fresh.push(at);
    }
    this.#final = block;
    for (const { facts } of fresh.reverse()) {
      for (const { hash } of facts.confirmations) {
        this.confirmations++;
        this.#confirmed.confirm(this.#blocks.ledgerOf(hash) as Ledger, "the parentchain");
      }
      for (const { from, to } of facts.transfers) {
        if (from === this.#vault) this.payouts++;
        if (to === this.#vault) this.deposits++;
      }
    }
  }

  /** What a block and those below it owe. */
  #owedBy(block: Ledger): ReadonlySet<string> {
    const known = this.#owed.get(block.id);
    if (known !== undefined) return known;
    const owed = new Set<string>();
    for (let at: Ledger | undefined = block; at !== undefined; at = at.parent) {
      for (const { beneficiary, amount } of at.owed) owed.add(`${beneficiary} ${amount}`);
    }
    this.#owed.set(block.id, owed);
    return owed;
  }
}
