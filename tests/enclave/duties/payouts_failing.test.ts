import { describe, expect, it } from "vitest";
import { blake2_256 } from "../../../src/crypto/blake2.ts";
import type { DutyExtrinsic } from "../../../src/enclave/duties/duty.ts";
import { MAX_LEDGER_ENTRIES } from "../../../src/enclave/duties/payout_ledger.ts";
import { payoutLedger } from "../../../src/enclave/duties/payout_ledger_codec.ts";
import { failedPayouts, MAX_PAYOUT_FAILURES, MAX_PAYOUTS_IN_FLIGHT } from "../../../src/enclave/duties/payouts.ts";
import { h256 } from "../../../src/primitives/branded.ts";
import { utf8 } from "../../../src/primitives/bytes.ts";
import { ACCOUNTS, advance, BOB, Enclave, failed, KEYS, paid, plan, read, signAndSend, World } from "./payout_world.ts";

const WINDOW = 64;

/** The only validateer of a shard that owes one unit to an account below the existential deposit. */
function oneDust(): { readonly world: World; readonly a: Enclave } {
  const [world, a] = [new World(), new Enclave(KEYS[0])];
  world.authorities = ACCOUNTS.slice(0, 1);
  world.owe(0n, 1n);
  advance(world, WINDOW, a);
  return { world, a };
}

/** Lets what is signed fail in each window, until nothing is signed any more; the number of attempts. */
function failAll(world: World, a: Enclave): number {
  for (let attempts = 0;; attempts++) {
    const [sent] = signAndSend(a, world);
    if (sent === undefined) return attempts;
    read(a, world, world.block([failed(sent, "Token.BelowMinimum")]));
    advance(world, world.number - world.number % WINDOW + WINDOW, a);
  }
}

describe("a payout that can never be paid", () => {
  it("does not keep 4,096 others from being paid, nor the next", () => {
    const { world, a } = oneDust();
    const last = 4_096n;
    for (let id = 1n; id <= last;) {
      const ids = Array.from({ length: WINDOW }, () => id++);
      for (const one of ids) world.owe(one, 1_000n + one);
      read(a, world, world.block());
      const outcomes = ids.map((one) => ({
        extrinsicIndex: 1,
        extrinsicHash: h256(blake2_256(utf8(`${one}`))),
        signer: ACCOUNTS[0] as (typeof ACCOUNTS)[number],
        outcome: { type: "paid" as const, beneficiary: BOB, amount: 1_000n + one },
      }));
      expect(read(a, world, world.block(outcomes)).paid).toEqual(ids);
      world.finish(ids);
      world.payouts = world.payouts.slice(0, 1).concat(world.payouts.slice(-1_024));
    }
    world.owe(last + 1n, 77n);
    read(a, world, world.block());
    expect(a.ledger.entries.map(({ id }) => id)).toEqual([0n, last + 1n]);
  }, 60_000);

  it("is tried in so many windows, then given up, and set aside once the state that says so is confirmed", () => {
    const { world, a } = oneDust();
    const b = new Enclave(KEYS[1], a.ledger);
    const behind = world.blocks.length;
    expect(failAll(world, a)).toBe(MAX_PAYOUT_FAILURES);
    expect(failedPayouts(a.ledger)).toEqual([0n]);
    world.finish([0n], "failed");
    const [before, after] = [world.number, a.signatures];
    expect(read(a, world, world.block()).alerts).toEqual([{ code: "PayoutSetAside", fields: { id: "0" } }]);
    expect(a.ledger.entries).toMatchObject([{ isSetAside: true }]);
    advance(world, before + WINDOW, a);
    expect(a.ledger.entries).toEqual([]);
    expect(a.signatures).toBe(after);
    // One that reads it all later comes to the same.
    for (const block of world.blocks.slice(behind)) read(b, world, block);
    expect(b.ledger).toEqual(a.ledger);
  });

  it("keeps its count of failures over a restart", () => {
    const { world, a } = oneDust();
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    read(a, world, world.block([failed(sent, "Token.BelowMinimum")]));
    expect(payoutLedger.decode(payoutLedger.encode(a.ledger)).entries).toMatchObject([{ failures: 1, failedIn: 64 }]);
  });

  it("is not signed by others any more once it is set aside, and a payment of that window still counts", () => {
    const [world, a, b] = [new World(), new Enclave(KEYS[0]), new Enclave(KEYS[1])];
    world.owe(0n);
    advance(world, 64, a, b);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    // B had tried often enough before.
    world.finish([0n], "failed");
    const block = world.block();
    for (const each of [a, b]) read(each, world, block);
    expect(a.ledger.entries).toMatchObject([{ isSetAside: true, signed: { hash: sent.hash } }]);
    const late = world.block([paid(sent)]);
    for (const each of [a, b]) expect(read(each, world, late).paid).toEqual([0n]);
    advance(world, 128, a, b);
    // Kept until the state says done.
    expect(b.ledger.entries).toMatchObject([{ paidAt: 66 }]);
    world.finish([0n]);
    advance(world, 129, a, b);
    for (const each of [a, b]) expect(each.ledger.entries).toEqual([]);
  });

  it("gives way to those that did not fail yet", () => {
    const { world, a } = oneDust();
    for (let id = 1n; id < BigInt(MAX_PAYOUTS_IN_FLIGHT); id++) world.owe(id, 1n);
    advance(world, 65, a);
    const dust = signAndSend(a, world);
    expect(dust).toHaveLength(MAX_PAYOUTS_IN_FLIGHT);
    read(a, world, world.block(dust.map((sent) => failed(sent, "Token.BelowMinimum"))));
    for (let id = 16n; id < 20n; id++) world.owe(id);
    advance(world, 128, a);
    const ids = plan(a, world).ledger.entries.filter(({ signed }) => signed !== undefined).map(({ id }) => id);
    expect(ids.slice(-4)).toEqual([16n, 17n, 18n, 19n]);
    expect(ids).toHaveLength(MAX_PAYOUTS_IN_FLIGHT);
  });

  it("leaves room for all that the state keeps, and what has no room waits", () => {
    const { world, a } = oneDust();
    for (let id = 1n; id <= BigInt(MAX_LEDGER_ENTRIES); id++) world.owe(id, 5n);
    read(a, world, world.block());
    expect(a.ledger).toMatchObject({ nextUnseen: BigInt(MAX_LEDGER_ENTRIES) });
    expect(payoutLedger.decode(payoutLedger.encode(a.ledger)).entries).toHaveLength(MAX_LEDGER_ENTRIES);
    world.finish([0n], "failed");
    advance(world, 128, a);
    expect(a.ledger.nextUnseen).toBe(BigInt(MAX_LEDGER_ENTRIES) + 1n);
  });
});
