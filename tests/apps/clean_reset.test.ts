import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cleanReset } from "../../src/apps/validateer/clean_reset.ts";
import type { RunOptions } from "../../src/apps/validateer/options.ts";
import { runValidateer } from "../../src/apps/validateer/run.ts";
import { startDevnode } from "../../src/devnode/deno/run_devnode.ts";
import { KEYS_FILE } from "../../src/enclave/api/ecall_values.ts";
import { openDataDir } from "../../src/host/deno/data_dir.ts";
import { optionsOf } from "./command_line.ts";

const BUNDLE = "enclave.js";
/** Everything that a validateer with an embedded parentchain leaves in its data directory, but the lock. */
const ENTRIES = [
  BUNDLE,
  "parentchain/blocks.sqlite",
  "enclave-shielding-pubkey.json",
  "enclave-signing-pubkey.bin",
  "peers.json",
  "platform/secret",
  `sealed/${KEYS_FILE}`,
  "sealed/payouts.sealed",
  "sealed/snapshots/7/manifest",
  ...["", "-shm", "-wal"].map((suffix) => `sidechain.sqlite${suffix}`),
];

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir({ prefix: "integritee-reset-" });
  await fill();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

async function fill(): Promise<void> {
  for (const entry of ENTRIES) {
    await Deno.mkdir(join(folder, entry, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, entry), entry);
  }
}

/** The files of the data directory, but its lock. */
function left(below = ""): string[] {
  return [...Deno.readDirSync(join(folder, below))].flatMap(({ name, isDirectory }) =>
    isDirectory ? left(`${below}${name}/`) : `${below}${name}`
  ).filter((path) => path !== "worker.lock").sort();
}

/** Starts a validateer with `--clean-reset`, which must be refused; gives why. */
async function refusalOf(...argv: readonly string[]): Promise<unknown> {
  return await refusalWith(undefined, {}, ...argv);
}

/** The same with what no command line says. */
async function refusalWith(
  shard: string | undefined,
  changes: Partial<RunOptions>,
  ...argv: readonly string[]
): Promise<unknown> {
  const options = { ...await optionsOf("--clean-reset", "--data-dir", folder, ...argv), ...changes };
  const hooks = { print: () => {}, onStarted: () => {} };
  return await runValidateer(shard, options, new AbortController().signal, hooks).then(() => "started", (e) => e);
}

describe("--clean-reset", () => {
  it("leaves the data of a validateer alone that runs", async () => {
    const held = await openDataDir(folder);
    expect(await refusalOf("run", "--dev")).toMatchObject({ code: "InUse" });
    held.close();
    expect(left()).toEqual(ENTRIES.toSorted());
  });

  it("removes nothing when the start is refused: for its bundle, its root, its addresses or its shard", async () => {
    const missing = join(folder, "missing");
    expect(await refusalOf("--enclave-bundle", missing)).toMatchObject({ code: "Unreadable" });
    expect(await refusalOf("--platform-root", missing)).toMatchObject({ code: "PlatformRootUnusable" });
    expect(await refusalWith(undefined, { muRaExternalAddress: "a:b:c:d" })).toBeInstanceOf(TypeError);
    expect(await refusalWith("0OIl", {})).toBeInstanceOf(Error);
    expect(left()).toEqual(ENTRIES.toSorted());
  });

  it("removes nothing when the node's chain is none for an emulated enclave", async () => {
    const node = await startDevnode({ chain: "local" }, () => {});
    const { port } = new URL(node.url);
    const there = ["--enclave-bundle", join(folder, BUNDLE), "-u", "ws://127.0.0.1", "-p", port];
    expect(await refusalOf(...there)).toMatchObject({ code: "EmulatedEnclaveRefused" });
    await node.stop();
    expect(left()).toEqual(ENTRIES.toSorted());
  });

  it("removes nothing when the embedded node cannot listen", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const here = ["--enclave-bundle", join(folder, BUNDLE), "-p", `${port}`, "run", "--dev"];
    expect(await refusalOf(...here)).toMatchObject({ code: "AddressInUse" });
    listener.close();
    expect(left()).toEqual(ENTRIES.toSorted());
  });
});

describe("cleanReset()", () => {
  it("removes everything but the bundle, which may be the one that is to be started", async () => {
    const dataDir = await openDataDir(folder);
    await cleanReset(dataDir);
    expect(left()).toEqual([BUNDLE]);
    // The directory can be used at once.
    expect(await dataDir.sealedNames()).toEqual([]);
    await dataDir.writeSealed(KEYS_FILE, new Uint8Array([1]));
    dataDir.close();
  });

  it("leaves state without keys wherever it is cut short, so that the next start is refused", async () => {
    const dataDir = await openDataDir(folder);
    const { remove } = Deno;
    const cuts: string[][] = [];
    for (let allowed = 0, isDone = false; !isDone; allowed++) {
      await fill();
      let removed = 0;
      const spy = vi.spyOn(Deno, "remove").mockImplementation((path, options) =>
        removed++ < allowed ? remove(path, options) : Promise.reject(new Error("cut"))
      );
      isDone = await cleanReset(dataDir).then(() => true, () => false);
      spy.mockRestore();
      cuts.push(left());
    }
    dataDir.close();
    expect(cuts[0]).toEqual(ENTRIES.toSorted());
    expect(cuts.at(-1)).toEqual([BUNDLE]);
    const between = cuts.slice(1, -1);
    expect(between.length).toBeGreaterThan(5);
    for (const names of between) {
      expect(names).not.toContain(`sealed/${KEYS_FILE}`);
      expect(names).toContainEqual(expect.stringMatching(/^sealed\//u));
    }
  });
});
