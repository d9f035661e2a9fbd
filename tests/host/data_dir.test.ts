import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDataDir } from "../../src/host/deno/data_dir.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

describe("openDataDir()", () => {
  it("writes, reads, lists and removes sealed files, also below folders", async () => {
    const dir = await openDataDir(folder);
    await dir.writeSealed("keys.sealed", new Uint8Array([1]));
    await dir.writeSealed("snapshots/7/0001", new Uint8Array([2]));
    await dir.writeSealed("keys.sealed", new Uint8Array([3]));
    expect(await dir.readSealed("keys.sealed")).toEqual(new Uint8Array([3]));
    expect(await dir.readSealed("missing")).toBeUndefined();
    expect(await dir.sealedNames()).toEqual(["keys.sealed", "snapshots/7/0001"]);
    await dir.removeSealed("keys.sealed");
    await dir.removeSealed("keys.sealed");
    expect(await dir.sealedNames()).toEqual(["snapshots/7/0001"]);
    dir.close();
  });

  it("removes a folder with its last file", async () => {
    const dir = await openDataDir(join(folder, "deep", "data"));
    await dir.writeSealed("snapshots/7/0001", new Uint8Array([2]));
    await dir.writeSealed("snapshots/7/manifest", new Uint8Array([2]));
    const snapshots = join(folder, "deep", "data", "sealed", "snapshots");
    await dir.removeSealed("snapshots/7/manifest");
    expect([...Deno.readDirSync(snapshots)].map(({ name }) => name)).toEqual(["7"]);
    await dir.removeSealed("snapshots/7/0001");
    await dir.removeSealed("snapshots/7/0001");
    expect([...Deno.readDirSync(snapshots)]).toEqual([]);
    dir.close();
  });

  it.each(["../keys", "/etc/passwd", "a/../b", ".hidden", "a//b", "", "A", "x.tmp", "a".repeat(129)])(
    "refuses the name %j",
    async (name) => {
      const dir = await openDataDir(folder);
      await expect(dir.writeSealed(name, new Uint8Array())).rejects.toMatchObject({ code: "InvalidName" });
      dir.close();
    },
  );

  it("reports Failed below a link to nowhere, such as a volume that is not there", async () => {
    const link = join(folder, "volume");
    await Deno.symlink(join(folder, "not-mounted"), link);
    for (const path of [link, join(link, "data")]) {
      await expect(openDataDir(path)).rejects.toMatchObject({ code: "Failed" });
    }
  });

  it("reports InUse while another process holds the directory, and opens it once that is gone", async () => {
    const holder = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `const f = Deno.openSync(${JSON.stringify(join(folder, "worker.lock"))}, { create: true, write: true });` +
        "f.lockSync(true); console.log('held'); await new Promise(() => setTimeout(() => {}, 60000));",
      ],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = holder.stdout.getReader();
    await reader.read();
    await expect(openDataDir(folder)).rejects.toMatchObject({ code: "InUse" });
    holder.kill("SIGKILL");
    await holder.status;
    await reader.cancel();
    (await openDataDir(folder)).close();
  });

  it("drops what a crash left half written and keeps the old content", async () => {
    const first = await openDataDir(folder);
    await first.writeSealed("keys.sealed", new Uint8Array([1]));
    first.close();
    await Deno.writeFile(join(folder, "sealed", "keys.sealed.tmp"), new Uint8Array([9]));
    const second = await openDataDir(folder);
    expect(await second.sealedNames()).toEqual(["keys.sealed"]);
    expect(await second.readSealed("keys.sealed")).toEqual(new Uint8Array([1]));
    second.close();
  });

  it("creates files that only their owner can read", async () => {
    const dir = await openDataDir(folder);
    await dir.writeSealed("keys.sealed", new Uint8Array([1]));
    const { mode } = await Deno.stat(join(folder, "sealed", "keys.sealed"));
    expect((mode ?? 0) & 0o077).toBe(0);
    dir.close();
  });
});
