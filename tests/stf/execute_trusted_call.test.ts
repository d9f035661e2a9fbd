import { describe, expect, it } from "vitest";
import { accountId, shardIdentifier } from "../../src/primitives/branded.ts";
import { unwrap } from "../../src/primitives/result.ts";
import type { Overlay } from "../../src/state/overlay.ts";
import { executeTrustedCall } from "../../src/stf/execute_trusted_call.ts";
import { EXISTENTIAL_DEPOSIT } from "../../src/stf/pallets/balances.ts";
import { listOpenPayouts, MAX_OPEN_PAYOUTS, payoutsNextId } from "../../src/stf/pallets/payouts.ts";
import { MAX_NONCE, readAccountInfo, readNonce, systemAccount } from "../../src/stf/pallets/system.ts";
import { callOutcomeOf } from "../../src/stf/stf_error.ts";
import { NEW_LOGIC_FLAG } from "../../src/types/account_info.ts";
import type { TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import {
  ALICE,
  BOB,
  CHARLIE,
  CONTEXT,
  dump,
  ENCLAVE,
  fill,
  free,
  fund,
  issuance,
  newShard,
  noop,
  ROOT,
  setBalance,
  sumOfBalances,
  transfer,
  TRANSFER_FEE,
  unshield,
  UNSHIELD_FEE,
  unsigned,
} from "./fixtures.ts";

const execute = (store: Overlay, signed: TrustedCallSigned) => executeTrustedCall(store, CONTEXT, signed);

/** Executes a call that must fail with this outcome and gives back what it changed. */
function expectFailure(store: Overlay, signed: TrustedCallSigned, outcome: string): string[] {
  const before = dump(store);
  const result = execute(store, signed);
  expect(result.ok).toBe(false);
  if (!result.ok) expect(callOutcomeOf(result.error)).toBe(outcome);
  const after = dump(store);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => before[key] !== after[key]);
}

describe("executeTrustedCall()", () => {
  it("charges the fee to the enclave's account and raises the nonce by one", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    expect(unwrap(execute(store, noop(ALICE, 0)))).toEqual([]);
    expect(free(store, ALICE)).toBe(10_000n - TRANSFER_FEE);
    expect(free(store, ENCLAVE)).toBe(1000n + TRANSFER_FEE);
    expect(readNonce(store, ALICE)).toBe(1);
  });

  it("reports InvalidNonce for any nonce but the next and changes nothing", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    unwrap(execute(store, noop(ALICE, 0)));
    for (const nonce of [0, 2, MAX_NONCE]) {
      expect(expectFailure(store, noop(ALICE, nonce), "InvalidNonce")).toEqual([]);
    }
    expect(execute(store, noop(ALICE, 5))).toEqual({
      ok: false,
      error: { code: "InvalidNonce", given: 5, expected: 1 },
    });
  });

  it("reports InvalidNonce for the last nonce, after which the first would come again", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    systemAccount.set(store, ALICE, { ...readAccountInfo(store, ALICE), nonce: MAX_NONCE });
    expect(expectFailure(store, noop(ALICE, MAX_NONCE), "InvalidNonce")).toEqual([]);
  });

  it("reports MissingFunds if the fee cannot be paid and changes nothing", () => {
    const store = newShard();
    fund(store, ALICE, TRANSFER_FEE - 1n);
    expect(expectFailure(store, noop(ALICE, 0), "MissingFunds")).toEqual([]);
    expect(expectFailure(store, noop(CHARLIE, 0), "MissingFunds")).toEqual([]);
  });

  it("reports MissingPrivileges for any delegate and changes nothing", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    const delegated = unsigned({ type: "noop", value: { sender: ALICE } }, 0, BOB);
    expect(expectFailure(store, delegated, "MissingPrivileges")).toEqual([]);
  });

  it("keeps only fee and nonce of a call that fails in its pallet", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    const touched = [systemAccount.keyOf(ALICE), systemAccount.keyOf(ENCLAVE)].length;
    expect(expectFailure(store, transfer(ALICE, BOB, 9_001n, 0), "InsufficientBalance").length).toBe(touched);
    expect(expectFailure(store, transfer(ALICE, BOB, 499n, 1), "ExistentialDeposit").length).toBe(touched);
    expect(readNonce(store, ALICE)).toBe(2);
    expect(free(store, ALICE)).toBe(10_000n - 2n * TRANSFER_FEE);
    expect(free(store, BOB)).toBe(0n);
  });
});

describe("balance_transfer", () => {
  it("moves the amount", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    unwrap(execute(store, transfer(ALICE, BOB, 500n, 0)));
    expect([free(store, ALICE), free(store, BOB)]).toEqual([8_500n, 500n]);
    expect(readAccountInfo(store, BOB).providers).toBe(1);
    expect(readAccountInfo(store, BOB).data.flags).toBe(NEW_LOGIC_FLAG);
  });

  it("to oneself costs the fee only, and needs the amount", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    unwrap(execute(store, transfer(ALICE, ALICE, 9_000n, 0)));
    expect(free(store, ALICE)).toBe(9_000n);
    expectFailure(store, transfer(ALICE, ALICE, 9_000n, 1), "InsufficientBalance");
  });

  it("of nothing succeeds without making an account", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    unwrap(execute(store, transfer(ALICE, BOB, 0n, 0)));
    expect(systemAccount.get(store, BOB)).toBeUndefined();
  });

  it("burns what a sender has left below the existential deposit", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    const before = issuance(store);
    unwrap(execute(store, transfer(ALICE, BOB, 9_000n - EXISTENTIAL_DEPOSIT + 1n, 0)));
    expect(free(store, ALICE)).toBe(0n);
    expect(issuance(store)).toBe(before - (EXISTENTIAL_DEPOSIT - 1n));
    expect(sumOfBalances(store)).toBe(issuance(store));
  });
});

describe("an account that ends", () => {
  it("keeps its nonce, so that its old calls stay used up after it is funded again", () => {
    const store = newShard();
    const everything = transfer(ALICE, BOB, 9_000n, 0);
    fund(store, ALICE, 10_000n);
    unwrap(execute(store, everything));
    expect(free(store, ALICE)).toBe(0n);
    expect(readAccountInfo(store, ALICE)).toMatchObject({ nonce: 1, providers: 0 });
    fund(store, ALICE, 20_000n);
    expect(expectFailure(store, everything, "InvalidNonce")).toEqual([]);
    expect(expectFailure(store, noop(ALICE, 0), "InvalidNonce")).toEqual([]);
    unwrap(execute(store, noop(ALICE, 1)));
    expect(readAccountInfo(store, ALICE)).toMatchObject({ nonce: 2, providers: 1 });
  });

  it("keeps the nonce even if the fee itself ends it", () => {
    const store = newShard();
    fund(store, ALICE, TRANSFER_FEE);
    unwrap(execute(store, noop(ALICE, 0)));
    expect(readNonce(store, ALICE)).toBe(1);
    fund(store, ALICE, 10_000n);
    expect(expectFailure(store, noop(ALICE, 0), "InvalidNonce")).toEqual([]);
  });

  it("is removed from the state if it never signed", () => {
    const store = newShard();
    fund(store, CHARLIE, 10_000n);
    fund(store, CHARLIE, 0n);
    expect(systemAccount.get(store, CHARLIE)).toBeUndefined();
  });
});

describe("balance_unshield", () => {
  it("burns the amount and owes it on the vault's chain", () => {
    const store = newShard();
    fund(store, ALICE, 20_000n);
    const before = issuance(store);
    const effects = unwrap(execute(store, unshield(ALICE, 4_000n, 0)));
    expect(effects).toEqual([{ type: "payout", id: 0n, chain: "Integritee", beneficiary: BOB, amount: 4_000n }]);
    expect(free(store, ALICE)).toBe(20_000n - UNSHIELD_FEE - 4_000n);
    expect(issuance(store)).toBe(before - 4_000n);
    expect(listOpenPayouts(store)).toEqual([{
      id: 0n,
      chain: "Integritee",
      beneficiary: BOB,
      amount: 4_000n,
      blockNumber: 1n,
      status: { type: "queued", value: undefined },
    }]);
    expect(unwrap(execute(store, unshield(ALICE, 1_000n, 1)))).toMatchObject([{ id: 1n }]);
  });

  it("reports WrongShard for another shard", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    expectFailure(store, unshield(ALICE, 4_000n, 0, shardIdentifier(fill(9))), "WrongShard");
    expect(listOpenPayouts(store)).toEqual([]);
  });

  it("reports NoShardVaultAssigned without a vault", () => {
    const store = newShard({ withoutVault: true });
    fund(store, ALICE, 10_000n);
    expectFailure(store, unshield(ALICE, 4_000n, 0), "NoShardVaultAssigned");
    expect(free(store, ALICE)).toBe(10_000n - UNSHIELD_FEE);
  });

  it("reports MissingFunds above the balance, and owes nothing", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    expectFailure(store, unshield(ALICE, 7_001n, 0), "MissingFunds");
    expect(listOpenPayouts(store)).toEqual([]);
    expect(readNonce(store, ALICE)).toBe(1);
  });

  it("takes back the burning if too many payouts wait", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    payoutsNextId.set(store, MAX_OPEN_PAYOUTS);
    const before = issuance(store);
    expectFailure(store, unshield(ALICE, 4_000n, 0), "TooManyPayouts");
    expect(free(store, ALICE)).toBe(10_000n - UNSHIELD_FEE);
    expect(issuance(store)).toBe(before);
  });

  it("of nothing owes nothing", () => {
    const store = newShard();
    fund(store, ALICE, 10_000n);
    expect(unwrap(execute(store, unshield(ALICE, 0n, 0)))).toEqual([]);
    expect(listOpenPayouts(store)).toEqual([]);
  });
});

describe("balance_set_balance", () => {
  it("sets a balance for root without a fee, ignores `reserved`, and adapts the issuance", () => {
    const store = newShard({ development: true });
    unwrap(execute(store, setBalance(ROOT, BOB, 9_000n, 0)));
    expect(free(store, BOB)).toBe(9_000n);
    expect(readAccountInfo(store, BOB).data.reserved).toBe(0n);
    expect(readNonce(store, ROOT)).toBe(1);
    unwrap(execute(store, setBalance(ROOT, BOB, 499n, 1)));
    expect(free(store, BOB)).toBe(0n);
    expect(sumOfBalances(store)).toBe(issuance(store));
  });

  it("reports MissingPrivileges to everybody else and writes nothing, as it costs nothing", () => {
    const store = newShard({ development: true });
    expect(expectFailure(store, setBalance(CHARLIE, CHARLIE, 9_000n, 0), "MissingPrivileges")).toEqual([]);
    expect(expectFailure(store, setBalance(ENCLAVE, CHARLIE, 9_000n, 0), "MissingPrivileges")).toEqual([]);
  });

  it("reports MissingPrivileges to everybody in a shard that is not for development", () => {
    const store = newShard();
    for (const who of [ROOT, ENCLAVE, accountId(fill(0))]) {
      expect(expectFailure(store, setBalance(who, BOB, 9_000n, 0), "MissingPrivileges")).toEqual([]);
    }
  });

  it("reports Overflow if the issuance would not fit, and sets nothing", () => {
    const store = newShard({ development: true });
    const before = issuance(store);
    expectFailure(store, setBalance(ROOT, BOB, (1n << 128n) - 1n, 0), "Overflow");
    expect([free(store, BOB), issuance(store)]).toEqual([0n, before]);
  });
});
