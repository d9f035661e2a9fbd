import { array, assert, asyncProperty, bigInt, constant, constantFrom, nat, oneof, record, tuple } from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { multisigAccount } from "../../../src/devnode/runtime/genesis.ts";
import { TREASURY_ACCOUNT } from "../../../src/devnode/runtime/pallets/treasury.ts";
import { trieEntries } from "../../../src/trie/trie.ts";
import { fromHex } from "../../../src/primitives/hex.ts";
import { names, only, TestChain } from "./test_chain.ts";

const TEER = 10n ** 12n;

describe("genesis", () => {
  it("endows the developers, the treasury and the multisig with 1000 TEER each", async () => {
    const chain = await TestChain.create();
    const developers = ["//Alice", "//Bob", "//Charlie"].map((suri) => chain.account(suri));
    const more = ["//Dave", "//Eve", "//Ferdie", "//Alice//stash", "//Ferdie//stash"].map((suri) =>
      chain.account(suri)
    );
    for (const account of [...developers, ...more, TREASURY_ACCOUNT, multisigAccount(developers, 2)]) {
      expect(chain.free(account)).toBe(1000n * TEER);
    }
    expect(chain.read(chain.query.balances.totalIssuance).toBigInt()).toBe(14_000n * TEER);
    expect(chain.read(chain.query.sudo.key).toU8a()).toEqual(chain.account("//Alice"));
    expect(chain.read(chain.query.aura.authorities)[0].toU8a()).toEqual(chain.account("//Alice"));
    expect(chain.read(chain.query.teerex.allowSkippingAttestation).isTrue).toBe(true);
    expect(chain.read(chain.query.teerex.sgxAllowDebugMode).isTrue).toBe(true);
  });
});

describe("Balances", () => {
  let chain: TestChain;
  beforeEach(async () => {
    chain = await TestChain.create();
  });

  it("transfer_allow_death makes the receiver, with the events of a node", () => {
    const to = chain.account("//New");
    const events = chain.run("//Alice", chain.tx.balances.transferAllowDeath(to, 7n * TEER));
    expect(names(events)).toEqual([
      "balances.Withdraw",
      "system.NewAccount",
      "balances.Endowed",
      "balances.Transfer",
      "balances.Deposit",
      "transactionPayment.TransactionFeePaid",
      "system.ExtrinsicSuccess",
    ]);
    expect(only(events, "balances.Transfer").amount.toBigInt()).toBe(7n * TEER);
    expect(chain.free(to)).toBe(7n * TEER);
    expect(chain.read(chain.query.system.account, to).providers.toNumber()).toBe(1);
  });

  /** Transfers so much that `left` stays after the fee. */
  // deno-lint-ignore no-explicit-any
  function leaving(method: (to: Uint8Array, amount: bigint) => any, left: bigint): any {
    const to = chain.account("//Bob");
    const free = chain.free(chain.account("//Eve"));
    return method(to, free - chain.feeOf("//Eve", method(to, free)) - left);
  }

  it("transfer_allow_death reaps a sender that is left with less than the existential deposit", () => {
    const eve = chain.account("//Eve");
    expect(chain.outcome("//Eve", leaving(chain.tx.balances.transferAllowDeath, 500n))).toBe("ok");
    expect(chain.free(eve)).toBe(500n);
    chain.sudo(chain.tx.balances.forceSetBalance(eve, TEER));
    const events = chain.run("//Eve", leaving(chain.tx.balances.transferAllowDeath, 499n));
    expect(only(events, "balances.DustLost").amount.toBigInt()).toBe(499n);
    expect(names(events)).toContain("system.KilledAccount");
    expect(chain.free(eve)).toBe(0n);
  });

  it("transfer_keep_alive leaves exactly the existential deposit, and not a unit less", () => {
    expect(chain.outcome("//Eve", leaving(chain.tx.balances.transferKeepAlive, 499n))).toBe("Token.NotExpendable");
    expect(chain.outcome("//Eve", leaving(chain.tx.balances.transferKeepAlive, 500n))).toBe("ok");
  });

  it("transfer_all of everything kills the account with its nonce", () => {
    const ferdie = chain.account("//Ferdie");
    const events = chain.run("//Ferdie", chain.tx.balances.transferAll(chain.account("//Bob"), false));
    expect(names(events)).toContain("system.KilledAccount");
    expect(chain.free(ferdie)).toBe(0n);
    expect(chain.nonce(ferdie)).toBe(0);
  });

  it("transfer_all that keeps alive leaves the existential deposit", () => {
    expect(chain.outcome("//Ferdie", chain.tx.balances.transferAll(chain.account("//Bob"), true))).toBe("ok");
    expect(chain.free(chain.account("//Ferdie"))).toBe(500n);
  });

  it("dust is lost, and said so", () => {
    const dave = chain.account("//Dave");
    chain.sudo(chain.tx.balances.forceSetBalance(dave, 10n * TEER));
    const batch = chain.tx.utility.batchAll([
      chain.tx.balances.transferAll(chain.account("//Bob"), true),
      chain.tx.balances.transferAllowDeath(chain.account("//Bob"), 100n),
    ]);
    const events = chain.run("//Dave", batch);
    expect(only(events, "balances.DustLost").amount.toBigInt()).toBe(400n);
    expect(chain.free(dave)).toBe(0n);
  });

  it("force_set_balance changes the issuance with the balance, for root only", () => {
    const issuance = () => chain.read(chain.query.balances.totalIssuance).toBigInt();
    const to = chain.account("//New");
    expect(chain.outcome("//Bob", chain.tx.balances.forceSetBalance(to, TEER))).toBe("BadOrigin");
    const before = issuance();
    const set = chain.sudo(chain.tx.balances.forceSetBalance(to, 5n * TEER));
    expect(only(set, "balances.BalanceSet").free.toBigInt()).toBe(5n * TEER);
    expect(issuance() - before).toBe(5n * TEER);
    const wiped = chain.sudo(chain.tx.balances.forceSetBalance(to, 499n));
    expect(only(wiped, "balances.BalanceSet").free.toBigInt()).toBe(0n);
    expect(issuance()).toBe(before);
  });

  it.each<[string, string, (chain: TestChain) => unknown]>([
    [
      "Token.FundsUnavailable",
      "more than there is",
      (c) => c.tx.balances.transferAllowDeath(c.account("//Bob"), 10_000n * TEER),
    ],
    [
      "Token.BelowMinimum",
      "less than an account may have",
      (c) => c.tx.balances.transferAllowDeath(c.account("//New"), 499n),
    ],
    ["CannotLookup", "to an address of another kind", (c) => c.tx.balances.transferKeepAlive({ Raw: "0x1234" }, TEER)],
  ])("%s: %s", (error, _what, call) => {
    expect(chain.outcome("//Eve", call(chain))).toBe(error);
  });

  it("Token.OnlyProvider: units under a deposit keep their account", () => {
    const eve = chain.account("//Eve");
    expect(chain.outcome("//Eve", chain.tx.proxy.addProxy(chain.account("//Bob"), "Any", 0))).toBe("ok");
    expect(chain.read(chain.query.system.account, eve).consumers.toNumber()).toBe(1);
    expect(chain.outcome("//Eve", leaving(chain.tx.balances.transferAllowDeath, 499n))).toBe("Token.OnlyProvider");
    expect(chain.outcome("//Eve", chain.tx.balances.transferAll(chain.account("//Bob"), false))).toBe("ok");
    expect(chain.free(eve)).toBe(500n);
  });

  it("a transfer to oneself moves nothing", () => {
    const alice = chain.account("//Alice");
    const before = chain.free(alice);
    const events = chain.run("//Alice", chain.tx.balances.transferKeepAlive(alice, TEER));
    const fee = only(events, "transactionPayment.TransactionFeePaid").actualFee.toBigInt();
    expect(before - chain.free(alice)).toBe(fee);
  });
});

describe("issuance", () => {
  const SURIS = ["//Alice", "//Bob", "//Eve", "//Tiny", "//New"] as const;
  const amount = oneof(bigInt({ min: 0n, max: 2000n }), bigInt({ min: 0n, max: 1100n * TEER }));
  const who = constantFrom(...SURIS);
  const kinds = [
    "transferAllowDeath",
    "transferKeepAlive",
    "transferAll",
    "addProxy",
    "removeProxies",
    "shield",
    "set",
  ];
  const step = record({ from: who, to: who, amount, kind: constantFrom(...kinds), tip: nat(3), wrap: constant(0) });

  // deno-lint-ignore no-explicit-any
  function callOf(chain: TestChain, { kind, to, amount }: { kind: string; to: string; amount: bigint }): any {
    const dest = chain.account(to);
    switch (kind) {
      case "transferAll":
        return chain.tx.balances.transferAll(dest, amount % 2n === 0n);
      case "addProxy":
        return chain.tx.proxy.addProxy(dest, "Any", Number(amount % 5n));
      case "removeProxies":
        return chain.tx.proxy.removeProxies();
      case "shield":
        return chain.tx.enclaveBridge.shieldFunds(new Uint8Array(32).fill(5), "0x00", amount);
      case "set":
        return chain.tx.sudo.sudo(chain.tx.balances.forceSetBalance(dest, amount));
      default:
        return chain.tx.balances[kind](dest, amount);
    }
  }

  function sumOfAccounts(chain: TestChain): bigint {
    const prefix = fromHex(chain.key(chain.query.system.account, chain.account("//Alice"))).slice(0, 32);
    let sum = 0n;
    for (const [, value] of trieEntries(chain.state, prefix)) {
      const { data } = chain.registry.createType("FrameSystemAccountInfo", value) as unknown as {
        data: { free: { toBigInt: () => bigint }; reserved: { toBigInt: () => bigint } };
      };
      const total = data.free.toBigInt() + data.reserved.toBigInt();
      expect(total).toBeGreaterThanOrEqual(500n);
      sum += total;
    }
    return sum;
  }

  it("is the sum of all balances after any sequence of calls, and no account is below the existential deposit", async () => {
    await assert(
      asyncProperty(array(tuple(step), { minLength: 1, maxLength: 12 }), async (steps) => {
        const chain = await TestChain.create();
        for (const [one] of steps) {
          const extrinsic = chain.sign(one.from, callOf(chain, one), { tip: BigInt(one.tip) });
          const block = chain.begin();
          chain.runtime.applyExtrinsic(block, extrinsic);
          chain.finish(block);
          expect(chain.read(chain.query.balances.totalIssuance).toBigInt()).toBe(sumOfAccounts(chain));
        }
      }),
      { numRuns: 25, verbose: 1 },
    );
  });
});
