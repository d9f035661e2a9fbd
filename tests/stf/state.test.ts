import { describe, expect, it } from "vitest";
import { accountId, blockHash } from "../../src/primitives/branded.ts";
import { fromHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { Overlay } from "../../src/state/overlay.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";
import { beginBlock } from "../../src/stf/begin_block.ts";
import { computeCallFee } from "../../src/stf/fees.ts";
import { type GenesisParams, initGenesis, isInitialized } from "../../src/stf/genesis.ts";
import { oneUnit } from "../../src/stf/parentchain_specs.ts";
import { initShardVault, readShardVault } from "../../src/stf/pallets/parentchain.ts";
import {
  completePayout,
  countOpenPayouts,
  failPayout,
  FINISHED_PAYOUTS_KEPT,
  listOpenPayouts,
  listPayouts,
  MAX_OPEN_PAYOUTS,
  payoutsDoneCount,
  payoutsFailedCount,
  payoutsFinished,
  payoutsNextId,
  queuePayout,
  readPayout,
} from "../../src/stf/pallets/payouts.ts";
import { DEFAULT_SLOT_DURATION_MS, MAX_SLOT_DURATION_MS, readSlotDurationMs } from "../../src/stf/pallets/shard.ts";
import { enclaveAccountKey, sudoKey } from "../../src/stf/pallets/sudo.ts";
import { readBlockNumber } from "../../src/stf/pallets/system.ts";
import { timestampNow } from "../../src/stf/pallets/timestamp.ts";
import {
  ALICE,
  BOB,
  ENCLAVE,
  fill,
  free,
  issuance,
  newShard,
  noop,
  ROOT,
  setBalance,
  SHARD,
  sumOfBalances,
  transfer,
  unshield,
  VAULT,
} from "./fixtures.ts";

const PARAMS: GenesisParams = { enclaveAccount: ENCLAVE, parentchains: [], development: false };
const empty = () => new Overlay(StateSnapshot.empty());

describe("initGenesis()", () => {
  it("endows the enclave's account only, and names no root, outside of development", () => {
    const store = empty();
    expect(isInitialized(store)).toBe(false);
    initGenesis(store, PARAMS);
    expect(isInitialized(store)).toBe(true);
    expect(enclaveAccountKey.get(store)).toEqual(ENCLAVE);
    expect(sudoKey.get(store)).toBeUndefined();
    expect([free(store, ENCLAVE), issuance(store)]).toEqual([1000n, 1000n]);
    expect(readSlotDurationMs(store)).toBe(DEFAULT_SLOT_DURATION_MS);
    expect(readBlockNumber(store)).toBe(0n);
  });

  it("endows the worker's test accounts in development", () => {
    const store = empty();
    initGenesis(store, { ...PARAMS, development: true });
    expect(sudoKey.get(store)).toEqual(ROOT);
    expect(free(store, ROOT)).toBe(10_000_000_000_000_000n);
    // Ed25519 keys of the seeds "1234…" and "2234…", as Substrate derives them.
    const first = accountId(fromHex("2f8c6129d816cf51c374bc7f08c3e63ed156cf78aefb4a6550d97b87997977ee"));
    expect(free(store, first)).toBe(2_000_000_000_000n);
    expect(issuance(store)).toBe(10_000_000_000_000_000n + 3_000_000_000_000n + 1000n);
    expect(sumOfBalances(store)).toBe(issuance(store));
  });

  it("throws on a store that has a state, and on slots out of bounds", () => {
    const store = newShard();
    expect(() => initGenesis(store, PARAMS)).toThrow(TypeError);
    for (const slotDurationMs of [0, -1, 49, 99.5, NaN, MAX_SLOT_DURATION_MS + 1]) {
      expect(() => initGenesis(empty(), { ...PARAMS, slotDurationMs })).toThrow(RangeError);
    }
    const other = empty();
    initGenesis(other, { ...PARAMS, slotDurationMs: 1000 });
    expect(readSlotDurationMs(other)).toBe(1000);
  });

  it("gives the same state for the same parameters", () => {
    const [first, second] = [newShard({ development: true }), newShard({ development: true })];
    expect(first.changes()).toEqual(second.changes());
  });
});

describe("beginBlock()", () => {
  it("sets number and time, and throws on any number but the next", () => {
    const store = newShard();
    expect([readBlockNumber(store), timestampNow.get(store)]).toEqual([1n, 1_000n]);
    for (const blockNumber of [0n, 1n, 3n]) {
      expect(() => beginBlock(store, { blockNumber, timestampMs: 2_000n })).toThrow(RangeError);
    }
    beginBlock(store, { blockNumber: 2n, timestampMs: 2_000n });
    expect([readBlockNumber(store), timestampNow.get(store)]).toEqual([2n, 2_000n]);
  });
});

describe("initShardVault()", () => {
  it("sets the vault once and for one chain", () => {
    const store = newShard({ withoutVault: true });
    expect(readShardVault(store)).toBeUndefined();
    unwrap(initShardVault(store, { account: VAULT, parentchain: "TargetA" }));
    unwrap(initShardVault(store, { account: VAULT, parentchain: "TargetA" }));
    expect(initShardVault(store, { account: BOB, parentchain: "TargetA" })).toEqual({
      ok: false,
      error: { code: "ChangingShardVaultAccountNotAllowed" },
    });
    expect(initShardVault(store, { account: VAULT, parentchain: "Integritee" })).toEqual({
      ok: false,
      error: { code: "ShardVaultOnMultipleParentchainsNotAllowed" },
    });
    expect(readShardVault(store)).toEqual({ account: VAULT, parentchain: "TargetA" });
  });
});

describe("fees", () => {
  it("are those of the worker", () => {
    const one = oneUnit(blockHash(fill(0)));
    expect(one).toBe(1_000_000_000_000n);
    expect(computeCallFee(noop(ALICE, 0).call, one)).toBe(10_000_000_000n);
    expect(computeCallFee(transfer(ALICE, BOB, 1n, 0).call, one)).toBe(10_000_000_000n);
    expect(computeCallFee(unshield(ALICE, 1n, 0, SHARD).call, one)).toBe(30_000_000_000n);
    expect(computeCallFee(setBalance(ALICE, BOB, 1n, 0).call, one)).toBe(0n);
  });

  it("oneUnit() knows the chains with ten decimals", () => {
    const polkadot = fromHex("91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3");
    expect(oneUnit(blockHash(polkadot))).toBe(10_000_000_000n);
  });
});

describe("payouts", () => {
  const entry = { chain: "Integritee" as const, beneficiary: BOB, amount: 5n, blockNumber: 1n };
  const done = { type: "done", value: undefined };

  it("are done when they are paid, or fail, and are done if a payment came after all", () => {
    const store = newShard();
    const [paid, refused] = [0, 1].map(() => unwrap(queuePayout(store, entry)).id) as [bigint, bigint];
    unwrap(completePayout(store, paid));
    expect(readPayout(store, paid)?.status).toEqual(done);
    expect(countOpenPayouts(store)).toBe(1n);
    unwrap(failPayout(store, refused, 7n));
    expect(readPayout(store, refused)?.status).toEqual({ type: "failed", value: { blockNumber: 7n } });
    expect([countOpenPayouts(store), payoutsDoneCount.get(store), payoutsFailedCount.get(store)]).toEqual([0n, 1n, 1n]);
    expect(listOpenPayouts(store)).toEqual([]);
    expect(listPayouts(store).map(({ id }) => id)).toEqual([paid, refused]);
    unwrap(completePayout(store, refused));
    expect(readPayout(store, refused)?.status).toEqual(done);
    expect([countOpenPayouts(store), payoutsDoneCount.get(store), payoutsFailedCount.get(store)]).toEqual([0n, 2n, 0n]);
  });

  it("report WrongPayoutStatus for any other step, and UnknownPayout without an entry", () => {
    const store = newShard();
    const { id } = unwrap(queuePayout(store, entry));
    unwrap(failPayout(store, id, 7n));
    expect(failPayout(store, id, 8n)).toEqual({
      ok: false,
      error: { code: "WrongPayoutStatus", id, status: "failed" },
    });
    unwrap(completePayout(store, id));
    for (const step of [completePayout, failPayout]) {
      expect(step(store, id, 8n)).toMatchObject({ error: { code: "WrongPayoutStatus", status: "done" } });
    }
    expect(countOpenPayouts(store)).toBe(0n);
    expect(completePayout(store, 9n)).toEqual({ ok: false, error: { code: "UnknownPayout", id: 9n } });
    expect(failPayout(store, 9n, 8n)).toEqual({ ok: false, error: { code: "UnknownPayout", id: 9n } });
  });

  it("are listed by id", () => {
    const store = newShard();
    const ids = Array.from({ length: 20 }, () => unwrap(queuePayout(store, entry)).id);
    unwrap(completePayout(store, 3n));
    expect(listOpenPayouts(store).map(({ id }) => id)).toEqual(ids.filter((id) => id !== 3n));
  });

  it("are removed long after they are finished, in the order of it, but never while they are owed", () => {
    const store = newShard();
    const count = FINISHED_PAYOUTS_KEPT + 40n;
    for (let id = 0n; id < count; id++) unwrap(queuePayout(store, entry));
    // Payout 0 is owed all the time, and holds back the removal of no other one.
    for (let id = count - 1n; id > 0n; id--) {
      unwrap(id % 7n === 0n ? failPayout(store, id, 7n) : completePayout(store, id));
    }
    expect(readPayout(store, 0n)?.status.type).toBe("queued");
    expect(listPayouts(store).map(({ id }) => id)).toEqual(
      Array.from({ length: Number(FINISHED_PAYOUTS_KEPT) + 1 }, (_, id) => BigInt(id)),
    );
    expect([...store.iterate(payoutsFinished.prefix)]).toHaveLength(Number(FINISHED_PAYOUTS_KEPT));
  });

  it("that can never be paid do not keep others from being owed", () => {
    const store = newShard();
    payoutsNextId.set(store, MAX_OPEN_PAYOUTS - 1n);
    const { id } = unwrap(queuePayout(store, entry));
    expect(queuePayout(store, entry)).toMatchObject({ error: { reason: "TooManyPayouts" } });
    unwrap(failPayout(store, id, 7n));
    expect(unwrap(queuePayout(store, entry)).id).toBe(MAX_OPEN_PAYOUTS);
  });
});
