import { describe, expect, it } from "vitest";
import { migrateShard } from "../../src/apps/validateer/migrate.ts";
import { openDataDir } from "../../src/host/deno/data_dir.ts";
import { createProgram, type RunOptions } from "../../src/apps/validateer/options.ts";

/** The options of a command line. */
async function optionsOf(...argv: string[]): Promise<RunOptions> {
  let parsed: RunOptions | undefined;
  const ignore = () => Promise.resolve();
  const program = createProgram({
    run: ignore,
    migrateShard: (_folder, _shard, options) => Promise.resolve(void (parsed = options)),
    ...{ shieldingKey: ignore, signingKey: ignore, mrenclave: ignore },
  }, "0.1.0");
  await program.parseAsync([...argv, "migrate-shard", "there"], { from: "user" });
  return parsed as RunOptions;
}

const never = new AbortController().signal;

describe("migrateShard()", () => {
  it("needs the bundle that the data directory belongs to", async () => {
    const folder = await Deno.makeTempDir({ prefix: "integritee-migrate-" });
    try {
      const options = await optionsOf("--data-dir", folder);
      await expect(migrateShard("there", undefined, options, never)).rejects.toMatchObject({ code: "Unreadable" });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  it("needs a parentchain that does not belong to the data directory", async () => {
    const embedded = { ...await optionsOf("--data-dir", "here"), dev: true };
    const refusal = { code: "ParentchainNeeded" };
    await expect(migrateShard("there", undefined, embedded, never)).rejects.toMatchObject(refusal);
  });

  it("needs keys in the data directory, and one on which no validateer runs", async () => {
    const folder = await Deno.makeTempDir({ prefix: "integritee-migrate-" });
    try {
      await Deno.writeTextFile(`${folder}/enclave.js`, "no enclave");
      const options = await optionsOf("--data-dir", folder);
      await expect(migrateShard("there", undefined, options, never)).rejects.toMatchObject({ code: "KeysMissing" });
      const held = await openDataDir(folder);
      await expect(migrateShard("there", undefined, options, never)).rejects.toMatchObject({ code: "InUse" });
      held.close();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});
