import { beforeAll, describe, expect, it } from "vitest";
import { tryDecode } from "../../../src/codec/codec.ts";
import { KEYS_FILE } from "../../../src/enclave/api/ecall_values.ts";
import { LEDGER_FILE } from "../../../src/enclave/core/duty_runner.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { signedBlock } from "../../../src/types/signed_block.ts";
import { type TestBlock, TestChain } from "../../parentchain/builders.ts";
import { type Disk, type StoredBlock, TestHost, testPlatform } from "../harness.ts";
import { confirmed } from "../parentchain_storage.ts";
import { changedDisk, flipBit, inputOf, offer, startVictim } from "./fixtures.ts";

const BLOCKS = 5;

let victim: TestHost;

beforeAll(async () => {
  victim = await startVictim("trusted");
  await victim.slots(BLOCKS - 2);
});

/** Starts on a disk; the parentchain is as the victim knows it. */
async function startOn(disk: Disk, platform = testPlatform()): Promise<TestHost> {
  const host = new TestHost(victim.chain, disk, platform, victim.tip);
  host.nowMs = victim.nowMs + 10_000;
  await host.init();
  return host;
}

/** What a start on a changed disk ends with, and that it wrote nothing. */
async function endOf(change: (disk: Disk) => void): Promise<string> {
  const host = await startOn(changedDisk(victim.disk, change));
  const writes = host.all.filter(({ type }) => type !== "log" && type !== "read_file" && type !== "read_blocks");
  const health = unwrap(await host.call("health", undefined));
  if (host.fatal === undefined) return `phase ${health.phase}, block ${health.blockNumber}`;
  expect(writes.map(({ type }) => type)).toEqual(["fatal"]);
  expect([health.blockNumber, health.phase]).toEqual([0n, 1]);
  return host.fatal.code;
}

function changeBlock(index: number, change: (bytes: Uint8Array) => Uint8Array): (disk: Disk) => void {
  return (disk) => {
    const block = disk.blocks[index] as StoredBlock;
    disk.blocks[index] = { ...block, bytes: change(block.bytes) };
  };
}

const filesOf = (disk: Disk) => [...disk.files.keys()].filter((name) => name.startsWith("snapshots/"));

function looksCut(bytes: Uint8Array): boolean {
  const decoded = tryDecode(signedBlock, bytes);
  return !decoded.ok && decoded.error.code === "Truncated";
}

/** Sampled bits of so many bytes, with the first and the last byte. */
function bitsOf(length: number, samples: number): number[] {
  const step = Math.max(1, Math.floor((8 * length) / samples));
  const bits = [0, 7, 8 * length - 8, 8 * length - 1];
  for (let bit = 3; bit < 8 * length; bit += step) bits.push(bit);
  return bits;
}

describe("a host that turns a bit of what is stored", () => {
  it("is refused with SealedKeysRefused for the keys", async () => {
    const keys = victim.disk.files.get(KEYS_FILE) as Uint8Array;
    for (const bit of bitsOf(keys.length, 60)) {
      const disk = changedDisk(victim.disk, ({ files }) => void files.set(KEYS_FILE, flipBit(keys, bit)));
      const host = new TestHost(victim.chain, disk);
      const result = await host.init();
      expect([bit, !result.ok && result.error.code]).toEqual([bit, "SealedKeysRefused"]);
      expect(host.all).toEqual([]);
    }
  });

  it("is refused with NoValidSnapshot for the only snapshot, whose damage is logged by name", async () => {
    const reasons = new Set<string | undefined>();
    for (const name of filesOf(victim.disk)) {
      const bytes = victim.disk.files.get(name) as Uint8Array;
      for (const bit of bitsOf(bytes.length, 40)) {
        const host = await startOn(changedDisk(victim.disk, ({ files }) => void files.set(name, flipBit(bytes, bit))));
        expect([name, bit, host.fatal?.code]).toEqual([name, bit, "NoValidSnapshot"]);
        const damage = host.logs.filter(({ code }) => code === "SnapshotDamaged");
        expect(damage).toHaveLength(1);
        reasons.add(damage[0]?.fields["reason"]);
      }
    }
    expect([...reasons].sort()).toEqual(["ChunkChanged", "SealBroken", "SealMalformed", "SealedByOtherCode"]);
  });

  it("is refused with StoredBlockChanged or StoredBlockUndecodable for a block, wherever the bit is", async () => {
    const codes = new Set<string>();
    for (let index = 0; index < BLOCKS; index++) {
      const { bytes } = victim.disk.blocks[index] as StoredBlock;
      for (const bit of bitsOf(bytes.length, 60)) {
        const changed = flipBit(bytes, bit);
        // The newest block may look cut off by this, as after a crash: then it is passed over.
        if (index === BLOCKS - 1 && looksCut(changed)) continue;
        codes.add(await endOf(changeBlock(index, () => changed)));
      }
    }
    expect([...codes].sort()).toEqual(["StoredBlockChanged", "StoredBlockUndecodable"]);
  });

  it("is refused with StoredBlockChanged for each part of the newest block, also the first one after the snapshot", async () => {
    const single = (disk: Disk) => void (disk.blocks = disk.blocks.slice(0, 1));
    for (let bit = 0; bit < 8 * 112; bit += 23) {
      expect([bit, await endOf(changeBlock(BLOCKS - 1, (whole) => flipBit(whole, bit)))])
        .toEqual([bit, "StoredBlockChanged"]);
      const code = await endOf((disk) => {
        single(disk);
        changeBlock(0, (whole) => flipBit(whole, bit))(disk);
      });
      expect([bit, code]).toEqual([bit, "StoredBlockChanged"]);
    }
  });

  it("starts on the unchanged disk all the same", async () => {
    const host = await startOn(victim.disk.copy());
    unwrap(await host.initParentchain());
    expect(unwrap(await host.call("health", undefined)).blockNumber).toBe(BigInt(BLOCKS));
  });
});

describe("a host that removes or exchanges what is stored", () => {
  it("is refused with StoredBlocksMissing for a gap", async () => {
    for (let index = 0; index < BLOCKS - 1; index++) {
      expect(await endOf(({ blocks }) => void blocks.splice(index, 1))).toBe("StoredBlocksMissing");
    }
  });

  it("is refused with NoValidSnapshot if a file of the snapshot is gone, or stands under another's name", async () => {
    const [first, second] = filesOf(victim.disk) as [string, string];
    expect(await endOf(({ files }) => void files.delete(first))).toBe("NoValidSnapshot");
    expect(await endOf(({ files }) => void files.delete(second))).toBe("NoValidSnapshot");
    expect(
      await endOf(({ files }) => {
        const kept = files.get(first) as Uint8Array;
        files.set(first, files.get(second) as Uint8Array);
        files.set(second, kept);
      }),
    ).toBe("NoValidSnapshot");
  });

  it("is refused with NoValidSnapshot for the snapshot of another enclave on the same platform", async () => {
    const other = await startVictim("trusted");
    const theirs = filesOf(other.disk);
    expect(
      await endOf(({ files }) => {
        for (const name of filesOf(victim.disk)) files.delete(name);
        for (const name of theirs) files.set(name, other.disk.files.get(name) as Uint8Array);
      }),
    ).toBe("NoValidSnapshot");
  });

  it("is refused with StoredBlockChanged or StoredBlocksMissing for blocks of another enclave", async () => {
    const other = await startVictim("trusted");
    const codes = new Set<string>();
    for (let index = 0; index < 2; index++) {
      codes.add(await endOf(({ blocks }) => void (blocks[index] = other.disk.blocks[index] as StoredBlock)));
    }
    for (const code of codes) {
      expect(["StoredBlockChanged", "StoredDiffInvalid", "StoredBlocksMissing"]).toContain(code);
    }
  });

  it("is refused with PayoutLedgerDamaged for a ledger of payouts that is no ledger", async () => {
    const manifest = filesOf(victim.disk).find((name) => name.endsWith("manifest")) as string;
    const sealed = victim.disk.files.get(manifest) as Uint8Array;
    for (
      const bytes of [new Uint8Array(0), new Uint8Array(200), sealed, victim.disk.files.get(KEYS_FILE) as Uint8Array]
    ) {
      expect(await endOf(({ files }) => void files.set(LEDGER_FILE, bytes))).toBe("PayoutLedgerDamaged");
    }
  });

  it("is refused with SealedKeysMissing for state without keys", async () => {
    const disk = changedDisk(victim.disk, ({ files }) => void files.delete(KEYS_FILE));
    const result = await new TestHost(victim.chain, disk).init();
    expect(!result.ok && result.error.code).toBe("SealedKeysMissing");
  });

  it("is refused with SealedKeysRefused by other code and on another platform", async () => {
    for (const platform of [testPlatform(new Uint8Array(32).fill(0x4e)), testPlatform(undefined, 0x12)]) {
      const result = await new TestHost(victim.chain, victim.disk.copy(), platform).init();
      expect(!result.ok && result.error.code).toBe("SealedKeysRefused");
    }
  });
});

function confirmationsOf(host: TestHost): number {
  return host.extrinsics.filter(({ purpose }) => purpose === "confirm_imported_sidechain_block").length;
}

describe("a host with an old data directory", () => {
  let host: TestHost;
  /** After block 2, and after the newest block, which the parentchain confirms. */
  let old: Disk;
  let whole: Disk;

  beforeAll(async () => {
    host = await startVictim("proven", new TestHost(new TestChain()));
    old = host.disk.copy();
    await host.slots(6);
    whole = host.disk.copy();
    const block = host.chain.build(host.tip, { storage: confirmed(host, host.disk.blocks.at(-1) as StoredBlock) });
    unwrap(await offer(host, [await inputOf(host, block, host.chain.justify(block))]));
    host.tip = block;
    host.built.push(block);
  });

  /** Starts on a disk and follows the parentchain up to the given number of blocks. */
  async function startOld(disk: Disk, upTo = host.built.length): Promise<TestHost> {
    const restarted = new TestHost(host.chain, disk, testPlatform(), host.tip);
    restarted.nowMs = host.nowMs + 1_000;
    unwrap(await restarted.init({ finality: 0, payoutFinality: 0 }));
    const { number } = unwrap(await restarted.initParentchain());
    const inputs = [];
    for (const block of host.built.slice(0, upTo)) {
      if (block.number > number) inputs.push(await inputOf(restarted, block, host.chain.justify(block)));
    }
    unwrap(await offer(restarted, inputs));
    restarted.nowMs += 2_100;
    return restarted;
  }

  async function expectNothingAuthored(restarted: TestHost, code: string): Promise<void> {
    const stored = restarted.disk.blocks.length;
    const sent = restarted.broadcasts.length;
    const confirmations = confirmationsOf(restarted);
    expect((await restarted.slots(4)).map((outcome) => outcome.code)).toEqual(Array(4).fill(code));
    expect(restarted.disk.blocks.length).toBe(stored);
    expect(restarted.broadcasts.length).toBe(sent);
    const block = host.chain.build(host.built.at(-1) as TestBlock);
    unwrap(await offer(restarted, [await inputOf(restarted, block, host.chain.justify(block))]));
    expect(confirmationsOf(restarted)).toBe(confirmations);
    expect(unwrap(await restarted.call("health", undefined)).notAuthoring).toBe(code);
  }

  it("authors nothing with StateBehindConfirmation, and asks for the blocks it lacks", async () => {
    const restarted = await startOld(old.copy());
    await expectNothingAuthored(restarted, "StateBehindConfirmation");
    expect(restarted.wanted.length).toBeGreaterThan(0);
  });

  it("authors nothing if only the keys are left, but asks the others for the shard", async () => {
    const keysOnly = changedDisk(whole, (disk) => {
      disk.files = new Map([[KEYS_FILE, disk.files.get(KEYS_FILE) as Uint8Array]]);
      disk.blocks = [];
    });
    const host = await startOld(keysOnly);
    await expectNothingAuthored(host, "Provisioning");
    expect(host.logs.map(({ code }) => code)).toContain("JoiningShard");
  });

  it("authors nothing with ConfirmedBlockUnavailable on a fork that it was led to before it saw the confirmation", async () => {
    const forked = await startOld(old.copy(), host.built.length - 1);
    // More blocks than lie between two confirmations: the next one would be due.
    const outcomes = await forked.slots(70);
    expect(outcomes.filter(({ code }) => code === "Authored").length).toBeGreaterThan(60);
    const block = host.built.at(-1) as TestBlock;
    const confirmations = confirmationsOf(forked);
    unwrap(await offer(forked, [await inputOf(forked, block, host.chain.justify(block))]));
    expect(confirmationsOf(forked)).toBe(confirmations);
    await expectNothingAuthored(forked, "ConfirmedBlockUnavailable");
    expect(forked.logs.map(({ code }) => code)).toContain("ConfirmedBlockUnavailable");
  });

  it("authors again once it has the blocks from elsewhere", async () => {
    const restarted = await startOld(old.copy());
    await expectNothingAuthored(restarted, "StateBehindConfirmation");
    const blocks = whole.blocks.slice(2).map(({ bytes }) => bytes);
    const outcomes = unwrap(await restarted.call("import_blocks", { nowMs: BigInt(restarted.nowMs), blocks }));
    expect(outcomes.map(({ code }) => code)).toEqual(blocks.map(() => "Imported"));
    expect((await restarted.slots(2)).map(({ code }) => code)).toEqual(["Authored", "Authored"]);
  });
});
