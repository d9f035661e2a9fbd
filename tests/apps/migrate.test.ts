import { describe, expect, it } from "vitest";
import { migrateShard } from "../../src/apps/validateer/migrate.ts";
import { openDataDir } from "../../src/host/deno/data_dir.ts";
import { optionsOf } from "./command_line.ts";

const MIGRATE = ["migrate-shard", "there"];
const never = new AbortController().signal;

describe("migrateShard()", () => {
  it("needs the bundle that the data directory belongs to", async () => {
    const folder = await Deno.makeTempDir({ prefix: "integritee-migrate-" });
    try {
      const options = await optionsOf("--data-dir", folder, ...MIGRATE);
      await expect(migrateShard("there", undefined, options, never)).rejects.toMatchObject({ code: "Unreadable" });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  it("needs a parentchain that does not belong to the data directory", async () => {
    const embedded = { ...await optionsOf("--data-dir", "here", ...MIGRATE), dev: true };
    const refusal = { code: "ParentchainNeeded" };
    await expect(migrateShard("there", undefined, embedded, never)).rejects.toMatchObject(refusal);
  });

  it("needs keys in the data directory, and one on which no validateer runs", async () => {
    const folder = await Deno.makeTempDir({ prefix: "integritee-migrate-" });
    try {
      await Deno.writeTextFile(`${folder}/enclave.js`, "no enclave");
      const options = await optionsOf("--data-dir", folder, ...MIGRATE);
      await expect(migrateShard("there", undefined, options, never)).rejects.toMatchObject({ code: "KeysMissing" });
      const held = await openDataDir(folder);
      await expect(migrateShard("there", undefined, options, never)).rejects.toMatchObject({ code: "InUse" });
      held.close();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});
