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
  /** How often, by beneficiary and amount. */
  readonly times: ReadonlyMap<string, number>;
  /** The newest confirmed block. */
  readonly confirmed: Ledger | undefined;
}

/** What is to be paid. */
export interface Promised {
  /** The confirmed block up to which it is owed. */
  readonly upTo: bigint;
  /** @throws {Violation} If something of it is not paid now. */
  readonly check: () => void;
}

/** Watches the parentchain. */
export class ParentchainChecks {
  readonly #blocks: BlockChecks;
  readonly #confirmed: ConfirmedBlocks;
  readonly #vault: Hex;
  readonly #paid = new Map<Hex, Paid>();
  readonly #owed = new Map<Hex, ReadonlyMap<string, number>>();
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
    const before: Paid = (block.parent && this.#paid.get(block.parent.id)) ??
      { times: new Map(), confirmed: undefined };
    let { times, confirmed } = before;
    for (const { from, to, amount } of block.facts.transfers) {
      if (from !== this.#vault) continue;
      const key = `${to} ${amount}`;
      const owed = confirmed === undefined ? 0 : this.#owedBy(confirmed).get(key) ?? 0;
      const paid = (times.get(key) ?? 0) + 1;
      if (owed === 0) {
        throw new Violation(
          "PayoutOwed",
          `${amount} was paid in parentchain block ${block.number}, and no block owes it`,
        );
      }
      if (paid > owed) {
        throw new Violation("PayoutOnce", `${amount} was paid again in parentchain block ${block.number}`);
      }
      times = new Map(times).set(key, paid);
    }
    for (const { number, hash } of block.facts.confirmations) {
      confirmed = this.#blocks.ledgerOf(hash);
      if (confirmed?.number !== number) {
        throw new Violation("ConfirmedBlockExists", `block ${number} was confirmed, and nobody has it`);
      }
    }
    this.#paid.set(block.id, { times, confirmed });
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

  /** The newest block that is confirmed on the final chain. */
  get confirmed(): Ledger | undefined {
    return this.#final && this.#paid.get(this.#final.id)?.confirmed;
  }

  /** What the blocks owe that are confirmed on the final chain now. */
  promise(): Promised {
    const { confirmed } = this;
    const owed = confirmed === undefined ? new Map<string, number>() : this.#owedBy(confirmed);
    const check = () => {
      const paid = this.#final && this.#paid.get(this.#final.id)?.times;
      for (const [key, times] of owed) {
        if ((paid?.get(key) ?? 0) >= times) continue;
        throw new Violation("PayoutPaid", `${key} was owed ${times} times and paid ${paid?.get(key) ?? 0} times`);
      }
    };
    return { upTo: confirmed?.number ?? 0n, check };
  }

  /** What a block and those below it owe. */
  #owedBy(block: Ledger): ReadonlyMap<string, number> {
    const known = this.#owed.get(block.id);
    if (known !== undefined) return known;
    const owed = new Map<string, number>();
    for (let at: Ledger | undefined = block; at !== undefined; at = at.parent) {
      for (const { beneficiary, amount } of at.owed) {
        const key = `${beneficiary} ${amount}`;
        owed.set(key, (owed.get(key) ?? 0) + 1);
      }
    }
    this.#owed.set(block.id, owed);
    return owed;
  }
}
