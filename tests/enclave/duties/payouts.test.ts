import { describe, expect, it } from "vitest";
import type { DutyExtrinsic } from "../../../src/enclave/duties/duty.ts";
import { ledgerStored, revertLedger, startPayoutLedger } from "../../../src/enclave/duties/payout_ledger.ts";
import { PAYOUT_WINDOW } from "../../../src/enclave/duties/payout_window.ts";
import { payoutLedger } from "../../../src/enclave/duties/payout_ledger_codec.ts";
import { planPayouts } from "../../../src/enclave/duties/payouts.ts";
import { ripenBlocks } from "../../../src/enclave/duties/ripe_blocks.ts";
import { ed25519FromSeed } from "../../../src/crypto/ed25519.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { blake2_256 } from "../../../src/crypto/blake2.ts";
import type { ProxyOutcome } from "../../../src/parentchain/imported_block.ts";
import { decodeExtrinsic } from "../../../src/parentchain/extrinsic_decode.ts";
import { seed } from "../../parentchain/builders.ts";

import {
  ACCOUNTS,
  advance,
  BOB,
  Enclave,
  failed,
  KEYS,
  metadata,
  paid,
  plan,
  read,
  signAndSend,
  World,
} from "./payout_world.ts";

describe("payouts", () => {
  it("are signed by their payer only, stored before they are sent, and settled by the proven payment", () => {
    const [world, a, b] = [new World(), new Enclave(KEYS[0]), new Enclave(KEYS[1])];
    world.owe(0n);
    advance(world, 64, a, b);
    expect(plan(b, world).mustStore).toBe(false);
    const first = plan(a, world);
    expect(first.mustStore).toBe(true);
    // Not stored: nothing may be sent, however often it is asked.
    expect(first.send).toEqual([]);
    expect(plan(a, world).send).toEqual([]);
    a.ledger = ledgerStored(a.ledger);
    const [sent] = plan(a, world).send as [DutyExtrinsic];
    expect(sent.purpose).toBe("payout");
    expect(sent.eraEnd).toBe(64 + PAYOUT_WINDOW - 1);
    expect(sent.nonce).toBe(4);
    const decoded = decodeExtrinsic(sent.bytes, metadata);
    expect(decoded.ok && decoded.value.name).toEqual({ pallet: "Proxy", call: "proxy" });
    const block = world.block([paid(sent)]);
    for (const enclave of [a, b]) expect(read(enclave, world, block).paid).toEqual([0n]);
    expect(a.ledger.entries).toHaveLength(1);
    world.finish([0n]);
    // Spent bytes are never sent again, at whatever block within their era.
    while (world.number < 200) {
      expect(plan(a, world).send).toEqual([]);
      advance(world, world.number + 1, a, b);
    }
    for (const enclave of [a, b]) {
      expect(plan(enclave, world)).toMatchObject({ mustStore: false, send: [] });
      expect(enclave.ledger).toMatchObject({ nextUnseen: 1n, entries: [] });
    }
  });

  it("send the same bytes again, not every block, and nothing after the window", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    advance(world, 64, a);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const seen: string[] = [];
    while (world.number < 127) {
      read(a, world, world.block());
      const { send, mustStore } = plan(a, world);
      expect(mustStore).toBe(false);
      for (const { bytes } of send) seen.push(toHex(bytes));
    }
    expect(seen).toHaveLength(15);
    expect(new Set(seen)).toEqual(new Set([toHex(sent.bytes)]));
    expect(a.signatures).toBe(1);
  });

  it("get other bytes only in the next window, when the first ones are dead and the payment is not there", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.authorities = ACCOUNTS.slice(0, 1);
    world.owe(0n);
    advance(world, 64, a);
    const [first] = signAndSend(a, world) as [DutyExtrinsic];
    advance(world, 127, a);
    expect(plan(a, world).mustStore).toBe(false);
    read(a, world, world.block());
    const [second] = signAndSend(a, world) as [DutyExtrinsic];
    expect(first.eraEnd).toBe(127);
    expect(world.number).toBe(128);
    expect(second.eraEnd).toBe(128 + 63);
    expect(toHex(second.bytes)).not.toBe(toHex(first.bytes));
  });

  it("survive a payer that is killed after signing and before sending: the stored bytes are sent", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    advance(world, 64, a);
    plan(a, world);
    const sealed = payoutLedger.encode(a.ledger);
    const reborn = new Enclave(KEYS[0], payoutLedger.decode(sealed));
    const { send, mustStore } = plan(reborn, world);
    expect(mustStore).toBe(false);
    expect(send).toHaveLength(1);
    expect(reborn.signatures).toBe(0);
  });

  it("survive a payer that is killed before its ledger was stored: it signs the very same bytes", () => {
    const world = new World();
    world.owe(0n);
    const a = new Enclave(KEYS[0]);
    advance(world, 64, a);
    const before = payoutLedger.encode(a.ledger);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const reborn = new Enclave(KEYS[0], payoutLedger.decode(before));
    expect((signAndSend(reborn, world)[0] as DutyExtrinsic).bytes).toEqual(sent.bytes);
  });

  it("are not signed by a payer that may have signed before, which goes on sending what it has stored", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    advance(world, 64, a);
    const copy = payoutLedger.encode(a.ledger);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const stored = payoutLedger.encode(a.ledger);
    const [old, reborn] = [copy, stored].map((disk) => new Enclave(KEYS[0], payoutLedger.decode(disk)));
    const planOf = ({ ledger, identity }: Enclave) =>
      planPayouts(ledger, world.chain(), identity, world.terms([], false));
    expect(planOf(old as Enclave)).toMatchObject({ mustStore: false, send: [], alerts: [] });
    expect(planOf(reborn as Enclave)).toMatchObject({ mustStore: false, send: [{ bytes: sent.bytes }] });
    expect([old?.signatures, reborn?.signatures]).toEqual([0, 0]);
  });

  it("survive a payer that is killed after sending: it reads the missed blocks before it does anything", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    advance(world, 64, a);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const reborn = new Enclave(KEYS[0], payoutLedger.decode(payoutLedger.encode(a.ledger)));
    world.block([paid(sent)]);
    for (let i = 0; i < 80; i++) world.block();
    expect(plan(reborn, world)).toMatchObject({ mustStore: false, send: [] });
    for (const block of world.blocks.slice(1)) read(reborn, world, block);
    expect(plan(reborn, world)).toMatchObject({ mustStore: false, send: [] });
    expect(reborn.ledger.entries).toMatchObject([{ id: 0n, paidAt: 65 }]);
  });

  it("change hands with the validateers only at a window's start", () => {
    const [world, a, b] = [new World(), new Enclave(KEYS[0]), new Enclave(KEYS[1])];
    world.owe(0n);
    advance(world, 64, a, b);
    expect(signAndSend(a, world)).toHaveLength(1);
    // The first validateer is gone now; the second one still may not pay: the first one's bytes are alive.
    world.authorities = ACCOUNTS.slice(1);
    advance(world, 127, a, b);
    expect(plan(b, world).mustStore).toBe(false);
    advance(world, 128, a, b);
    expect(plan(a, world).mustStore).toBe(false);
    expect(signAndSend(b, world)).toHaveLength(1);
  });

  it("whose payer is gone are paid by the next one in the next window, and so on in turn", () => {
    const [world, b] = [new World(), new Enclave(KEYS[1])];
    world.owe(0n);
    world.owe(1n);
    const nonces = new Map<number, number>();
    for (let start = 64; start <= 256; start += 64) {
      advance(world, start, b);
      nonces.set(start, signAndSend(b, world).length);
      const signed = b.ledger.entries.filter(({ signed }) => signed !== undefined).map(({ id }) => id);
      // In window 1 it is the first one's turn for payout 0, in window 2 this one's, and so on.
      expect(signed).toEqual([start % 128 === 0 ? 0n : 1n]);
    }
    expect([...nonces.values()]).toEqual([1, 1, 1, 1]);
  });

  it("are not paid by the second payer if the first one's payment came in the last block of its window", () => {
    const [world, a, b] = [new World(), new Enclave(KEYS[0]), new Enclave(KEYS[1])];
    world.owe(0n);
    advance(world, 64, a, b);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    world.authorities = ACCOUNTS.slice(1);
    advance(world, 126, a, b);
    const last = world.block([paid(sent)]);
    for (const enclave of [a, b]) read(enclave, world, last);
    advance(world, 128, a, b);
    expect(plan(b, world).mustStore).toBe(false);
  });

  it("stay open with an alert if the transfer failed, and are tried again in the next window", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.authorities = ACCOUNTS.slice(0, 1);
    world.owe(0n);
    advance(world, 64, a);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const step = read(a, world, world.block([failed(sent, "Module.Balances.InsufficientBalance")]));
    expect(step.paid).toEqual([]);
    expect(step.alerts).toEqual([
      { code: "PayoutFailed", fields: { id: "0", reason: "Module.Balances.InsufficientBalance" } },
    ]);
    world.nonce = 5;
    expect(plan(a, world).mustStore).toBe(false);
    advance(world, 128, a);
    expect(signAndSend(a, world)[0]?.nonce).toBe(5);
  });

  it("that are equal settle one after the other, each once", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.authorities = ACCOUNTS.slice(0, 1);
    world.owe(0n);
    world.owe(1n);
    world.owe(2n, 7n);
    advance(world, 64, a);
    const sent = signAndSend(a, world);
    expect(sent.map(({ nonce }) => nonce)).toEqual([4, 5, 6]);
    // The second one's extrinsic comes alone: one of the two is settled, and one is left.
    expect(read(a, world, world.block([paid(sent[1] as DutyExtrinsic)])).paid).toEqual([0n]);
    // The one that is left goes on with the bytes that are left: nothing is signed for it anew, nothing spent is resent.
    advance(world, world.number + 10, a);
    expect(plan(a, world)).toMatchObject({
      mustStore: false,
      send: [{ hash: sent[0]?.hash }, { hash: sent[2]?.hash }],
    });
    expect(a.signatures).toBe(3);
    expect(read(a, world, world.block([paid(sent[0] as DutyExtrinsic)])).paid).toEqual([1n]);
    expect(read(a, world, world.block([paid(sent[2] as DutyExtrinsic, 7n)])).paid).toEqual([2n]);
    world.finish([0n, 1n, 2n]);
    advance(world, 128, a);
    expect(a.ledger.entries).toEqual([]);
  });

  it("wait for the confirmation, for the level, and for a window with enough blocks left", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    world.confirmed = 4n;
    advance(world, 64, a);
    expect(plan(a, world).mustStore).toBe(false);
    advance(world, 120, a);
    world.confirmed = 5n;
    advance(world, 121, a);
    expect(a.ledger.entries).toHaveLength(1);
    expect(plan(a, world).mustStore).toBe(false);
    world.level = "sealed";
    const step = read(a, world, world.block());
    expect(step.alerts[0]?.code).toBe("PayoutLedgerStopped");
    expect(a.ledger.cursor).toBe(121);
    expect(plan(a, world)).toMatchObject({ mustStore: false, send: [] });
  });

  it("are not paid beyond the vault's balance, nor by who is no delegate", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.authorities = ACCOUNTS.slice(0, 1);
    world.free = 650n;
    world.owe(0n);
    world.owe(1n);
    world.owe(2n, 40n);
    advance(world, 64, a);
    const first = plan(a, world);
    expect(first.alerts).toEqual([{ code: "VaultBalanceTooLow", fields: { id: "1" } }]);
    expect(first.ledger.entries.map(({ signed }) => signed !== undefined)).toEqual([true, false, true]);
    const chain = world.chain();
    const stranger = new Enclave(ed25519FromSeed(seed(0xe3)), startPayoutLedger(63, 0n));
    stranger.ledger = {
      ...first.ledger,
      entries: first.ledger.entries.map((entry) => ({ ...entry, signed: undefined })),
    };
    stranger.ledger = {
      ...stranger.ledger,
      window: { start: 64, period: 64, hash: chain.head.hash, authorities: [stranger.account] },
    };
    expect(plan(stranger, world).alerts[0]?.code).toBe("NotVaultDelegate");
  });

  it("can be paid soon after the shard's creation, in windows that all agree on", () => {
    const world = new World();
    world.number = 66;
    world.authorities = [];
    const a = new Enclave(KEYS[0], startPayoutLedger(66, 0n));
    advance(world, 70, a);
    world.authorities = ACCOUNTS.slice(0, 1);
    world.owe(0n);
    advance(world, 71, a);
    expect(a.ledger.window).toMatchObject({ start: 71, period: 32 });
    expect(signAndSend(a, world)[0]?.eraEnd).toBe(102);
    const windows = new Set<string>();
    const late = new Enclave(KEYS[1], startPayoutLedger(80, 0n));
    while (world.number < 130) {
      const block = world.block();
      read(a, world, block);
      if (block.number > 80) read(late, world, block);
      windows.add(`${a.ledger.window?.start}+${a.ledger.window?.period}`);
      // Who came later does not know who pays until the next whole window.
      expect(late.ledger.window?.start).toBe(block.number < 128 ? undefined : 128);
    }
    expect([...windows]).toEqual(["71+32", "103+16", "119+8", "127+1", "128+64"]);
  });

  it("wait until the blocks above the confirmation are proven, at level sealed", () => {
    const world = new World();
    world.level = "sealed";
    const blocks = [world.block(), world.block(), world.block()];
    const input = { revertedFrom: undefined, confirmedNumber: 999n, level: "proven" as const };
    const first = ripenBlocks([], { ...input, imported: blocks, provenNumber: 63 });
    expect([first.ready.length, first.waiting.length]).toEqual([0, 3]);
    const second = ripenBlocks(first.waiting, { ...input, imported: [], provenNumber: 65 });
    expect(second.ready.map(({ number, level }) => [number, level])).toEqual([[64, "proven"], [65, "proven"]]);
    expect(second.waiting.map(({ number }) => number)).toEqual([66]);
    expect(ripenBlocks(second.waiting, { ...input, imported: [], provenNumber: 65, revertedFrom: 66 }).waiting).toEqual(
      [],
    );
    expect(ripenBlocks([], { ...input, imported: blocks, provenNumber: 0, level: "sealed" }).ready).toHaveLength(3);
    // The node's word never becomes proven: given out for the ledger to refuse, instead of being kept for ever.
    world.level = "trusted";
    const trusted = ripenBlocks([], { ...input, imported: [world.block()], provenNumber: 999 });
    expect([trusted.ready.map(({ level }) => level), trusted.waiting]).toEqual([["trusted"], []]);
  });

  it("wait until the sidechain block is here that the parentchain shows as confirmed", () => {
    const world = new World();
    world.owe(0n);
    const blocks = [world.block(), world.block()];
    const confirmed = blocks[0]?.content?.view.confirmation?.blockNumber ?? 0n;
    expect(confirmed).toBeGreaterThan(0n);
    const input = { revertedFrom: undefined, provenNumber: 999, level: "proven" as const };
    const behind = ripenBlocks([], { ...input, imported: blocks, confirmedNumber: confirmed - 1n });
    expect([behind.ready, behind.waiting]).toEqual([[], blocks]);
    const there = ripenBlocks(behind.waiting, { ...input, imported: [], confirmedNumber: confirmed });
    expect([there.ready, there.waiting]).toEqual([blocks, []]);
  });

  it("stop if blocks that were read are undone", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    advance(world, 70, a);
    expect(revertLedger(a.ledger, 71)).toEqual({ ledger: a.ledger, paid: [], alerts: [] });
    const step = revertLedger(a.ledger, 70);
    expect(step.alerts[0]?.code).toBe("PayoutLedgerReverted");
    a.ledger = step.ledger;
    world.owe(0n);
    advance(world, 130, a);
    expect(plan(a, world)).toMatchObject({ mustStore: false, send: [] });
  });

  it("older than the ledger are left to others, and an unknown transfer of the vault is an alert", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0], startPayoutLedger(63, 1n))];
    world.owe(0n);
    advance(world, 64, a);
    expect(a.ledger.entries).toEqual([]);
    const outcome: ProxyOutcome = {
      extrinsicIndex: 1,
      extrinsicHash: blake2_256(seed(1)),
      signer: BOB,
      outcome: { type: "paid", beneficiary: BOB, amount: 1n },
    };
    expect(read(a, world, world.block([outcome])).alerts[0]?.code).toBe("UnexpectedVaultTransfer");
  });
});
