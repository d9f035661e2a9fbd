import { describe, expect, it } from "vitest";
import { SNAPSHOT_RETRY_STEPS } from "../../src/enclave/core/snapshots.ts";
import { PHASES } from "../../src/enclave/api/ecall_values.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { type TestBlockSpec, TestChain } from "../parentchain/builders.ts";
import { type StoredBlock, TestHost, testPlatform } from "./harness.ts";
import { follow, inputOf, offer } from "./hostile/fixtures.ts";
import { confirmed } from "./parentchain_storage.ts";

/** A host whose disk takes no file of a snapshot while it is full. */
class FullDiskHost extends TestHost {
  isFull = true;
  attempts = 0;

  override async writeFile(name: string, bytes: Uint8Array, ticket: bigint): Promise<void> {
    if (!this.isFull || !name.startsWith("snapshots/")) return await super.writeFile(name, bytes, ticket);
    this.attempts++;
    await this.call("file_written", { ticket, ok: false });
  }
}

describe("Snapshots", () => {
  it("tries the first one again, not in every slot, until the disk takes it; then blocks begin", async () => {
    const host = new FullDiskHost(new TestChain());
    await host.start();
    expect(host.attempts).toBe(1);
    const refused = await host.slots(2 * SNAPSHOT_RETRY_STEPS);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["FirstSnapshotPending"]));
    expect(host.attempts).toBeLessThan(4);
    host.isFull = false;
    const outcomes = await host.slots(2 * SNAPSHOT_RETRY_STEPS);
    expect(outcomes.at(-1)?.code).toBe("Authored");
    expect(host.fatal).toBeUndefined();
  });

  it("at level sealed are sealed with a follower that reads again what payouts have not read", async () => {
    const before = new TestHost(new TestChain());
    unwrap(await before.init({ finality: 1, payoutFinality: 0 }));
    unwrap(await before.initParentchain());
    await follow(before, { storage: before.listed() });
    await before.slots(3);
    const extend = async (storage: TestBlockSpec["storage"] = []) => {
      const block = before.chain.build(before.tip, { storage });
      unwrap(await offer(before, [await inputOf(before, block)]));
      before.tip = block;
      before.built.push(block);
      before.nowMs += 2_100;
    };
    // From here on nothing is justified: payouts read nothing, while the shard goes on and confirms a late block.
    for (let i = 0; i < 80; i++) {
      await extend();
      await before.slot();
    }
    await extend(confirmed(before, before.disk.blocks.at(-1) as StoredBlock));
    await before.slots(20);

    const host = new TestHost(before.chain, before.disk.copy(), testPlatform(), before.tip);
    host.nowMs = before.nowMs + 1_000;
    unwrap(await host.init({ finality: 1, payoutFinality: 0 }));
    const loaded = host.logs.filter(({ code }) => code === "SnapshotLoaded");
    expect(Number(loaded[0]?.fields["number"])).toBeGreaterThan(80);
    const { number } = unwrap(await host.initParentchain());
    for (const block of before.built.filter((block) => block.number > number)) {
      unwrap(await offer(host, [await inputOf(host, block)]));
    }
    await follow(host);
    expect(host.logs.map(({ code }) => code)).not.toContain("PayoutLedgerStopped");
    expect(unwrap(await host.call("health", undefined)).phase).toBe(PHASES.indexOf("syncing"));
    host.nowMs += 2_100;
    expect((await host.slots(2)).map(({ code }) => code)).toContain("Authored");
  }, 60_000);
});
