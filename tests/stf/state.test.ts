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
  assignPayout,
  completePayout,
  countOpenPayouts,
  DONE_PAYOUTS_KEPT,
  listOpenPayouts,
  payoutsEntries,
  queuePayout,
  readPayout,
  requeuePayout,
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
  const assignment = { payer: ENCLAVE, eraEnd: 64 };

  it("go from queued to assigned to done, and back to queued when an era ended", () => {
    const store = newShard();
    const { id } = unwrap(queuePayout(store, entry));
    unwrap(assignPayout(store, id, assignment));
    expect(readPayout(store, id)?.status).toEqual({ type: "assigned", value: assignment });
    unwrap(requeuePayout(store, id));
    unwrap(assignPayout(store, id, assignment));
    expect(countOpenPayouts(store)).toBe(1n);
    unwrap(completePayout(store, id));
    expect(readPayout(store, id)?.status.type).toBe("done");
    expect(countOpenPayouts(store)).toBe(0n);
    expect(listOpenPayouts(store)).toEqual([]);
  });

  it("report WrongPayoutStatus for any other step, and UnknownPayout without an entry", () => {
    const store = newShard();
    const { id } = unwrap(queuePayout(store, entry));
    expect(requeuePayout(store, id)).toEqual({ ok: false, error: { code: "WrongPayoutStatus", id, status: "queued" } });
    unwrap(assignPayout(store, id, assignment));
    expect(assignPayout(store, id, assignment)).toMatchObject({ error: { status: "assigned" } });
    unwrap(completePayout(store, id));
    for (const step of [completePayout, requeuePayout]) {
      expect(step(store, id)).toMatchObject({ error: { code: "WrongPayoutStatus", status: "done" } });
    }
    expect(assignPayout(store, id, assignment)).toMatchObject({ error: { status: "done" } });
    expect(countOpenPayouts(store)).toBe(0n);
    expect(completePayout(store, 9n)).toEqual({ ok: false, error: { code: "UnknownPayout", id: 9n } });
  });

  it("are listed by id", () => {
    const store = newShard();
    const ids = Array.from({ length: 20 }, () => unwrap(queuePayout(store, entry)).id);
    unwrap(completePayout(store, 3n));
    expect(listOpenPayouts(store).map(({ id }) => id)).toEqual(ids.filter((id) => id !== 3n));
  });

  it("are removed long after they are done, but never while they are owed", () => {
    const store = newShard();
    const count = Number(DONE_PAYOUTS_KEPT) + 40;
    for (let i = 0; i < count; i++) unwrap(queuePayout(store, entry));
    for (let id = 0n; id < 30n; id++) if (id !== 20n) unwrap(completePayout(store, id));
    expect(readPayout(store, 19n)).toBeUndefined();
    expect(readPayout(store, 20n)?.status.type).toBe("queued");
    expect(readPayout(store, 29n)?.status.type).toBe("done");
    unwrap(completePayout(store, 20n));
    for (let id = 30n; id < BigInt(count); id++) unwrap(completePayout(store, id));
    expect([...store.iterate(payoutsEntries.prefix)].length).toBe(Number(DONE_PAYOUTS_KEPT));
  });
});
