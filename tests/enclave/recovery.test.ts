import { describe, expect, it } from "vitest";
import { KEYS_FILE, PHASES } from "../../src/enclave/api/ecall_values.ts";
import type { Effect } from "../../src/enclave/api/effects.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { TestChain } from "../parentchain/builders.ts";
import { Disk, TestHost, testPlatform } from "./harness.ts";
import { confirmed } from "./parentchain_storage.ts";

/** A shard with some blocks, stopped. */
async function stopped(slots = 5): Promise<TestHost> {
  const host = await new TestHost(new TestChain()).start();
  await host.slots(slots);
  return host;
}

/** Starts again on a disk, with the same parentchain up to the tip. */
async function restart(before: TestHost, disk: Disk): Promise<TestHost> {
  const host = new TestHost(before.chain, disk, testPlatform(), before.tip);
  host.nowMs = before.nowMs + 1000;
  await host.init();
  return host;
}

async function resume(host: TestHost, before: TestHost): Promise<void> {
  await host.resume(before.built);
  host.nowMs += 2_100;
}

/** A parentchain block that confirms the host's newest block. */
async function confirmNewest(host: TestHost): Promise<void> {
  const newest = host.disk.blocks.at(-1);
  if (newest === undefined) throw new TypeError("no block");
  await host.parentchainBlock({ storage: confirmed(host, newest) });
  host.nowMs += 2_100;
}

const healthOf = async (host: TestHost) => {
  const health = await host.call("health", undefined);
  if (!health.ok) throw new TypeError(health.error.code);
  return health.value;
};

describe("Enclave at a restart", () => {
  it("has the same identity, recovers from snapshot and blocks, and authors on its head", async () => {
    const before = await stopped();
    const host = await restart(before, before.disk.copy());
    expect(host.identity?.signer).toEqual(before.identity?.signer);
    expect(host.identity?.shieldingKey).toBe(before.identity?.shieldingKey);
    expect(host.identity?.instanceId).not.toEqual(before.identity?.instanceId);
    await resume(host, before);
    expect(await healthOf(host)).toMatchObject({ blockNumber: 5n, notAuthoring: "NoSlotYet" });
    expect((await host.slots(3)).map(({ code }) => code)).toEqual(["Authored", "Authored", "Authored"]);
    expect(host.disk.blocks.at(-1)?.number).toBe(8n);
    expect(host.fatal).toBeUndefined();
  });

  it("has the shard that its keys were drawn for, and refuses the name of another one", async () => {
    const shard = new Uint8Array(32).fill(0x51);
    const before = await new TestHost(new TestChain()).start({ shard });
    for (const named of [undefined, shard]) {
      const host = new TestHost(before.chain, before.disk.copy());
      expect(unwrap(await host.init({ shard: named })).shard).toEqual(shard);
    }
    const host = new TestHost(before.chain, before.disk.copy());
    const refused = await host.init({ shard: before.identity?.fingerprint as Uint8Array });
    expect(!refused.ok && refused.error.code).toBe("OtherShard");
    expect([host.all, host.fatal]).toEqual([[], undefined]);
  });

  it("keeps the account of keys that nothing was done with, and takes the shard that is named now", async () => {
    // What `validateer signing-key` leaves: somebody asked whose account to pay.
    const asked = new TestHost(new TestChain());
    const before = unwrap(await asked.init());
    const shard = new Uint8Array(32).fill(0x51);
    const host = new TestHost(asked.chain, asked.disk.copy());
    const named = unwrap(await host.init({ shard }));
    expect([named.shard, named.signer]).toEqual([shard, before.signer]);
    expect(named.shieldingKey).not.toBe(before.shieldingKey);
    const again = unwrap(await new TestHost(asked.chain, host.disk.copy()).init());
    expect([again.shard, again.signer, again.shieldingKey]).toEqual([shard, named.signer, named.shieldingKey]);
  });

  it("does not author in its start slot and the next one", async () => {
    const before = await stopped();
    const host = new TestHost(before.chain, before.disk.copy(), testPlatform(), before.tip);
    host.nowMs = before.nowMs + 3_000;
    await host.init();
    const late = host.nowMs;
    await host.initParentchain();
    await host.importParentchain([before.tip]);
    host.nowMs = late;
    expect((await host.slot()).code).not.toBe("Authored");
  });

  it("works after every write of the first start was the last one", async () => {
    const effects: Effect[] = [];
    const reference = await stopped(3);
    effects.push(...reference.all.filter(({ type }) => type === "write_file" || type === "store_block"));
    for (let cut = 0; cut <= effects.length; cut++) {
      const disk = new Disk();
      for (const effect of effects.slice(0, cut)) {
        if (effect.type === "write_file") disk.files.set(effect.value.name, effect.value.bytes);
        if (effect.type === "store_block") disk.blocks.push(effect.value);
      }
      const host = await restart(reference, disk);
      expect([cut, host.fatal]).toEqual([cut, undefined]);
      expect((await healthOf(host)).phase).toBe(PHASES.indexOf("parentchain"));
    }
  });

  it("refuses every snapshot file that is cut, and falls back or stops with a code", async () => {
    const before = await stopped(2);
    const names = [...before.disk.files.keys()].filter((name) => name.startsWith("snapshots/"));
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) {
      const whole = before.disk.files.get(name) as Uint8Array;
      const step = Math.max(1, Math.floor(whole.length / 40));
      for (let length = 0; length < whole.length; length += step) {
        const disk = before.disk.copy();
        disk.files.set(name, whole.slice(0, length));
        const host = await restart(before, disk);
        expect([name, length, host.fatal?.code]).toEqual([name, length, "NoValidSnapshot"]);
      }
    }
  }, 120_000);

  it("falls back to the second newest snapshot if the newest is damaged, and replays more blocks", async () => {
    const before = await new TestHost(new TestChain()).start();
    for (let i = 0; i < 2; i++) {
      await before.slots(520);
      await confirmNewest(before);
    }
    await before.slots(20);
    const folders = new Set([...before.disk.files.keys()].filter((name) => name.endsWith("manifest")));
    expect(folders.size).toBe(2);
    const [newest] = [...folders].sort().reverse();
    for (const damage of ["flip", "missing"]) {
      const disk = before.disk.copy();
      const bytes = disk.files.get(newest as string) as Uint8Array;
      bytes[100] = (bytes[100] as number) ^ 1;
      if (damage === "missing") disk.files.delete(newest as string);
      const host = await restart(before, disk);
      expect(host.fatal).toBeUndefined();
      await resume(host, before);
      expect((await healthOf(host)).blockHash).toEqual((await healthOf(before)).blockHash);
      if (damage === "flip") expect(host.logs.map(({ code }) => code)).toContain("SnapshotDamaged");
    }
  }, 120_000);

  it("begins at the last confirmed block, however many came after it: a fork may still win from there on", async () => {
    const before = await new TestHost(new TestChain()).start();
    await before.slots(3);
    await confirmNewest(before);
    await before.slots(1100);
    const host = await restart(before, before.disk.copy());
    expect(host.logs.find(({ code }) => code === "SnapshotLoaded")?.fields["number"]).toBe("3");
    await resume(host, before);
    expect(host.enclave.shard()?.chain.base.number).toBe(3n);
    expect((await healthOf(host)).blockHash).toEqual((await healthOf(before)).blockHash);
    expect(before.pruned).toBe(0n);
  }, 120_000);

  it("stops with a code if a stored block is damaged", async () => {
    const before = await stopped();
    for (const at of [0, 40, 120, 200, 400, 600]) {
      const disk = before.disk.copy();
      const block = disk.blocks[2];
      if (block === undefined) throw new TypeError("no block");
      const bytes = block.bytes.slice();
      bytes[at] = (bytes[at] as number) ^ 1;
      disk.blocks[2] = { ...block, bytes };
      const host = await restart(before, disk);
      const { blockNumber } = await healthOf(host);
      expect([at, host.fatal?.code ?? (blockNumber < 5n ? "behind" : "whole")]).not.toEqual([at, "whole"]);
    }
  });

  it("refuses keys that were sealed by other code, with a sentence that says what to do", async () => {
    const before = await stopped(1);
    const other = testPlatform(new Uint8Array(32).fill(0x77));
    const host = new TestHost(before.chain, before.disk.copy(), other);
    const result = await host.init();
    expect(!result.ok && result.error.code).toBe("SealedKeysRefused");
    expect(!result.ok && result.error.detail).toContain("--clean-reset");
  });

  it("refuses keys of another platform, flipped keys, and state without keys", async () => {
    const before = await stopped(1);
    const foreign = new TestHost(before.chain, before.disk.copy(), testPlatform(undefined, 0x99));
    const refused = await foreign.init();
    expect(!refused.ok && refused.error.code).toBe("SealedKeysRefused");
    const disk = before.disk.copy();
    const keys = disk.files.get(KEYS_FILE) as Uint8Array;
    keys[keys.length - 1] = (keys[keys.length - 1] as number) ^ 0x80;
    const flipped = await new TestHost(before.chain, disk).init();
    expect(!flipped.ok && flipped.error.code).toBe("SealedKeysRefused");
    disk.files.delete(KEYS_FILE);
    const missing = await new TestHost(before.chain, disk).init();
    expect(!missing.ok && missing.error.code).toBe("SealedKeysMissing");
  });

  it("runs nothing before its new keys are on disk", async () => {
    const host = new TestHost(new TestChain());
    host.writeFile = () => Promise.resolve();
    await host.init();
    const early = await host.initParentchain();
    expect(!early.ok && early.error.code).toBe("KeysNotStored");
  });

  it("stops if its new keys cannot be written", async () => {
    const host = new TestHost(new TestChain());
    host.writeFile = async (_name, _bytes, ticket) => void await host.call("file_written", { ticket, ok: false });
    await host.init();
    expect(host.fatal?.code).toBe("KeysNotStored");
  });
});

describe("Enclave with an old data directory", () => {
  it("does not author behind the last confirmation on the parentchain", async () => {
    const host = await new TestHost(new TestChain()).start();
    await host.slots(2);
    const old = host.disk.copy();
    await host.slots(6);
    await confirmNewest(host);
    expect((await host.slot()).code).toBe("Authored");
    const rolledBack = await restart(host, old);
    await rolledBack.initParentchain();
    await rolledBack.importParentchain(host.built);
    rolledBack.nowMs += 2_100;
    expect((await rolledBack.slots(3)).map(({ code }) => code)).toEqual(Array(3).fill("StateBehindConfirmation"));
    expect((await healthOf(rolledBack)).notAuthoring).toBe("StateBehindConfirmation");
    expect(rolledBack.wanted.length).toBeGreaterThan(0);
    const blocks = host.disk.blocks.filter(({ number }) => number > 2n).map(({ bytes }) => bytes);
    const imported = await rolledBack.call("import_blocks", { nowMs: BigInt(rolledBack.nowMs), blocks });
    expect(imported.ok && imported.value.map(({ code }) => code)).toEqual(Array(7).fill("Imported"));
    await rolledBack.slots(2);
    expect(rolledBack.disk.blocks.at(-1)?.number).toBe(11n);
  });
});
