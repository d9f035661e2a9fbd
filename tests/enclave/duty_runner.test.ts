import { describe, expect, it } from "vitest";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import type { TestBlock } from "../parentchain/builders.ts";
import { TestChain } from "../parentchain/builders.ts";
import { follow, inputOf, offer, startVictim } from "./hostile/fixtures.ts";
import { confirmed, registered } from "./parentchain_storage.ts";
import { TestHost, testPlatform } from "./harness.ts";

/** The built blocks whose hashes stand in extrinsics of a purpose. */
function named(host: TestHost, purpose: string, blocks: readonly TestBlock[]): readonly number[] {
  const sent = host.extrinsics.filter((extrinsic) => extrinsic.purpose === purpose).map(({ bytes }) => toHex(bytes));
  return blocks.filter(({ hash }) => sent.some((text) => text.includes(toHex(hash).slice(2)))).map(({ number }) =>
    number
  );
}

describe("DutyRunner", () => {
  it("lets the parentchain go on if the platform gives no quote", async () => {
    const platform = { ...testPlatform(), quote: () => Promise.reject(new Error("no quote")) };
    const host = new TestHost(new TestChain(), undefined, platform);
    unwrap(await host.init({ skipRa: false }));
    unwrap(await host.initParentchain());
    for (let i = 0; i < 3; i++) await follow(host, { storage: host.listed() });
    expect(host.logs.map(({ code }) => code)).toContain("QuoteUnavailable");
    expect(host.extrinsics.map(({ purpose }) => purpose)).not.toContain("register_sgx_enclave");
  });

  it("does not confirm all processed parentchain blocks again after a restart", async () => {
    const before = await new TestHost(new TestChain()).start();
    await before.parentchainBlock({ storage: registered(before) });
    for (let i = 0; i < 100; i++) await before.parentchainBlock();
    before.nowMs += 2_100;
    await before.slots(3);
    expect(named(before, "confirm_processed_parentchain_block", before.built)).toContain(2);
    const host = new TestHost(before.chain, before.disk.copy(), testPlatform(), before.tip);
    host.nowMs = before.nowMs + 1_000;
    unwrap(await host.init());
    const { number } = unwrap(await host.initParentchain());
    expect(number).toBeLessThan(100);
    for (const block of before.built.filter((block) => block.number > number)) await host.importParentchain([block]);
    const again = named(host, "confirm_processed_parentchain_block", before.built);
    expect(again.length).toBeGreaterThan(0);
    expect(Math.min(...again)).toBeGreaterThan(before.tip.number - 66);
  }, 60_000);

  it("keeps no parentchain blocks for payouts that the finality level never allows", async () => {
    const host = new TestHost(new TestChain());
    unwrap(await host.init({ payoutFinality: 0 }));
    unwrap(await host.initParentchain());
    for (let i = 0; i < 3; i++) await host.parentchainBlock({ storage: host.listed() });
    expect(host.logs.map(({ code }) => code)).toContain("PayoutLedgerStopped");
  });

  it("confirms nothing on top of a confirmed block that is not its own", async () => {
    const host = await startVictim("sealed");
    await host.slots(60);
    const storage = confirmed(host, { number: 5n, hash: new Uint8Array(32).fill(9) });
    const block = host.chain.build(host.tip, { storage });
    unwrap(await offer(host, [await inputOf(host, block)]));
    const sent = host.extrinsics.filter(({ purpose }) => purpose === "confirm_imported_sidechain_block");
    expect(sent).toEqual([]);
  });
});
