import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadPlatformSecret, PLATFORM_SECRET_FILE } from "../../../src/enclave/deno/platform_secret.ts";

let folder = "";
beforeEach(async () => {
  folder = await Deno.makeTempDir();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

describe("loadPlatformSecret()", () => {
  it("draws a secret once, for its owner only, and reads it again", async () => {
    const secret = await loadPlatformSecret(folder);
    expect(secret).toHaveLength(32);
    expect(secret.some((byte) => byte !== 0)).toBe(true);
    expect(((await Deno.stat(join(folder, PLATFORM_SECRET_FILE))).mode ?? 0) & 0o777).toBe(0o600);
    expect(await loadPlatformSecret(folder)).toEqual(secret);
  });

  it("reports OpenToOthers when another user may read it", async () => {
    await loadPlatformSecret(folder);
    await Deno.chmod(join(folder, PLATFORM_SECRET_FILE), 0o640);
    await expect(loadPlatformSecret(folder)).rejects.toMatchObject({ code: "OpenToOthers" });
  });

  it("reports WrongLength for a cut file and does not replace it", async () => {
    const path = join(folder, PLATFORM_SECRET_FILE);
    await Deno.writeFile(path, new Uint8Array(31), { mode: 0o600 });
    await expect(loadPlatformSecret(folder)).rejects.toMatchObject({ code: "WrongLength" });
    expect(await Deno.readFile(path)).toHaveLength(31);
  });

  it("draws a secret where a crash left half of one that was never used", async () => {
    const path = join(folder, PLATFORM_SECRET_FILE);
    await Deno.writeFile(`${path}.tmp`, new Uint8Array(5), { mode: 0o644 });
    const secret = await loadPlatformSecret(folder);
    expect(await Deno.readFile(path)).toEqual(secret);
    expect(((await Deno.stat(path)).mode ?? 0) & 0o777).toBe(0o600);
    expect([...Deno.readDirSync(folder)].map(({ name }) => name)).toEqual([PLATFORM_SECRET_FILE]);
  });

  it("reports Unreadable when the folder is missing", async () => {
    await expect(loadPlatformSecret(join(folder, "missing"))).rejects.toMatchObject({ code: "Unreadable" });
  });
});
