import { describe, expect, it } from "vitest";
import { KEYS_FILE } from "../../src/enclave/api/ecall_values.ts";
import { groupSnapshotFiles } from "../../src/enclave/snapshot/snapshot_files.ts";
import { cutNewestRow, cutNewestSnapshot, cutRow, load, outcomeOf, twoSnapshots } from "../faults/loader_cuts.ts";
import { type Disk, TestHost, testPlatform } from "./harness.ts";

/** Every tenth byte; `tests/faults/main.ts cuts` takes every one. */
const SAMPLE = 10;

describe("Enclave after a crash in the middle of a write", () => {
  it("has a second snapshot as soon as a block is confirmed", async () => {
    const { disk } = await twoSnapshots();
    const folders = groupSnapshotFiles([...disk.files.keys()]).map(([folder]) => Number(folder.slice(10, 30)));
    expect(folders).toEqual([3, 0]);
  });

  it("recovers to the same head from a newest snapshot that is cut", async () => {
    const { tried, wrong } = await cutNewestSnapshot(SAMPLE);
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(100);
  }, 300_000);

  it("recovers to the block before a newest row that is cut", async () => {
    const { tried, wrong } = await cutNewestRow(SAMPLE);
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(30);
  }, 300_000);

  it("discards the cut row, and authors in its place", async () => {
    const before = await twoSnapshots();
    const disk = before.disk.copy();
    cutRow(disk, 200);
    const host = await load(before, disk);
    await host.resume(before.built);
    host.nowMs += 2_100;
    expect((await host.slots(2)).map(({ code }) => code)).toEqual(["Authored", "Authored"]);
    expect(disk.blocks.slice(-3).map(({ number }) => number)).toEqual([7n, 8n, 9n]);
    const again = await load(host, disk);
    expect(outcomeOf(again)).toBe("9");
    expect(again.logs.map(({ code }) => code)).not.toContain("StoredBlockCut");
  });
});

describe("Enclave with blocks that a crash cannot explain", () => {
  const stops = async (change: (disk: Disk) => void) => {
    const before = await twoSnapshots();
    const disk = before.disk.copy();
    change(disk);
    return outcomeOf(await load(before, disk));
  };

  it("stops if a row before the newest is cut", async () => {
    expect(
      await stops((disk) => {
        const row = disk.blocks[5];
        if (row !== undefined) disk.blocks[5] = { ...row, bytes: row.bytes.slice(0, 100) };
      }),
    ).toBe("StoredBlockUndecodable");
  });

  it("stops if the two newest rows are cut", async () => {
    expect(
      await stops((disk) => {
        disk.blocks = disk.blocks.map((row, i) => i < 6 ? row : { ...row, bytes: row.bytes.slice(0, 100) });
      }),
    ).toBe("StoredBlockUndecodable");
  });

  it("stops if a row in the middle is missing", async () => {
    expect(await stops((disk) => void disk.blocks.splice(5, 1))).toBe("StoredBlocksMissing");
  });

  it("stops if the newest row is changed and not cut", async () => {
    expect(
      await stops((disk) => {
        const row = disk.blocks.at(-1);
        const bytes = row?.bytes.slice() ?? new Uint8Array();
        bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
        if (row !== undefined) disk.blocks[disk.blocks.length - 1] = { ...row, bytes };
      }),
    ).toBe("StoredBlockChanged");
  });

  it("stops if the host gives fewer rows than it said it has", async () => {
    const before = await twoSnapshots();
    const host = new TestHost(before.chain, before.disk.copy(), testPlatform(), before.tip);
    host.nowMs = before.nowMs + 1000;
    await host.init({ storedBlocks: [1n, 9n], sealedKeys: host.disk.files.get(KEYS_FILE) });
    expect(outcomeOf(host)).toBe("StoredBlocksMissing");
  });
});
