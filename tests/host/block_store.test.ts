import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BlockStore, StoredBlock } from "../../src/host/block_store.ts";
import { openSqliteBlockStore } from "../../src/host/deno/sqlite_block_store.ts";

let folder: string;
let store: BlockStore;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
  store = openSqliteBlockStore(join(folder, "blocks.sqlite"));
});
afterEach(async () => {
  store.close();
  await Deno.remove(folder, { recursive: true });
});

function block(number: bigint, fork = 0): StoredBlock {
  const hash = new Uint8Array(32).fill(fork);
  hash[0] = Number(number);
  return { number, hash, bytes: new Uint8Array([Number(number), fork]) };
}

describe("openSqliteBlockStore()", () => {
  it("gives blocks by hash and from a height on, lowest first and forks in the order they came", () => {
    for (const b of [block(1n), block(3n), block(2n, 1), block(2n, 0)]) store.append(b);
    expect(store.byHash(block(2n, 1).hash)).toEqual(block(2n, 1));
    expect(store.byHash(new Uint8Array(32).fill(7))).toBeUndefined();
    expect(store.from(2n, 10)).toEqual([block(2n, 1), block(2n, 0), block(3n)]);
    expect(store.from(1n, 3)).toEqual([block(1n), block(2n, 1), block(2n, 0)]);
    expect(store.newest()).toEqual(block(3n));
  });

  it("ends a range at a whole height within the number asked for, unless one height has more", () => {
    for (const b of [block(1n), block(2n), block(2n, 1), block(3n)]) store.append(b);
    expect(store.from(1n, 4)).toHaveLength(4);
    expect(store.from(1n, 3)).toHaveLength(3);
    expect(store.from(1n, 2)).toEqual([block(1n)]);
    expect(store.from(2n, 1)).toEqual([block(2n)]);
  });

  it("ends a range at a whole height within the bytes asked for, after at least one block", () => {
    for (const b of [block(1n), block(2n), block(2n, 1), block(3n)]) store.append(b);
    expect(store.from(1n, 10, 8)).toHaveLength(4);
    expect(store.from(1n, 10, 7)).toEqual([block(1n), block(2n), block(2n, 1)]);
    expect(store.from(1n, 10, 5)).toEqual([block(1n)]);
    expect(store.from(1n, 10, 0)).toEqual([block(1n)]);
    expect(store.from(2n, 10, 3)).toEqual([block(2n)]);
    // A read that ended early does not keep the store from being written.
    store.append(block(4n));
    expect(store.count()).toBe(5);
  });

  it("holds a block once, prunes below a height, discards one that is cut off", () => {
    for (const b of [block(1n), block(1n), block(2n), block(3n)]) store.append(b);
    expect(store.count()).toBe(3);
    store.pruneBelow(2n);
    store.discard(block(3n).bytes);
    store.discard(block(2n).bytes.slice(1));
    expect(store.from(0n, 10)).toEqual([block(2n)]);
  });

  it("has a row that was cut off whole again when its block comes once more", () => {
    store.append({ ...block(1n), bytes: new Uint8Array([1]) });
    store.append(block(2n));
    store.append(block(1n));
    expect(store.from(0n, 10)).toEqual([block(1n), block(2n)]);
  });

  it("keeps no room in its log for blocks to come, so that a full disk is noticed at the next one", () => {
    const logBytes = () => Deno.statSync(join(folder, "blocks.sqlite-wal")).size;
    let greatest = 0;
    for (let n = 1n; logBytes() >= greatest; n++) {
      greatest = logBytes();
      store.append({ ...block(n), bytes: new Uint8Array(50_000) });
      if (n > 2_000n) expect.fail(`the log has ${greatest} bytes after ${n} blocks`);
    }
    expect(logBytes()).toBeLessThan(greatest / 10);
  });

  it("keeps every appended block through kill -9 of its process", async () => {
    const path = join(folder, "killed.sqlite");
    const module = new URL("../../src/host/deno/sqlite_block_store.ts", import.meta.url).href;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `import { openSqliteBlockStore } from "${module}";
         const store = openSqliteBlockStore(${JSON.stringify(path)});
         for (let i = 1; ; i++) {
           const hash = new Uint8Array(32); new DataView(hash.buffer).setUint32(0, i);
           store.append({ number: BigInt(i), hash, bytes: new Uint8Array(4096) });
           console.log(i);
         }`,
      ],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let printed = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed += text;
      if (printed.length > 2000) {
        child.kill("SIGKILL");
        break;
      }
    }
    await child.status;
    const acknowledged = Number(printed.slice(0, printed.lastIndexOf("\n")).split("\n").at(-1));
    const reopened = openSqliteBlockStore(path);
    expect(acknowledged).toBeGreaterThan(100);
    expect(reopened.count()).toBeGreaterThanOrEqual(acknowledged);
    reopened.close();
  });

  it("reports Corrupt for a file that is no database", async () => {
    const path = join(folder, "garbage.sqlite");
    await Deno.writeFile(path, new Uint8Array(4096).fill(65));
    expect(() => openSqliteBlockStore(path)).toThrow(expect.objectContaining({ code: "Corrupt" }));
  });

  it("reports Full when the disk takes no more", () => {
    const big = { ...block(9n), bytes: new Uint8Array(1 << 20) };
    // A limit on pages stands for a full disk: SQLite gives the same error for both.
    const small = openSqliteBlockStore(join(folder, "small.sqlite"), 8);
    expect(() => small.append(big)).toThrow(expect.objectContaining({ code: "Full" }));
    expect(small.count()).toBe(0);
    small.close();
  });
});
