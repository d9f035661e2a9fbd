import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KEPT_BUNDLE } from "../../src/apps/validateer/entries.ts";
import { writeSigningKey } from "../../src/apps/validateer/keys.ts";
import { bundleOf, startEnclaveWorker } from "../../src/apps/validateer/start_enclave.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { KEYS_FILE } from "../../src/enclave/api/ecall_values.ts";
import { type DataDir, openDataDir } from "../../src/host/deno/data_dir.ts";
import { openSqliteBlockStore } from "../../src/host/deno/sqlite_block_store.ts";
import { optionsOf } from "./command_line.ts";

/** An enclave that does nothing. */
const IDLE = new TextEncoder().encode("export {};");

let folder: string;
let printed: string[];
beforeEach(async () => {
  folder = await Deno.makeTempDir({ prefix: "integritee-keys-" });
  printed = [];
  vi.spyOn(console, "log").mockImplementation((line) => void printed.push(line));
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Deno.remove(folder, { recursive: true });
});

describe("signing-key", () => {
  it("leaves the bundle beside the keys that it draws, which no other bundle can open", async () => {
    const options = await optionsOf("--data-dir", folder, "signing-key");
    await writeSigningKey(options);
    expect(printed).toEqual([join(folder, "enclave-signing-pubkey.bin")]);
    expect(await Deno.readFile(join(folder, KEPT_BUNDLE))).toEqual((await bundleOf(options)).bytes);
  });

  it("fails when the keys cannot be written, and prints none", async () => {
    // The sealed file is written beside its place first.
    await Deno.mkdir(join(folder, "sealed", `${KEYS_FILE}.tmp`), { recursive: true });
    const options = await optionsOf("--data-dir", folder, "signing-key");
    await expect(writeSigningKey(options)).rejects.toMatchObject({ code: "KeysNotStored" });
    expect(printed).toEqual([]);
  });
});

describe("startEnclaveWorker()", () => {
  /** Starts the enclave and ends it before it is asked anything; gives its measurement. */
  async function startAndEnd(dataDir: DataDir): Promise<Uint8Array> {
    const path = join(folder, "idle.js");
    await Deno.writeFile(path, IDLE);
    const blocks = openSqliteBlockStore(dataDir.entry("blocks"));
    const options = await optionsOf("-P", "0", "-r", "0");
    const { running } = await startEnclaveWorker(dataDir, blocks, { path, bytes: IDLE }, options);
    running.terminate();
    blocks.close();
    return running.measurement;
  }

  it("keeps the bundle in a data directory without keys before the enclave draws them", async () => {
    const dataDir = await openDataDir(folder);
    expect(await startAndEnd(dataDir)).toEqual(sha256(IDLE));
    expect(await Deno.readFile(join(folder, KEPT_BUNDLE))).toEqual(IDLE);
    dataDir.close();
  });

  it.each([KEYS_FILE, "snapshots/7/manifest"])("leaves the kept bundle alone where there is %s", async (name) => {
    const dataDir = await openDataDir(folder);
    const kept = new Uint8Array([1]);
    await Deno.writeFile(join(folder, KEPT_BUNDLE), kept);
    await dataDir.writeSealed(name, new Uint8Array([1]));
    expect(await startAndEnd(dataDir)).toEqual(sha256(IDLE));
    expect(await Deno.readFile(join(folder, KEPT_BUNDLE))).toEqual(kept);
    dataDir.close();
  });
});
