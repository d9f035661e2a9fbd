import { describe, expect, it } from "vitest";
import { mergeLedgers } from "../../../src/enclave/duties/merged_ledger.ts";
import type { LedgerEntry, SignedPayout } from "../../../src/enclave/duties/payout_entries.ts";
import type { PayoutLedger } from "../../../src/enclave/duties/payout_ledger.ts";
import { blockHash, h256 } from "../../../src/primitives/branded.ts";
import { seed, testAccount } from "../../parentchain/builders.ts";

const SIGNED: SignedPayout = {
  ...{ eraEnd: 127, bytes: seed(1), hash: h256(seed(2)), nonce: 4, isStored: true, sentAt: 0 },
};

function entry(id: bigint, change: Partial<LedgerEntry> = {}): LedgerEntry {
  const open = { signed: undefined, failedIn: undefined, failures: 0, paidAt: undefined, isSetAside: false };
  return { id, beneficiary: testAccount(1), amount: 5n, ...open, ...change };
}

function ledger(cursor: number, windowStart: number | undefined, ...entries: LedgerEntry[]): PayoutLedger {
  const window = windowStart === undefined
    ? undefined
    : { start: windowStart, period: 64, hash: blockHash(seed(9)), authorities: [testAccount(2)] };
  return { level: "proven", cursor, cursorHash: blockHash(seed(8)), nextUnseen: 4n, window, entries };
}

describe("mergeLedgers()", () => {
  it("takes the one that there is", () => {
    const one = ledger(70, 64);
    expect(mergeLedgers(undefined, undefined)).toBeUndefined();
    expect(mergeLedgers(one, undefined)).toBe(one);
    expect(mergeLedgers(undefined, one)).toBe(one);
  });

  it("keeps the own one unless the other has read more", () => {
    const own = ledger(70, 64, entry(0n, { signed: SIGNED }));
    expect(mergeLedgers(own, ledger(69, 64, entry(0n)))).toBe(own);
    expect(mergeLedgers(own, ledger(70, 64, entry(0n)))).toBe(own);
  });

  it("keeps what is signed in the window of both, for payouts that are open in the newer one", () => {
    const own = ledger(70, 64, ...[0n, 1n, 2n].map((id) => entry(id, { signed: SIGNED })));
    const other = ledger(71, 64, entry(0n), entry(1n, { paidAt: 71 }), entry(2n, { failedIn: 64 }), entry(3n));
    const merged = mergeLedgers(own, other);
    expect(merged?.cursor).toBe(71);
    expect(merged?.entries).toEqual([entry(0n, { signed: SIGNED }), ...other.entries.slice(1)]);
  });

  it("keeps what is signed for a payout that has failed in an earlier window", () => {
    const own = ledger(70, 64, entry(0n, { signed: SIGNED, failedIn: 0, failures: 1 }));
    expect(mergeLedgers(own, ledger(71, 64, entry(0n, { failedIn: 0 })))?.entries).toEqual([
      entry(0n, { signed: SIGNED, failedIn: 0, failures: 1 }),
    ]);
  });

  it("wants the higher level of the two, whichever is taken", () => {
    const trusted = (cursor: number): PayoutLedger => ({ ...ledger(cursor, 64), level: "trusted" });
    const sealed = (cursor: number): PayoutLedger => ({ ...ledger(cursor, 64), level: "sealed" });
    const levels = [
      mergeLedgers(trusted(70), sealed(71)),
      mergeLedgers(trusted(71), sealed(70)),
      mergeLedgers(sealed(70), trusted(71)),
      mergeLedgers(sealed(71), trusted(70)),
    ];
    expect(levels.map((merged) => merged?.level)).toEqual(["sealed", "sealed", "sealed", "sealed"]);
    expect(mergeLedgers(trusted(70), trusted(71))?.level).toBe("trusted");
  });

  it("keeps how often a payout has failed here", () => {
    const own = ledger(70, 64, entry(0n, { failures: 2 }), entry(1n, { failures: 3 }), entry(2n, { failures: 1 }));
    const other = ledger(71, 64, entry(0n, { failures: 1 }), entry(1n, { paidAt: 71 }), entry(2n, { failures: 2 }));
    expect(mergeLedgers(own, other)?.entries.map(({ failures }) => failures)).toEqual([2, 3, 2]);
  });

  it("forgets what was signed in an earlier window, and by an enclave that had none", () => {
    const other = ledger(130, 128, entry(0n));
    expect(mergeLedgers(ledger(100, 64, entry(0n, { signed: SIGNED })), other)).toBe(other);
    expect(mergeLedgers(ledger(100, undefined), other)).toBe(other);
  });

  it("forgets what was signed in a window that begins with another block: it names that block", () => {
    const own = ledger(70, 64, entry(0n, { signed: SIGNED }));
    const { window, ...other } = ledger(71, 64, entry(0n));
    const elsewhere = { ...other, window: window && { ...window, hash: blockHash(seed(10)) } };
    expect(mergeLedgers(own, elsewhere)).toBe(elsewhere);
  });

  it("keeps the own one if that has signed for a payout of which the newer one never heard", () => {
    const own = ledger(70, 64, entry(3n, { signed: SIGNED }));
    const other = { ...ledger(71, 64), nextUnseen: 3n };
    expect(mergeLedgers(own, other)).toBe(own);
    expect(mergeLedgers(ledger(70, 64, entry(3n)), other)?.cursor).toBe(71);
    // One that is finished there is none.
    expect(mergeLedgers(own, ledger(71, 64))?.cursor).toBe(71);
  });
});
