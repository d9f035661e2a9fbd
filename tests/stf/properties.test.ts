import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AccountId } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import type { Overlay } from "../../src/state/overlay.ts";
import { computeCallFee } from "../../src/stf/fees.ts";
import { executeTrustedCall } from "../../src/stf/execute_trusted_call.ts";
import { EXISTENTIAL_DEPOSIT } from "../../src/stf/pallets/balances.ts";
import { listOpenPayouts } from "../../src/stf/pallets/payouts.ts";
import { readNonce, systemAccount } from "../../src/stf/pallets/system.ts";
import { applyPrologue } from "../../src/stf/prologue.ts";
import { trustedCallSender } from "../../src/types/trusted_call.ts";
import type { TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import {
  ALICE,
  BOB,
  CHARLIE,
  CONTEXT,
  dump,
  ENCLAVE,
  free,
  fund,
  issuance,
  newShard,
  noop,
  ONE,
  sumOfBalances,
  transfer,
  TRANSFER_FEE,
  unshield,
  UNSHIELD_FEE,
} from "./fixtures.ts";

type Step =
  | { readonly type: "deposit"; readonly from: AccountId; readonly amount: bigint }
  | {
    readonly type: "call";
    readonly build: (nonce: number, balance: bigint) => TrustedCallSigned;
    readonly nonceOffset: number;
  };

const anyAccount = fc.constantFrom(ALICE, BOB, CHARLIE, ENCLAVE);
// Often near the bounds: nothing, the existential deposit, the fees.
const anyAmount = fc.oneof(
  fc.constantFrom(0n, 1n, 499n, 500n, 501n, 1000n, 1500n, 3000n, 3500n),
  fc.bigInt({ min: 0n, max: 20_000n }),
);
/** An amount, or all that an account has besides the fee, but for a little. */
const anySpending = fc.oneof(
  anyAmount.map((amount) => () => amount),
  fc.constantFrom(0n, 1n, 499n, 500n).map((rest) => (balance: bigint, fee: bigint) => {
    const amount = balance - fee - rest;
    return amount > 0n ? amount : 0n;
  }),
);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("deposit" as const), from: anyAccount, amount: anyAmount }),
  fc.record({
    type: fc.constant("call" as const),
    build: fc.oneof(
      anyAccount.map((sender) => (nonce: number) => noop(sender, nonce)),
      fc.tuple(anyAccount, anyAccount, anySpending).map(([from, to, spend]) => (nonce: number, balance: bigint) =>
        transfer(from, to, spend(balance, TRANSFER_FEE), nonce)
      ),
      fc.tuple(anyAccount, anySpending).map(([from, spend]) => (nonce: number, balance: bigint) =>
        unshield(from, spend(balance, UNSHIELD_FEE), nonce)
      ),
    ),
    nonceOffset: fc.constantFrom(0, 0, 0, 0, 1),
  }),
);

/** The next call of a step in a state. */
function callOf(store: Overlay, step: Step & { type: "call" }, nonceOffset = step.nonceOffset): TrustedCallSigned {
  const sender = trustedCallSender(step.build(0, 0n).call);
  return step.build(readNonce(store, sender) + nonceOffset, free(store, sender));
}

/** A shard in which everybody has something. */
function fundedShard(): Overlay {
  const store = newShard();
  for (const who of [ALICE, BOB, CHARLIE]) fund(store, who, 20_000n);
  return store;
}

describe("any sequence of deposits and calls", () => {
  it("keeps the sum of all balances equal to the issuance, which is shielded − unshielded − burned", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40, size: "max" }), (steps) => {
        const store = fundedShard();
        let shielded = issuance(store);
        let itemIndex = 0;
        for (const step of steps) {
          if (step.type === "deposit") {
            const { from, amount } = step;
            const item = {
              type: "deposit" as const,
              parentchain: "Integritee" as const,
              blockNumber: 10,
              itemIndex: itemIndex++,
              from,
              amount,
            };
            const before = issuance(store);
            const isLost = amount < EXISTENTIAL_DEPOSIT && free(store, from) === 0n && free(store, ENCLAVE) === 0n;
            unwrap(applyPrologue(store, CONTEXT, [item]));
            // What neither its receiver nor the enclave's account can take stays in the vault without an owner.
            expect(issuance(store) - before).toBe(isLost ? 0n : amount);
            shielded += issuance(store) - before;
          } else {
            const before = issuance(store);
            const owed = listOpenPayouts(store).reduce((sum, { amount }) => sum + amount, 0n);
            executeTrustedCall(store, CONTEXT, callOf(store, step));
            const owedNow = listOpenPayouts(store).reduce((sum, { amount }) => sum + amount, 0n);
            const burned = before - issuance(store) - (owedNow - owed);
            // Only dust of the sender is ever burned.
            expect(burned).toBeGreaterThanOrEqual(0n);
            expect(burned).toBeLessThan(500n);
            shielded -= before - issuance(store);
          }
          expect(sumOfBalances(store)).toBe(issuance(store));
          expect(issuance(store)).toBe(shielded);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("raises a nonce by exactly one with each call whose fee was paid, and never lowers one", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40, size: "max" }), (steps) => {
        const store = fundedShard();
        let itemIndex = 0;
        for (const step of steps) {
          const nonces = [ALICE, BOB, CHARLIE, ENCLAVE].map((who) => [who, readNonce(store, who)] as const);
          if (step.type === "deposit") {
            const { from, amount } = step;
            const position = { parentchain: "Integritee" as const, blockNumber: 10, itemIndex: itemIndex++ };
            unwrap(applyPrologue(store, CONTEXT, [{ type: "deposit", ...position, from, amount }]));
            for (const [who, nonce] of nonces) expect(readNonce(store, who)).toBe(nonce);
            continue;
          }
          const signed = callOf(store, step);
          const sender = trustedCallSender(signed.call);
          const canPay = free(store, sender) >= computeCallFee(signed.call, ONE);
          executeTrustedCall(store, CONTEXT, signed);
          for (const [who, nonce] of nonces) {
            const isCharged = who === sender && step.nonceOffset === 0 && canPay;
            expect(readNonce(store, who)).toBe(nonce + (isCharged ? 1 : 0));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("lets a failed call change only the accounts of its sender and of the enclave, by fee, dust and nonce", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40, size: "max" }), (steps) => {
        const store = fundedShard();
        let itemIndex = 0;
        for (const step of steps) {
          if (step.type === "deposit") {
            const { from, amount } = step;
            const position = { parentchain: "Integritee" as const, blockNumber: 10, itemIndex: itemIndex++ };
            unwrap(applyPrologue(store, CONTEXT, [{ type: "deposit", ...position, from, amount }]));
            continue;
          }
          const signed = callOf(store, step);
          const sender = trustedCallSender(signed.call);
          const [before, balance, fees] = [dump(store), free(store, sender), free(store, ENCLAVE)];
          const result = executeTrustedCall(store, CONTEXT, signed);
          if (result.ok) continue;
          const after = dump(store);
          const accounts: string[] = [sender, ENCLAVE].map((who) => toHex(systemAccount.keyOf(who)));
          const changed = Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key]);
          const issuanceKeys = changed.filter((key) => !accounts.includes(key));
          const fee = computeCallFee(signed.call, ONE);
          const dust = balance - fee < 500n ? balance - fee : 0n;
          // The total issuance changes only if the fee itself leaves dust.
          expect(issuanceKeys.length).toBe(changed.length > 0 && sender !== ENCLAVE && dust > 0n ? 1 : 0);
          if (sender === ENCLAVE || changed.length === 0) continue;
          expect(free(store, ENCLAVE)).toBe(fees + fee);
          expect(free(store, sender)).toBe(balance - fee - dust);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("executes a signed call at most once, whatever happens in between", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40, size: "max" }), (steps) => {
        const store = fundedShard();
        const done: TrustedCallSigned[] = [];
        let itemIndex = 0;
        for (const step of steps) {
          if (step.type === "deposit") {
            const { from, amount } = step;
            const position = { parentchain: "Integritee" as const, blockNumber: 10, itemIndex: itemIndex++ };
            unwrap(applyPrologue(store, CONTEXT, [{ type: "deposit", ...position, from, amount }]));
          } else {
            const signed = callOf(store, step, 0);
            if (executeTrustedCall(store, CONTEXT, signed).ok) done.push(signed);
          }
          for (const signed of done) {
            const again = executeTrustedCall(store, CONTEXT, signed);
            expect(again).toMatchObject({ ok: false, error: { code: "InvalidNonce" } });
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
