import { describe, expect, it } from "vitest";
import { mergeLedgers } from "../../../src/enclave/duties/merged_ledger.ts";
import { ledgerAtLevel, type PayoutLedger, startPayoutLedger } from "../../../src/enclave/duties/payout_ledger.ts";
import { payoutLedger } from "../../../src/enclave/duties/payout_ledger_codec.ts";
import type { ImportedBlock } from "../../../src/parentchain/imported_block.ts";
import { blockHash } from "../../../src/primitives/branded.ts";
import { seed } from "../../parentchain/builders.ts";
import { advance, Enclave, KEYS, plan, read, World } from "./payout_world.ts";

const OTHER = blockHash(seed(0x0b));
const REVERTED = [{ code: "PayoutLedgerReverted", fields: { from: "70", cursor: "70" } }];

/** A world at block 70, and an enclave as it comes back from its disk, to pay in the next window. */
function restarted(change: (ledger: PayoutLedger) => PayoutLedger | undefined = (ledger) => ledger) {
  const [world, a] = [new World(), new Enclave(KEYS[0])];
  advance(world, 70, a);
  a.ledger = change(payoutLedger.decode(payoutLedger.encode(a.ledger))) as PayoutLedger;
  return { world, a };
}

/** Goes on into a window in which it would be the payer. */
function goOn(world: World, a: Enclave) {
  for (const id of [0n, 1n]) world.owe(id);
  advance(world, 130, a);
  return plan(a, world);
}

describe("a ledger that was read on an abandoned branch", () => {
  it("is stopped by the next block, which follows another one, for good", () => {
    const { world, a } = restarted();
    const next: ImportedBlock = { ...world.block(), parentHash: OTHER };
    expect(read(a, world, next)).toMatchObject({ paid: [], alerts: REVERTED });
    a.ledger = payoutLedger.decode(payoutLedger.encode(a.ledger));
    expect(goOn(world, a)).toMatchObject({ mustStore: false, send: [] });
    expect(a.ledger.entries).toEqual([]);
  });

  it("is stopped by another block of the same number, before anything is planned at it", () => {
    const { world, a } = restarted();
    expect(read(a, world, { ...world.blocks.at(-1) as ImportedBlock, hash: OTHER }).alerts).toEqual(REVERTED);
    expect(goOn(world, a)).toMatchObject({ mustStore: false, send: [] });
  });

  it("is stopped also if it was merged out of a file and what another validateer has read", () => {
    const own = new Enclave(KEYS[0]);
    advance(new World(), 68, own);
    const { world, a } = restarted((ledger) => mergeLedgers(own.ledger, ledger));
    expect(read(a, world, { ...world.block(), parentHash: OTHER }).alerts).toEqual(REVERTED);
  });

  it("goes on if the blocks that come again are those that it has read", () => {
    const { world, a } = restarted();
    for (const block of world.blocks) expect(read(a, world, block).alerts).toEqual([]);
    expect(goOn(world, a)).toMatchObject({ mustStore: true });
  });

  it("is not stopped by a block that is less final than those that it reads", () => {
    const { world, a } = restarted();
    const next: ImportedBlock = { ...world.block(), parentHash: OTHER, level: "sealed" };
    expect(read(a, world, next).alerts).toMatchObject([{ code: "PayoutLedgerStopped" }]);
    world.number--;
    expect(goOn(world, a)).toMatchObject({ mustStore: true });
  });
});

describe("ledgerAtLevel()", () => {
  it("raises the level of a ledger, and never lowers it, also over a restart", () => {
    const trusted = startPayoutLedger(63, 0n, "trusted");
    const sealed = payoutLedger.decode(payoutLedger.encode(ledgerAtLevel(trusted, "sealed")));
    expect(sealed.level).toBe("sealed");
    expect(ledgerAtLevel(sealed, "trusted").level).toBe("sealed");
    expect(ledgerAtLevel(sealed, "proven").level).toBe("proven");
  });
});
