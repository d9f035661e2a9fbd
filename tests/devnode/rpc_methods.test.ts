/** Answers of the RPC methods that a whole node rarely shows, on the fake runtime and without sockets. */
import { describe, expect, it } from "vitest";
import { DevChain } from "../../src/devnode/chain.ts";
import { createMemoryStore } from "../../src/devnode/chain_store.ts";
import { createDevKeys } from "../../src/devnode/dev_keys.ts";
import { finalityProof } from "../../src/devnode/grandpa.ts";
import { DevNode } from "../../src/devnode/node.ts";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import { fromHex } from "../../src/primitives/hex.ts";
import { computeHeaderHash } from "../../src/parentchain/header.ts";
import { TransactionPool } from "../../src/devnode/pool/transaction_pool.ts";
import { devnodeMethods } from "../../src/devnode/rpc/method_table.ts";
import { RpcRouter } from "../../src/transport/router.ts";
import { createFakeRuntime, FAKE_SLOT_MS, fakeExtrinsic, KIND } from "./fake_runtime.ts";

const keys = createDevKeys(["//Alice", "//Bob"]);

function setUp(statesKept = 3, pool = new TransactionPool()) {
  const runtime = createFakeRuntime();
  const justifications = { period: 1 };
  const store = createMemoryStore();
  const chain = new DevChain({ runtime, preset: "dev", store, keys, statesKept, justifications });
  const clock = { nowMs: 1_000_000 };
  const node = new DevNode(chain, () => clock.nowMs, pool);
  const identity = {
    name: "test",
    version: "0",
    chain: "Test",
    chainType: "Local" as const,
    publicKey: new Uint8Array(32),
  };
  const methods = devnodeMethods({ node, identity, startingBlock: 0, prepare: () => undefined }, "full");
  const router = new RpcRouter(methods);
  const nextBlock = () => {
    clock.nowMs += FAKE_SLOT_MS;
    node.tick();
    node.finalize();
  };
  const request = async (method: string, ...params: readonly unknown[]) => {
    const text = await router.answerFrame(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }), undefined);
    return JSON.parse(text ?? "null") as {
      result?: unknown;
      error?: { code: number; message: string; data?: unknown };
    };
  };
  return { chain, node, nextBlock, request };
}

describe("state_* on old blocks", () => {
  it("says that the state is discarded where the block is known, and still gives header and block", async () => {
    const { chain, nextBlock, request } = setUp();
    for (let i = 0; i < 6; i++) nextBlock();
    const hash = toHex(chain.hashOf(1) as Uint8Array);
    for (const method of ["state_getStorage", "state_getReadProof", "state_queryStorageAt"]) {
      const key = method === "state_getStorage" ? "0x00" : ["0x00"];
      expect((await request(method, key, hash)).error).toEqual({
        code: 4003,
        message: `Client error: UnknownBlock: State already discarded for ${hash}`,
      });
    }
    expect((await request("state_getRuntimeVersion", hash)).error?.code).toBe(4003);
    expect((await request("chain_getHeader", hash)).result).toMatchObject({ number: "0x1" });
  });
});

describe("author_* refusals", () => {
  it("answers 1014 and 1016 with Substrate's texts", async () => {
    const { request } = setUp(3, new TransactionPool({ count: 1, bytes: 1000 }));
    const submit = (...args: Parameters<typeof fakeExtrinsic>) =>
      request("author_submitExtrinsic", toHex(fakeExtrinsic(...args)));
    expect((await submit(1, 0, KIND.plain, 5)).result).toMatch(/^0x[0-9a-f]{64}$/);
    expect((await submit(1, 0, KIND.plain, 5)).error?.code).toBe(1013);
    expect((await submit(1, 0, KIND.plain, 3)).error).toEqual({
      code: 1014,
      message: "Priority is too low: (5 vs 3)",
      data: "The transaction has too low priority to replace another transaction already in the pool.",
    });
    expect((await submit(2, 0, KIND.plain, 1)).error).toEqual({
      code: 1016,
      message: "Immediately Dropped",
      data: "The transaction couldn't enter the pool because of the limit",
    });
    expect((await request("author_pendingExtrinsics")).result).toEqual([toHex(fakeExtrinsic(1, 0, KIND.plain, 5))]);
  });
});

describe("system_dryRun", () => {
  it("gives the encoded result without changing anything", async () => {
    const { chain, nextBlock, request } = setUp();
    nextBlock();
    const head = chain.head.hash;
    const dryRun = async (...args: Parameters<typeof fakeExtrinsic>) =>
      (await request("system_dryRun", toHex(fakeExtrinsic(...args)))).result;
    expect(await dryRun(1, 0)).toBe("0x0000");
    expect(await dryRun(1, 3)).toBe("0x010002");
    expect(await dryRun(1, 0, KIND.turnsInvalid)).toBe("0x010001");
    expect(await dryRun(1, 0, KIND.tooBig)).toBe("0x010006");
    expect(chain.head.hash).toEqual(head);
  });
});

describe("payment_*", () => {
  it("answers with Substrate's sentence where the runtime cannot tell", async () => {
    const { request } = setUp();
    expect((await request("payment_queryInfo", "0x00")).error).toMatchObject({
      code: 1,
      message: "Unable to query dispatch info.",
    });
  });
});

describe("grandpa_proveFinality", () => {
  it("proves a block of an old set by the last block of that set, and one of the present set by the newest", async () => {
    const { chain, node, nextBlock, request } = setUp();
    for (let i = 0; i < 3; i++) nextBlock();
    node.submit(fakeExtrinsic(1, 0, KIND.handOver));
    for (let i = 0; i < 3; i++) nextBlock();
    const prove = async (number: number) =>
      finalityProof.decode(fromHex((await request("grandpa_proveFinality", number)).result as Hex));
    const old = await prove(2);
    expect(toHex(old.block)).toBe(toHex(chain.hashOf(4) as Uint8Array));
    expect(old.unknownHeaders.map(({ number }) => number)).toEqual([3, 4]);
    expect(toHex(computeHeaderHash(old.unknownHeaders[1] as never))).toBe(toHex(old.block));
    const present = await prove(5);
    expect(toHex(present.block)).toBe(toHex(chain.hashOf(6) as Uint8Array));
    expect((await request("grandpa_roundState")).result).toMatchObject({
      setId: 1,
      best: { round: 3, totalWeight: 1, thresholdWeight: 1 },
    });
    expect((await request("grandpa_proveFinality", 7)).error?.code).toBe(4);
  });
});
