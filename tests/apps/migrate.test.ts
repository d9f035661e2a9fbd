import { describe, expect, it } from "vitest";
import { migrateShard } from "../../src/apps/validateer/migrate.ts";
import { storedShard } from "../../src/apps/validateer/stored_shard.ts";
import { openDataDir } from "../../src/host/deno/data_dir.ts";
import { openSqliteBlockStore } from "../../src/host/deno/sqlite_block_store.ts";
import { blockHash } from "../../src/primitives/branded.ts";
import { signedBlock } from "../../src/types/signed_block.ts";
import { blockOn } from "../host/peers/support.ts";
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

  it("needs the shard's name if the data directory has no blocks", async () => {
    const folder = await Deno.makeTempDir({ prefix: "integritee-migrate-" });
    try {
      await Deno.writeTextFile(`${folder}/enclave.js`, "no enclave");
      const options = await optionsOf("--data-dir", folder);
      await expect(migrateShard("there", undefined, options, never)).rejects.toMatchObject({ code: "ShardUnknown" });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});

describe("storedShard()", () => {
  it("is the shard of the blocks, whatever code made them, also if the newest was cut off", async () => {
    const folder = await Deno.makeTempDir({ prefix: "integritee-shard-" });
    try {
      expect(await storedShard(folder)).toBeUndefined();
      const block = blockOn(blockHash(new Uint8Array(32)), 1);
      const bytes = signedBlock.encode(block);
      const store = openSqliteBlockStore(`${folder}/sidechain.sqlite`);
      store.append({ number: 1n, hash: new Uint8Array(32).fill(1), bytes });
      expect(await storedShard(folder)).toEqual(block.block.header.shardId);
      store.append({ number: 2n, hash: new Uint8Array(32).fill(2), bytes: bytes.subarray(0, -1) });
      expect(await storedShard(folder)).toEqual(block.block.header.shardId);
      store.pruneBelow(2n);
      store.close();
      expect(await storedShard(folder)).toBeUndefined();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  it("refuses a data directory on which a validateer runs", async () => {
    const folder = await Deno.makeTempDir({ prefix: "integritee-shard-" });
    const held = await openDataDir(folder);
    try {
      await expect(storedShard(folder)).rejects.toMatchObject({ code: "InUse" });
    } finally {
      held.close();
      await Deno.remove(folder, { recursive: true });
    }
  });
});
