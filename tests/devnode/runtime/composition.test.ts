import { beforeEach, describe, expect, it } from "vitest";
import { errorName, names, only, outcomeOf, TestChain } from "./test_chain.ts";
import { integriteeRuntime } from "../../../src/devnode/runtime/definitions/integritee.ts";
import { permutedRuntime } from "../../../src/devnode/runtime/definitions/permuted.ts";

const TEER = 10n ** 12n;
const BASE = 20_008_000_000_000n;
const FACTOR = 33_000_000_000n;

describe.each([["integritee", integriteeRuntime], ["permuted", permutedRuntime]])(
  "calls that contain calls in the %s runtime",
  (_name, definition) => {
    let chain: TestChain;
    beforeEach(async () => {
      chain = await TestChain.create(definition);
    });

    it("batch keeps what it did before the call that failed", () => {
      const [bob, alice] = [chain.account("//Bob"), chain.account("//Alice")];
      const before = chain.free(bob);
      const events = chain.run(
        "//Alice",
        chain.tx.utility.batch([
          chain.tx.balances.transferKeepAlive(bob, TEER),
          chain.tx.balances.forceSetBalance(alice, 1n),
          chain.tx.balances.transferKeepAlive(bob, TEER),
        ]),
      );
      const interrupted = only(events, "utility.BatchInterrupted");
      expect(interrupted.index.toNumber()).toBe(1);
      expect(errorName(chain, interrupted.error)).toBe("BadOrigin");
      expect(chain.free(bob) - before).toBe(TEER);
      expect(outcomeOf(chain, events)).toBe("ok");
    });

    it("batch_all undoes everything, its events too, and names the error", () => {
      const bob = chain.account("//Bob");
      const before = chain.free(bob);
      const events = chain.run(
        "//Alice",
        chain.tx.utility.batchAll([
          chain.tx.balances.transferKeepAlive(bob, TEER),
          chain.tx.balances.transferKeepAlive(bob, 10_000n * TEER),
        ]),
      );
      expect(outcomeOf(chain, events)).toBe("Token.FundsUnavailable");
      expect(names(events)).not.toContain("balances.Transfer");
      expect(chain.free(bob)).toBe(before);
    });

    it("force_batch does what can be done", () => {
      const bob = chain.account("//Bob");
      const before = chain.free(bob);
      const events = chain.run(
        "//Alice",
        chain.tx.utility.forceBatch([
          chain.tx.balances.transferKeepAlive(bob, 10_000n * TEER),
          chain.tx.balances.transferKeepAlive(bob, TEER),
        ]),
      );
      expect(names(events)).toContain("utility.ItemFailed");
      expect(names(events)).toContain("utility.BatchCompletedWithErrors");
      expect(chain.free(bob) - before).toBe(TEER);
    });

    it("sudo acts as root, costs only the tip and tells how the call ended", () => {
      const events = chain.sudo(chain.tx.teerex.setSecurityFlags(false, true));
      expect(only(events, "sudo.Sudid").sudoResult.isOk).toBe(true);
      expect(only(events, "transactionPayment.TransactionFeePaid").actualFee.toBigInt()).toBe(0n);
      expect(only(events, "system.ExtrinsicSuccess")[0].paysFee.type).toBe("No");
      const failed = only(chain.sudo(chain.tx.balances.transferKeepAlive(chain.account("//Bob"), 1n)), "sudo.Sudid");
      expect(failed.sudoResult.asErr.type).toBe("BadOrigin");
    });

    it("sudo is for the key alone, which can be given away and removed", () => {
      expect(chain.outcome("//Bob", chain.tx.sudo.sudo(chain.tx.system.remark("0x")))).toBe("sudo.RequireSudo");
      expect(chain.outcome("//Alice", chain.tx.sudo.setKey(chain.account("//Bob")))).toBe("ok");
      expect(chain.outcome("//Alice", chain.tx.sudo.sudo(chain.tx.system.remark("0x")))).toBe("sudo.RequireSudo");
      const asEve = chain.tx.sudo.sudoAs(chain.account("//Eve"), chain.tx.system.remarkWithEvent("0x01"));
      expect(only(chain.run("//Bob", asEve), "system.Remarked").sender.toU8a()).toEqual(chain.account("//Eve"));
      expect(chain.outcome("//Bob", chain.tx.sudo.removeKey())).toBe("ok");
      expect(chain.outcome("//Bob", chain.tx.sudo.setKey(chain.account("//Bob")))).toBe("sudo.RequireSudo");
    });
  },
);

describe("Proxy", () => {
  let chain: TestChain;
  let alice: Uint8Array;
  let bob: Uint8Array;
  let charlie: Uint8Array;
  beforeEach(async () => {
    chain = await TestChain.create();
    [alice, bob, charlie] = [chain.account("//Alice"), chain.account("//Bob"), chain.account("//Charlie")];
  });
  // deno-lint-ignore no-explicit-any
  const viaProxy = (call: any, type: string | null = null) => chain.tx.proxy.proxy(alice, type, call);

  it("reserves the deposits of the integritee-node and gives them back", () => {
    const events = chain.run("//Alice", chain.tx.proxy.addProxy(bob, "Any", 0));
    expect(only(events, "proxy.ProxyAdded").delegatee.toU8a()).toEqual(bob);
    expect(chain.reserved(alice)).toBe(BASE + FACTOR);
    chain.run("//Alice", chain.tx.proxy.addProxy(charlie, "NonTransfer", 0));
    expect(chain.reserved(alice)).toBe(BASE + 2n * FACTOR);
    const [list, deposit] = chain.read(chain.query.proxy.proxies, alice);
    expect(list.length).toBe(2);
    expect(deposit.toBigInt()).toBe(BASE + 2n * FACTOR);
    const removed = chain.run("//Alice", chain.tx.proxy.removeProxy(bob, "Any", 0));
    expect(only(removed, "proxy.ProxyRemoved").proxyType.type).toBe("Any");
    expect(chain.reserved(alice)).toBe(BASE + FACTOR);
    chain.run("//Alice", chain.tx.proxy.removeProxies());
    expect(chain.reserved(alice)).toBe(0n);
    expect(chain.read(chain.query.system.account, alice).consumers.toNumber()).toBe(0);
  });

  it("proxy acts for the other and tells how the call ended", () => {
    chain.run("//Alice", chain.tx.proxy.addProxy(bob, "Any", 0));
    const before = chain.free(alice);
    const good = chain.run("//Bob", viaProxy(chain.tx.balances.transferKeepAlive(charlie, TEER)));
    expect(only(good, "proxy.ProxyExecuted").result.isOk).toBe(true);
    expect(only(good, "balances.Transfer").from.toU8a()).toEqual(alice);
    expect(before - chain.free(alice)).toBe(TEER);
    const bad = chain.run("//Bob", viaProxy(chain.tx.balances.transferKeepAlive(charlie, 10_000n * TEER)));
    expect(errorName(chain, only(bad, "proxy.ProxyExecuted").result.asErr)).toBe("Token.FundsUnavailable");
    expect(outcomeOf(chain, bad)).toBe("ok");
  });

  it("a restricted proxy is filtered, in batches too", () => {
    chain.run("//Alice", chain.tx.proxy.addProxy(bob, "NonTransfer", 0));
    const transfer = chain.tx.balances.transferKeepAlive(bob, TEER);
    const direct = chain.run("//Bob", viaProxy(transfer));
    expect(errorName(chain, only(direct, "proxy.ProxyExecuted").result.asErr)).toBe("system.CallFiltered");
    const batched = chain.run("//Bob", viaProxy(chain.tx.utility.batch([transfer])));
    expect(errorName(chain, only(batched, "utility.BatchInterrupted").error)).toBe("system.CallFiltered");
    const powerful = chain.run("//Bob", viaProxy(chain.tx.proxy.addProxy(charlie, "Any", 0)));
    expect(errorName(chain, only(powerful, "proxy.ProxyExecuted").result.asErr)).toBe("system.CallFiltered");
    const remark = chain.run("//Bob", viaProxy(chain.tx.system.remarkWithEvent("0x")));
    expect(only(remark, "proxy.ProxyExecuted").result.isOk).toBe(true);
  });

  it("NotProxy: nobody else, no other kind than asked for, not after removal", () => {
    const remark = chain.tx.system.remark("0x");
    expect(chain.outcome("//Bob", viaProxy(remark))).toBe("proxy.NotProxy");
    chain.run("//Alice", chain.tx.proxy.addProxy(bob, "NonTransfer", 0));
    expect(chain.outcome("//Bob", viaProxy(remark, "Any"))).toBe("proxy.NotProxy");
    expect(chain.outcome("//Bob", viaProxy(remark, "NonTransfer"))).toBe("ok");
    chain.run("//Alice", chain.tx.proxy.removeProxies());
    expect(chain.outcome("//Bob", viaProxy(remark))).toBe("proxy.NotProxy");
  });

  it("Duplicate, NoSelfProxy, NotFound, Unannounced, TooMany and InsufficientBalance", () => {
    const { proxy } = chain.tx;
    expect(chain.outcome("//Alice", proxy.addProxy(alice, "Any", 0))).toBe("proxy.NoSelfProxy");
    expect(chain.outcome("//Alice", proxy.removeProxy(bob, "Any", 0))).toBe("proxy.NotFound");
    expect(chain.outcome("//Alice", proxy.addProxy(bob, "Any", 3))).toBe("ok");
    expect(chain.outcome("//Alice", proxy.addProxy(bob, "Any", 3))).toBe("proxy.Duplicate");
    expect(chain.outcome("//Bob", viaProxy(chain.tx.system.remark("0x")))).toBe("proxy.Unannounced");
    const more = Array.from({ length: 31 }, (_, delay) => proxy.addProxy(charlie, "Any", delay));
    expect(chain.outcome("//Alice", chain.tx.utility.batchAll(more))).toBe("ok");
    expect(chain.outcome("//Alice", proxy.addProxy(bob, "Any", 4))).toBe("proxy.TooMany");
    chain.sudo(chain.tx.balances.forceSetBalance(bob, 20n * TEER));
    expect(chain.outcome("//Bob", proxy.addProxy(alice, "Any", 0))).toBe("balances.InsufficientBalance");
  });
});
