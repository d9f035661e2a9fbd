import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  bundleEnclave,
  ENCLAVE_BUNDLE,
  ENCLAVE_ENTRY,
  ensureEnclaveBundle,
  PROJECT_ROOT,
} from "../../src/host/deno/bundle.ts";

/** An entry that pulls in what the enclave's bundle is made of: wasm, certificates, node modules. */
const ENTRY = `
import { createPckChain } from "../enclave/platform/pck_chain.ts";
import { installFastCrypto } from "../crypto/fast.ts";
import { createServer } from "node:tls";
globalThis.onmessage = async () => { await installFastCrypto(); postMessage([createPckChain.name, createServer.name]); };
`;

let folder = "";
beforeEach(async () => {
  folder = await Deno.realPath(await Deno.makeTempDir());
});
afterEach(() => Deno.remove(folder, { recursive: true }));

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyTree(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

async function project(name: string, entry: string): Promise<string> {
  const root = join(folder, name);
  for (const floor of ["primitives", "codec", "crypto", "types", "attestation", "enclave"]) {
    await copyTree(join(PROJECT_ROOT, "src", floor), join(root, "src", floor));
  }
  await Deno.symlink(join(PROJECT_ROOT, "node_modules"), join(root, "node_modules"));
  await Deno.mkdir(join(root, "src/apps"), { recursive: true });
  await Deno.writeTextFile(join(root, ENCLAVE_ENTRY), entry);
  return root;
}

describe("bundleEnclave()", () => {
  it("gives the same bytes in two folders and twice in one", async () => {
    const [here, there] = [await project("a", ENTRY), await project("elsewhere/deep/down", ENTRY)];
    const first = await bundleEnclave(here);
    expect(await bundleEnclave(there)).toEqual(first);
    expect(await bundleEnclave(here)).toEqual(first);
    const text = new TextDecoder().decode(first);
    expect(text).not.toContain(folder);
    expect(text.startsWith("delete globalThis.caches;")).toBe(true);
  });

  it("gives other bytes for other sources", async () => {
    const root = await project("a", ENTRY);
    const first = await bundleEnclave(root);
    await Deno.writeTextFile(join(root, ENCLAVE_ENTRY), `${ENTRY}postMessage(1);`);
    expect(await bundleEnclave(root)).not.toEqual(first);
  });

  for (
    const [why, entry, code] of [
      ["node:worker_threads", 'import { Worker } from "node:worker_threads"; new Worker("x");', "ForbiddenImport"],
      ["node:fs without its prefix", 'import { readFileSync } from "fs"; readFileSync("x");', "ForbiddenImport"],
      ["node:child_process by require", 'globalThis.x = require("node:child_process");', "ForbiddenImport"],
      ["a module chosen at run time", "const name = globalThis.name; globalThis.x = import(name);", "ForbiddenText"],
      ["a built-in by name", 'globalThis.process.getBuiltinModule("worker_threads");', "ForbiddenText"],
      ["a literal dynamic import", 'import("node:worker_threads");', "ForbiddenImport"],
      ["a missing file", 'import "./missing.ts";', "BuildFailed"],
    ] as const
  ) {
    it(`reports ${code} for ${why}`, async () => {
      const root = await project("a", entry);
      await expect(bundleEnclave(root)).rejects.toMatchObject({ name: "BundleError", code });
    });
  }

  it("reports PathLeak when the folder's name gets into the bundle", async () => {
    const root = await project("a", "");
    await Deno.writeTextFile(join(root, ENCLAVE_ENTRY), `globalThis.x = ${JSON.stringify(root)};`);
    await expect(bundleEnclave(root)).rejects.toMatchObject({ code: "PathLeak" });
  });
});

describe("ensureEnclaveBundle()", () => {
  it("writes the bundle if it is missing or outdated, and leaves it alone if not", async () => {
    const root = await project("a", "globalThis.x = 1;");
    const first = await ensureEnclaveBundle(root);
    expect(first.path).toBe(join(root, ENCLAVE_BUNDLE));
    expect(await Deno.readFile(first.path)).toEqual(first.bytes);
    await Deno.utime(first.path, 1, 1);
    await ensureEnclaveBundle(root);
    expect((await Deno.stat(first.path)).mtime?.getTime()).toBe(1_000);
    await Deno.writeTextFile(first.path, "changed by somebody");
    await ensureEnclaveBundle(root);
    expect(await Deno.readFile(first.path)).toEqual(first.bytes);
  });
});
