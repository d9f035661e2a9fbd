/** The development parentchain in a worker thread, as the validateer embeds it. */
import { describe, expect, it, vi } from "vitest";
import { startDevnodeWorker } from "../../src/devnode/deno/start_worker.ts";
import type { Hex } from "../../src/primitives/hex.ts";
import { ask, PATIENCE, TEST_BLOCK_TIME_MS, until } from "./devnode_support.ts";

vi.setConfig(PATIENCE);

describe("startDevnodeWorker()", () => {
  it("serves the chain whose genesis it tells, goes on from its folder, and frees its port when it stops", async () => {
    const dataDir = await Deno.makeTempDir({ prefix: "devnode-worker-" });
    const first = await startDevnodeWorker({ dataDir, blockTimeMs: TEST_BLOCK_TIME_MS });
    const rpcPort = Number(new URL(first.url).port);
    expect(await ask(first.url, "chain_getBlockHash", 0)).toBe(first.genesisHash);
    await until("there is a block", async () => await ask(first.url, "chain_getBlockHash", 1) !== null);
    const block = await ask<Hex>(first.url, "chain_getBlockHash", 1);
    await Promise.all([first.stop(), first.stop()]);
    const second = await startDevnodeWorker({ dataDir, blockTimeMs: TEST_BLOCK_TIME_MS, rpcPort });
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, "chain_getBlockHash", 1)).toBe(block);
    await second.stop();
    await Deno.remove(dataDir, { recursive: true });
  });

  it("reports why it cannot start, by code", async () => {
    const running = await startDevnodeWorker({ blockTimeMs: TEST_BLOCK_TIME_MS });
    const rpcPort = Number(new URL(running.url).port);
    await expect(startDevnodeWorker({ rpcPort })).rejects.toMatchObject({ code: "AddressInUse" });
    await expect(startDevnodeWorker({ platformRoot: "nothing" })).rejects.toMatchObject({
      code: "PlatformRootUnreadable",
    });
    await expect(startDevnodeWorker({ dataDir: "/proc/nowhere" })).rejects.toMatchObject({ code: "DataDirUnusable" });
    await running.stop();
  });

  it("refuses choices out of their bounds before it starts anything", async () => {
    await expect(startDevnodeWorker({ blockTimeMs: 99 })).rejects.toThrow(RangeError);
    await expect(startDevnodeWorker({ rpcPort: 65_536 })).rejects.toThrow(RangeError);
    await expect(startDevnodeWorker({ statesKept: 255 })).rejects.toThrow(RangeError);
  });
});
