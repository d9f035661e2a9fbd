import { describe, expect, it } from "vitest";
import { computeShieldingFee } from "../../src/stf/fees.ts";
import { unwrap } from "../../src/primitives/result.ts";
import type { TestBlock, TestBlockSpec } from "../parentchain/builders.ts";
import { TestChain } from "../parentchain/builders.ts";
import { accountInfoOf, accountOf, submitDirect } from "./clients.ts";
import { ALICE, BOB, follow, inputOf, offer, refusalOf } from "./hostile/fixtures.ts";
import { type StoredBlock, TestHost, testPlatform } from "./harness.ts";
import { confirmed } from "./parentchain_storage.ts";

const AMOUNT = 5_000_000_000_000n;
const CREDITED = AMOUNT - computeShieldingFee(AMOUNT);

/** A shard at level sealed whose parentchain is proven up to block 1. */
async function sealedHost(): Promise<TestHost> {
  const host = new TestHost(new TestChain());
  unwrap(await host.init({ finality: 1, payoutFinality: 0 }));
  unwrap(await host.initParentchain());
  await follow(host, { storage: host.listed() });
  await host.slots(3);
  return host;
}

async function depositFor(host: TestHost, amount = AMOUNT): Promise<TestBlockSpec> {
  const to = unwrap(await host.call("health", undefined)).vault;
  const fields = { from: accountOf(BOB), to, amount };
  return { events: [{ extrinsic: 0, pallet: "Balances", name: "Transfer", fields }] };
}

/** Sealed blocks on the tip, each known for long enough. */
async function extend(host: TestHost, ...blocks: readonly TestBlock[]): Promise<void> {
  for (const block of blocks) unwrap(await offer(host, [await inputOf(host, block)]));
  host.nowMs += 2_100;
}

/** Blocks from `parent` on, the last one justified. */
async function replaceFrom(host: TestHost, blocks: readonly TestBlock[]) {
  const inputs = [];
  for (const block of blocks) {
    inputs.push(await inputOf(host, block, block === blocks.at(-1) ? host.chain.justify(block) : undefined));
  }
  const result = await offer(host, inputs);
  host.nowMs += 2_100;
  return result;
}

async function restart(before: TestHost): Promise<TestHost> {
  const host = new TestHost(before.chain, before.disk.copy(), testPlatform(), before.tip);
  host.nowMs = before.nowMs + 1_000;
  unwrap(await host.init({ finality: 1, payoutFinality: 0 }));
  return host;
}

const freeOf = async (host: TestHost) => (await accountInfoOf(host, BOB)).data.free;
const headOf = async (host: TestHost) => unwrap(await host.call("health", undefined)).blockNumber;

describe("a sealed tail of the parentchain that a proven header contradicts", () => {
  it("takes its deposits back with the blocks that took them in; calls return to the pool", async () => {
    const host = await sealedHost();
    const lie = host.chain.build(host.tip, await depositFor(host));
    const lies = [lie, host.chain.build(lie), host.chain.build(host.chain.build(lie))];
    await extend(host, ...lies.slice(0, 2));
    const transfer = { from: accountOf(ALICE), to: accountOf(BOB), amount: 7_000n };
    await submitDirect(host, ALICE, { type: "balance_transfer", value: transfer }, 0);
    await host.slots(4);
    expect([await headOf(host), await freeOf(host)]).toEqual([7n, CREDITED + 7_000n]);
    const first = host.chain.build(host.tip, { slot: 20n });
    const second = host.chain.build(first, { slot: 21n });
    unwrap(await replaceFrom(host, [first, second]));
    expect(host.fatal).toBeUndefined();
    expect(host.logs.find(({ code }) => code === "BlocksTakenBack")?.fields).toEqual({ count: "4", head: "3" });
    expect([await headOf(host), await freeOf(host)]).toEqual([3n, 0n]);
    const outcomes = await host.slots(2);
    expect(outcomes.map(({ code, blockNumber, executed }) => [code, blockNumber, executed])).toEqual([
      ["Authored", 4n, 1],
      ["Authored", 5n, 0],
    ]);
    expect((await accountInfoOf(host, ALICE)).nonce).toBe(1);
  });

  it("is taken back also if its replacement is shorter", async () => {
    const host = await sealedHost();
    const blocks = host.chain.buildMany(host.tip, 4, await depositFor(host));
    await extend(host, ...blocks);
    await host.slots(3);
    expect(await freeOf(host)).toBeGreaterThan(CREDITED);
    unwrap(await replaceFrom(host, [host.chain.build(host.tip, { slot: 20n })]));
    expect([await headOf(host), await freeOf(host)]).toEqual([3n, 0n]);
    expect((await host.slots(1))[0]?.code).toBe("Authored");
  });

  it("is taken back after a restart, before anything is built upon it", async () => {
    const before = await sealedHost();
    const lie = before.chain.build(before.tip, await depositFor(before));
    await extend(before, lie);
    await before.slots(4);
    expect(await freeOf(before)).toBe(CREDITED);
    const truth = [before.chain.build(before.tip, { slot: 20n })];
    truth.push(before.chain.build(truth[0] as TestBlock, { slot: 21n }));
    const host = await restart(before);
    const { number } = unwrap(await host.initParentchain());
    expect((await host.slots(3)).map(({ code }) => code)).not.toContain("Authored");
    const missed = before.built.filter((block) => block.number > number);
    unwrap(await replaceFrom(host, [...missed, ...truth]));
    expect(await freeOf(host)).toBe(0n);
    expect((await host.slots(2)).map(({ code }) => code)).toEqual(["Authored", "Authored"]);
    // The rows of the old branch are still there, and longer than the new one.
    const again = await restart(host);
    const at = unwrap(await again.initParentchain()).number;
    unwrap(await replaceFrom(again, [...missed, ...truth].filter((block) => block.number > at)));
    expect([await headOf(again), await freeOf(again)]).toEqual([5n, 0n]);
    expect((await again.slots(2)).map(({ code }) => code)).toEqual(["Authored", "Authored"]);
  });

  it("stops the service if a confirmed block rests on it", async () => {
    const host = await sealedHost();
    const lie = host.chain.build(host.tip, await depositFor(host));
    await extend(host, lie);
    await host.slots(1);
    const storage = confirmed(host, host.disk.blocks.at(-1) as StoredBlock);
    await extend(host, host.chain.build(lie, { storage }));
    const lost = host.chain.build(host.tip, { slot: 20n });
    expect(refusalOf(await replaceFrom(host, [lost]))).toMatchObject({ code: "ParentchainTailReverted" });
    expect(host.fatal?.code).toBe("ParentchainTailReverted");
  });
});
