/**
 * Checks of sidechain blocks that some validateer holds to be part of its chain: each against the reference ledger once,
 * and its state at each validateer against the first one seen.
 *
 * @module
 */
import { ed25519Verify } from "../../src/crypto/ed25519.ts";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import type { ChainBlock } from "../../src/sidechain/chain_block.ts";
import { GENESIS_PARENT } from "../../src/sidechain/chain_block.ts";
import { systemAccount } from "../../src/stf/pallets/system.ts";
import { balancesTotalIssuance } from "../../src/stf/pallets/balances.ts";
import { accountInfo } from "../../src/types/account_info.ts";
import type { TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import { computeReceiptsHash } from "../../src/types/receipt.ts";
import { computeHeaderHash } from "../../src/types/sidechain_header.ts";
import { blockSigningMessage } from "../../src/types/signed_block.ts";
import type { StateSnapshot } from "../../src/state/snapshot.ts";
import { type Ledger, type LedgerRules, nextLedger, type TriedCall } from "./ledger.ts";
import { blocksBetween, isAncestor, type ParentBlock } from "./parentchain.ts";
import { Violation } from "./trace.ts";

/** What is checked against. */
export interface BlockRules extends LedgerRules {
  /** Authors in their order, as a parentchain block has them. */
  readonly authorsAt: (block: ParentBlock) => readonly Hex[];
  /** Last parentchain block before the first whose deposits count. */
  readonly start: ParentBlock;
  readonly slotDurationMs: number;
  /** True time. */
  readonly nowMs: () => number;
  readonly parentBlock: (id: Hex) => ParentBlock | undefined;
  /** A call by the hash of its operation. */
  readonly callOf: (topHash: Hex) => TrustedCallSigned | undefined;
}

/** How far a block's slot may be ahead of true time: a clock ahead, on a machine one slot behind it. */
const MAX_AHEAD_MS = 2500;
const GENESIS_ID = toHex(GENESIS_PARENT);

/** All blocks that were ever part of a chain. */
export class BlockChecks {
  readonly #rules: BlockRules;
  readonly #ledgers = new Map<Hex, Ledger>();
  readonly #roots = new Map<Hex, Hex>();
  /** Calls that were executed in any chain. */
  executed = 0;

  constructor(rules: BlockRules) {
    this.#rules = rules;
  }

  /** Takes the state that the shard begins with. */
  begin(genesis: StateSnapshot): void {
    if (this.#ledgers.size > 0) return;
    const accounts = new Map(readAccounts(genesis));
    const issuance = balancesTotalIssuance.get(genesis) ?? 0n;
    this.#ledgers.set(GENESIS_ID, {
      ...{ id: GENESIS_ID, number: 0n, parent: undefined, slot: 0n, layerOne: this.#rules.start },
      ...{ accounts, issuance, owed: [], credited: [] },
    });
  }

  /** The ledger after a block that was checked. */
  ledgerOf(id: Hex): Ledger | undefined {
    return this.#ledgers.get(id);
  }

  /** Number of blocks that were checked. */
  get size(): number {
    return this.#ledgers.size - 1;
  }

  /** Checks a block of a validateer's chain; its parent comes first. @throws {Violation} */
  check(block: ChainBlock, who: string): Ledger {
    const id = toHex(block.hash);
    const root = toHex(block.snapshot.root);
    const known = this.#roots.get(id);
    if (known !== undefined && known !== root) {
      throw new Violation("EqualRoots", `block ${block.number} has root ${root} at ${who}, and ${known} elsewhere`);
    }
    if (known !== undefined) return this.#ledgers.get(id) as Ledger;
    const parent = this.#ledgers.get(toHex(block.header.parentHash));
    if (parent === undefined) throw new Violation("KnownParent", `block ${block.number} of ${who} has no known parent`);
    this.#checkRules(block, parent, who);
    const ledger = this.#checkState(block, parent, who);
    this.#roots.set(id, root);
    this.#ledgers.set(id, ledger);
    return ledger;
  }

  #checkRules(block: ChainBlock, parent: Ledger, who: string): void {
    const { authorsAt, parentBlock, slotDurationMs } = this.#rules;
    const fail = (invariant: string, detail: string) => {
      throw new Violation(invariant, `block ${block.number} at ${who}: ${detail}`);
    };
    if (block.number !== parent.number + 1n) fail("Numbers", `follows ${parent.number}`);
    if (block.slot <= parent.slot) fail("SlotsRise", `slot ${block.slot} after ${parent.slot}`);
    if (Number(block.slot) * slotDurationMs > this.#rules.nowMs() + MAX_AHEAD_MS) fail("SlotNotAhead", "slot to come");
    const { lightHeader: { header, signature }, digest } = block;
    const message = blockSigningMessage(computeHeaderHash(header));
    if (!ed25519Verify(signature.value, message, digest.blockAuthor)) fail("Signed", "not signed by its author");
    const receiptsHash = computeReceiptsHash(block.receipts);
    if (toHex(receiptsHash) !== toHex(digest.receiptsHash)) fail("Receipts", "it names other receipts");
    const author = toHex(digest.blockAuthor);
    if (toHex(block.digest.stateRoot) !== toHex(block.snapshot.root)) {
      fail("EqualRoots", "the block names another root");
    }
    const layerOne = parentBlock(toHex(block.layerOneHead.hash));
    if (layerOne === undefined) return fail("ParentchainBlock", "its parentchain block was never made");
    if (!isAncestor(parent.layerOne, layerOne)) fail("ParentchainForward", "its parentchain block does not follow");
    // Those who take turns are known from the parent; the first block has none that could know them.
    const authors = authorsAt(parent.number === 0n ? layerOne : parent.layerOne);
    if (authors[Number(block.slot % BigInt(authors.length))] !== author) fail("AuthorOfSlot", `authored by ${author}`);
  }

  #checkState(block: ChainBlock, parent: Ledger, who: string): Ledger {
    const layerOne = this.#rules.parentBlock(toHex(block.layerOneHead.hash)) as ParentBlock;
    const calls = block.receipts.map(({ topHash, outcome }): TriedCall => {
      const signed = this.#rules.callOf(toHex(topHash));
      if (signed === undefined) throw new Violation("KnownCall", `block ${block.number} has a call that nobody made`);
      return { signed, isSuccess: outcome === "Success" };
    });
    this.executed += calls.length;
    const { ledger, discrepancy } = nextLedger(
      parent,
      { id: toHex(block.hash), slot: block.slot, layerOne: blocksBetween(parent.layerOne, layerOne) },
      calls,
      this.#rules,
    );
    const where = `block ${block.number} at ${who}`;
    if (discrepancy !== undefined) throw new Violation(discrepancy.invariant, `${where}: ${discrepancy.detail}`);
    this.#compare(block, ledger, where);
    return ledger;
  }

  #compare({ snapshot }: ChainBlock, ledger: Ledger, where: string): void {
    let sum = 0n;
    const issuance = balancesTotalIssuance.get(snapshot) ?? 0n;
    for (const [id, { free, nonce }] of readAccounts(snapshot)) {
      sum += free;
      const want = ledger.accounts.get(id) ?? { free: 0n, nonce: 0 };
      if (nonce !== want.nonce) {
        throw new Violation("NonceOneByOne", `${where}: ${id} has ${nonce}, want ${want.nonce}`);
      }
      if (free === want.free) continue;
      const invariant = ledger.credited.length > 0 ? "DepositOnce" : "Balance";
      throw new Violation(invariant, `${where}: ${id} has ${free}, want ${want.free}`);
    }
    if (sum !== issuance || issuance !== ledger.issuance) {
      throw new Violation(
        "Issuance",
        `${where}: ${issuance}, balances are ${sum}, shielded and not paid ${ledger.issuance}`,
      );
    }
    for (const [id, { free, nonce }] of ledger.accounts) {
      const isThere = free > 0n || nonce > 0;
      const key = systemAccount.keyOf(keyOfAccount(id));
      if (isThere && snapshot.get(key) === undefined) throw new Violation("Balance", `${where}: ${id} is gone`);
    }
  }
}

const accountKeys = new Map<Hex, Parameters<typeof systemAccount.keyOf>[0]>();

function keyOfAccount(id: Hex): Parameters<typeof systemAccount.keyOf>[0] {
  let key = accountKeys.get(id);
  if (key === undefined) accountKeys.set(id, key = fromId(id));
  return key;
}

function fromId(id: Hex): Parameters<typeof systemAccount.keyOf>[0] {
  return Uint8Array.fromHex(id.slice(2)) as Parameters<typeof systemAccount.keyOf>[0];
}

function* readAccounts(snapshot: StateSnapshot): Generator<[Hex, { free: bigint; nonce: number }]> {
  for (const [key, value] of snapshot.iterate(systemAccount.prefix)) {
    const { nonce, data: { free, reserved } } = accountInfo.decode(value);
    yield [toHex(key.subarray(key.length - 32)), { free: free + reserved, nonce }];
  }
}
