import { describe, expect, it } from "vitest";
import type { DutyExtrinsic } from "../../../src/enclave/duties/duty.ts";
import { startPayoutLedger } from "../../../src/enclave/duties/payout_ledger.ts";
import { ACCOUNTS, advance, Enclave, KEYS, paid, plan, read, signAndSend, World } from "./payout_world.ts";

describe("a validateer that was away", () => {
  it("while a payout was owed, paid and done does not take an equal one for paid, and pays that", () => {
    const [world, a, b] = [new World(), new Enclave(KEYS[0]), new Enclave(KEYS[1])];
    world.owe(0n);
    world.owe(1n);
    world.owe(2n);
    advance(world, 64, a);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    read(a, world, world.block([paid(sent)]));
    world.finish([0n]);
    advance(world, 66, a);
    expect(a.ledger.entries.map(({ id }) => id)).toEqual([1n, 2n]);
    // All the blocks come at once, with a state in which payout 0 is done already.
    const seen = world.blocks.flatMap((block) => [...read(b, world, block).paid]);
    expect(seen).toEqual([0n]);
    expect(b.ledger.entries).toEqual(
      a.ledger.entries.map((entry) => ({ ...entry, signed: undefined })),
    );
    world.authorities = [ACCOUNTS[1] as (typeof ACCOUNTS)[number]];
    advance(world, 128, b);
    expect(signAndSend(b, world)).toHaveLength(2);
  });

  it("signs nothing that is done in the confirmed state, while it has not read the payment", () => {
    const [world, b] = [new World(), new Enclave(KEYS[1])];
    world.owe(0n);
    world.owe(1n);
    advance(world, 64, b);
    world.payouts = world.payouts.map((payout) =>
      payout.id === 1n ? { ...payout, status: { type: "done", value: undefined } } : payout
    );
    expect(plan(b, world)).toMatchObject({ mustStore: false, send: [] });
  });

  it("goes on after payouts that it never saw open", () => {
    const [world, b] = [new World(), new Enclave(KEYS[1])];
    world.authorities = [b.account];
    for (let id = 0n; id < 20n; id++) {
      world.owe(id, 1_000n + id);
      advance(world, world.number + 1, b);
      const [sent] = signAndSend(b, world) as [DutyExtrinsic];
      expect(read(b, world, world.block([paid(sent, 1_000n + id)])).paid).toEqual([id]);
      world.finish([id]);
    }
    advance(world, world.number + 1, b);
    expect(b.ledger).toMatchObject({ nextUnseen: 20n, entries: [] });
  });

  it("for so long that the state has removed payouts says so, and enters nothing after the gap", () => {
    const [world, b] = [new World(), new Enclave(KEYS[1])];
    world.authorities = [b.account];
    for (const id of [0n, 1n, 2n, 3n]) world.owe(id);
    world.payouts = world.payouts.filter(({ id }) => id !== 2n);
    const step = read(b, world, world.block());
    expect(step.alerts).toEqual([{ code: "PayoutLedgerIncomplete", fields: { missing: "2" } }]);
    expect(b.ledger).toMatchObject({ nextUnseen: 2n, entries: [{ id: 0n }, { id: 1n }] });
    expect(signAndSend(b, world)).toHaveLength(2);
  });

  it("and whose ledger missed a payment believes the state that is confirmed by what it has read", () => {
    const [world, b] = [new World(), new Enclave(KEYS[1], startPayoutLedger(63, 0n))];
    world.owe(0n);
    advance(world, 64, b);
    world.finish([0n]);
    expect(read(b, world, world.block()).alerts).toEqual([{ code: "PayoutLedgerCorrected", fields: { id: "0" } }]);
    expect(b.ledger.entries).toMatchObject([{ id: 0n, isSetAside: true }]);
    advance(world, 128, b);
    expect(b.ledger.entries).toEqual([]);
  });

  it("does not take its payment for one of an equal payout that others have paid, and makes it once", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0], startPayoutLedger(63, 0n))];
    for (const id of [0n, 1n, 2n]) world.owe(id);
    advance(world, 64, a);
    world.finish([0n]);
    expect(read(a, world, world.block()).alerts).toMatchObject([{ code: "PayoutLedgerCorrected" }]);
    const [own] = signAndSend(a, world) as [DutyExtrinsic];
    expect(read(a, world, world.block([paid(own)])).paid).toEqual([2n]);
    expect(plan(a, world)).toMatchObject({ mustStore: false, send: [] });
    expect(a.signatures).toBe(1);
  });

  it("does not believe a state that is confirmed only later: the payment is yet to be read", () => {
    const [world, a, b] = [new World(), new Enclave(KEYS[0]), new Enclave(KEYS[1])];
    world.owe(0n);
    advance(world, 64, a, b);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const blocks = Array.from({ length: 70 }, () => world.block());
    const last = world.block([paid(sent)]);
    world.finish([0n]);
    for (const block of blocks) expect(read(b, world, block).alerts).toEqual([]);
    expect(read(b, world, last)).toMatchObject({ paid: [], alerts: [{ code: "UnexpectedVaultTransfer" }] });
    expect(b.ledger.entries).toMatchObject([{ id: 0n, isSetAside: false }]);
  });
});
