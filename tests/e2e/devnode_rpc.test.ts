/** JSON-RPC of the development parentchain without any client library: forms, limits and profiles. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { MAX_KEYS_PER_PAGE } from "../../src/devnode/rpc/state_methods.ts";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { twox128 } from "../../src/crypto/twox.ts";
import { concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import { fromHex, type Hex, toHex } from "../../src/primitives/hex.ts";
import { parentchainHeader } from "../../src/parentchain/header.ts";
import { computeOrderedRoot } from "../../src/trie/trie.ts";
import { MAX_RPC_SUBSCRIPTIONS } from "../../src/devnode/deno/rpc_server.ts";
import { type RunningDevnode, startDevnode } from "../../src/devnode/deno/run_devnode.ts";
import { type RpcProfile } from "../../src/devnode/options.ts";
import { ask, PATIENCE, post, postText, RawClient, TEST_BLOCK_TIME_MS, until } from "./devnode_support.ts";

vi.setConfig(PATIENCE);

interface HeaderJson {
  readonly parentHash: Hex;
  readonly number: Hex;
  readonly stateRoot: Hex;
  readonly extrinsicsRoot: Hex;
  readonly digest: { readonly logs: readonly Hex[] };
}

interface BlockJson {
  readonly block: { readonly header: HeaderJson; readonly extrinsics: readonly Hex[] };
  readonly justifications: readonly (readonly [number[], number[]])[] | null;
}

const errors: string[] = [];

async function start(rpcProfile: RpcProfile, prometheusPort?: number): Promise<RunningDevnode> {
  return await startDevnode(
    { rpcProfile, blockTimeMs: TEST_BLOCK_TIME_MS, prometheusPort },
    (level, message) => level === "info" || errors.push(message),
  );
}

function storageKey(pallet: string, item: string): Hex {
  return toHex(concatBytes(twox128(utf8(pallet)), twox128(utf8(item))));
}

describe("JSON-RPC of the devnode", () => {
  let node: RunningDevnode;
  let url: string;

  beforeAll(async () => {
    node = await start("full", 0);
    url = node.url;
    await until("there are three blocks", async () => Number((await header()).number) >= 3);
  });

  afterAll(async () => {
    await node.stop();
    expect(errors).toEqual([]);
  });

  const header = (hash?: Hex) => ask<HeaderJson>(url, "chain_getHeader", ...(hash === undefined ? [] : [hash]));

  it("gives headers whose hash is recomputed, whose parents link, and whose extrinsics root is that of the body", async () => {
    const [h0, h1, h2, none] = await ask<(Hex | null)[]>(url, "chain_getBlockHash", [0, 1, "0x2", 99_999]);
    expect(none).toBe(null);
    expect(h0).toBe(node.genesisHash);
    const { block } = await ask<BlockJson>(url, "chain_getBlock", h2);
    expect([block.header.number, block.header.parentHash]).toEqual(["0x2", h1]);
    const encoded = concatBytes(
      fromHex(block.header.parentHash),
      new Uint8Array([2 << 2]),
      fromHex(block.header.stateRoot),
      fromHex(block.header.extrinsicsRoot),
      new Uint8Array([block.header.digest.logs.length << 2]),
      ...block.header.digest.logs.map(fromHex),
    );
    expect(toHex(blake2_256(encoded))).toBe(h2);
    expect(parentchainHeader.decode(encoded).digest.map(({ type }) => type)).toEqual(["PreRuntime", "Seal"]);
    expect(toHex(computeOrderedRoot(block.extrinsics.map(fromHex), 0))).toBe(block.header.extrinsicsRoot);
    expect(await ask(url, "chain_getBlock", `0x${"00".repeat(32)}`)).toBe(null);
    expect(await ask(url, "chain_getHeader", `0x${"00".repeat(32)}`)).toBe(null);
    expect(await ask(url, "chain_getBlockHash", 0)).toBe(h0);
  });

  it("keeps a justification with every block in the full profile", async () => {
    const hash = await ask<Hex>(url, "chain_getBlockHash", 1);
    const { justifications } = await ask<BlockJson>(url, "chain_getBlock", hash);
    expect(justifications?.length).toBe(1);
    expect(justifications?.[0]?.[0]).toEqual([70, 82, 78, 75]);
    expect(await ask<string>(url, "grandpa_proveFinality", 1)).toMatch(/^0x/);
    const refused = await post(url, "grandpa_proveFinality", 99_999);
    expect(refused.error?.message).toContain("has not yet been finalized");
  });

  it("answers system methods in the form of a Substrate node", async () => {
    expect(await ask(url, "system_chainType")).toBe("Development");
    expect(await ask(url, "system_health")).toEqual({ peers: 0, isSyncing: false, shouldHavePeers: false });
    expect(await ask(url, "system_properties")).toEqual({ ss58Format: 13, tokenDecimals: 12, tokenSymbol: "TEER" });
    expect(await ask(url, "system_peers")).toEqual([]);
    expect(await ask(url, "system_nodeRoles")).toEqual(["Authority"]);
    expect(await ask<string>(url, "system_localPeerId")).toMatch(/^12D3KooW/);
    expect(await ask<{ currentBlock: number }>(url, "system_syncState")).toMatchObject({ startingBlock: 0 });
    const { methods } = await ask<{ methods: string[] }>(url, "rpc_methods");
    for (const name of ["chain_subscribeNewHead", "chain_subscribeNewHeads", "state_call", "grandpa_roundState"]) {
      expect(methods).toContain(name);
    }
    const response = await fetch(`${url.replace("ws:", "http:")}/health`);
    expect(await response.json()).toEqual({ peers: 0, isSyncing: false, shouldHavePeers: false });
  });

  it("reads storage in every form the same", async () => {
    const key = storageKey("Timestamp", "Now");
    const at = await ask<Hex>(url, "chain_getBlockHash", 2);
    const value = await ask<Hex>(url, "state_getStorage", key, at);
    expect(fromHex(value).length).toBe(8);
    expect(await ask(url, "state_getStorageHash", key, at)).toBe(toHex(blake2_256(fromHex(value))));
    expect(await ask(url, "state_getStorageSize", key, at)).toBe(8);
    expect(await ask(url, "state_queryStorageAt", [key, "0xdead"], at)).toEqual([
      { block: at, changes: [[key, value], ["0xdead", null]] },
    ]);
    const from = await ask<Hex>(url, "chain_getBlockHash", 1);
    const range = await ask<{ block: Hex; changes: unknown[] }[]>(url, "state_queryStorage", [key, "0xdead"], from, at);
    expect(range.map(({ block, changes }) => [block, changes.length])).toEqual([[from, 2], [at, 1]]);
    expect(await ask(url, "state_getStorage", "0xdead")).toBe(null);
    expect((await post(url, "state_queryStorage", [key], at, from)).error?.code).toBe(4001);
  });

  it("pages through all keys in order, each once", async () => {
    const at = await ask<Hex>(url, "chain_getBlockHash", 1);
    const paged: Hex[] = [];
    for (let last: Hex | null = null;;) {
      const page: Hex[] = await ask<Hex[]>(url, "state_getKeysPaged", "0x", 7, last, at);
      paged.push(...page);
      if (page.length < 7) break;
      last = page.at(-1) as Hex;
    }
    expect(paged).toEqual([...new Set(paged)].sort());
    const pairs = await ask<[Hex, Hex][]>(url, "state_getPairs", "0x", at);
    expect(pairs.map(([key]) => key)).toEqual(paged);
    expect(await ask(url, "state_getKeys", storageKey("System", "Account").slice(0, 34), at)).toEqual(
      paged.filter((key) => key.startsWith(storageKey("System", "Account").slice(0, 34))),
    );
    const tooMany = await post(url, "state_getKeysPaged", "0x", MAX_KEYS_PER_PAGE + 1, null);
    expect(tooMany.error).toMatchObject({ code: 4002 });
  });

  it("refuses unknown blocks, functions, methods and malformed parameters with the right codes", async () => {
    const unknown = `0x${"ab".repeat(32)}`;
    expect((await post(url, "state_getStorage", "0x00", unknown)).error).toEqual({
      code: 4003,
      message: `Client error: UnknownBlock: Header was not found in the database: ${unknown}`,
    });
    expect((await post(url, "state_call", "Nothing_here", "0x")).error).toMatchObject({
      code: 4003,
      message: expect.stringContaining("Exported method Nothing_here is not found"),
    });
    expect((await post(url, "nothing_here")).error?.code).toBe(-32601);
    for (
      const [method, ...params] of [
        ["chain_getHeader", "0x12"],
        ["chain_getBlockHash", -1],
        ["chain_getBlockHash", "many"],
        ["state_getStorage"],
        ["state_getStorage", 7],
        ["state_getReadProof", "0x00"],
        ["state_subscribeStorage", null],
        ["system_accountNextIndex", "not an address"],
        ["author_submitExtrinsic", "0x1"],
      ] as const
    ) expect((await post(url, method, ...params)).error?.code, method).toBe(-32602);
    expect(await postText(url, "{")).toMatchObject({ id: null, error: { code: -32700 } });
    expect(await postText(url, '{"id":1}')).toMatchObject({ error: { code: -32600 } });
    const get = await fetch(url.replace("ws:", "http:"));
    expect(get.status).toBe(405);
    await get.body?.cancel();
  });

  it("answers batches, and refuses subscriptions over HTTP", async () => {
    const batch = [1, 2].map((id) => ({ jsonrpc: "2.0", id, method: "system_chainType", params: [] }));
    expect(await postText(url, JSON.stringify(batch))).toEqual(
      [1, 2].map((id) => ({ jsonrpc: "2.0", id, result: "Development" })),
    );
    expect((await post(url, "chain_subscribeNewHeads")).error?.code).toBe(-32000);
  });

  it("serves every name of every subscription with the notification that clients wait for", async () => {
    const client = await RawClient.connect(url);
    const key = storageKey("System", "Number");
    const cases: readonly (readonly [method: string, notification: string, unsubscribe: string, params: unknown[]])[] =
      [
        ["chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads", []],
        ["chain_subscribeNewHead", "chain_newHead", "chain_unsubscribeNewHead", []],
        ["subscribe_newHead", "chain_newHead", "unsubscribe_newHead", []],
        ["chain_subscribeAllHeads", "chain_allHead", "chain_unsubscribeAllHeads", []],
        ["chain_subscribeFinalizedHeads", "chain_finalizedHead", "chain_unsubscribeFinalizedHeads", []],
        ["chain_subscribeFinalisedHeads", "chain_finalizedHead", "chain_unsubscribeFinalisedHeads", []],
        ["state_subscribeStorage", "state_storage", "state_unsubscribeStorage", [[key]]],
        ["state_subscribeRuntimeVersion", "state_runtimeVersion", "state_unsubscribeRuntimeVersion", []],
        ["grandpa_subscribeJustifications", "grandpa_justifications", "grandpa_unsubscribeJustifications", []],
      ];
    for (const [method, notification, unsubscribe, params] of cases) {
      const { result: id } = await client.request(method, ...params);
      expect(typeof id, method).toBe("string");
      await until(`${method} notifies`, () => client.resultsOf(id).length > 0);
      expect(client.notifications.find(({ subscription }) => subscription === id)?.method).toBe(notification);
      expect((await client.request(unsubscribe, id)).result, unsubscribe).toBe(true);
      expect((await client.request(unsubscribe, id)).result).toBe(false);
    }
    await client.close();
  });

  it("notifies storage subscribers of exactly the keys that a block changed", async () => {
    const client = await RawClient.connect(url);
    const [number, sudo] = [storageKey("System", "Number"), storageKey("Sudo", "Key")];
    const { result: id } = await client.request("state_subscribeStorage", [number, sudo, "0xdead"]);
    await until("two blocks have come", () => client.resultsOf(id).length >= 3);
    const [first, ...rest] = client.resultsOf(id) as { changes: [Hex, Hex | null][] }[];
    expect(first?.changes.map(([key]) => key)).toEqual([number, sudo, "0xdead"]);
    expect(first?.changes[2]?.[1]).toBe(null);
    for (const { changes } of rest) expect(changes.map(([key]) => key)).toEqual([number]);
    await client.close();
  });

  it("bounds the subscriptions of a connection", async () => {
    const client = await RawClient.connect(url);
    const requests = Array.from({ length: MAX_RPC_SUBSCRIPTIONS + 1 }, () => "state_subscribeRuntimeVersion");
    let refused = 0;
    for (let i = 0; i < requests.length; i += 200) {
      const answers = await Promise.all(requests.slice(i, i + 200).map((method) => client.request(method)));
      refused += answers.filter(({ error }) => error !== undefined).length;
    }
    expect(refused).toBe(1);
    await client.close();
  });

  it("offers metrics and health", async () => {
    const text = await (await fetch(node.prometheusUrl as string)).text();
    expect(text).toMatch(/substrate_block_height\{status="best",chain="Integritee Edge Development"\} \d+/);
    expect(text).toMatch(/substrate_block_height\{status="finalized",chain="[^"]+"\} \d+/);
    expect(text).toContain("substrate_ready_transactions_number");
    const health = await fetch((node.prometheusUrl as string).replace("/metrics", "/health"));
    expect([health.status, (await health.json()).isHealthy]).toEqual([200, true]);
  });
});

describe("profile integritee", () => {
  it("offers no grandpa methods and no justification of common blocks, but finality all the same", async () => {
    const node = await start("integritee");
    try {
      const { methods } = await ask<{ methods: string[] }>(node.url, "rpc_methods");
      expect(methods.filter((name) => name.startsWith("grandpa_"))).toEqual([]);
      expect((await post(node.url, "grandpa_roundState")).error?.code).toBe(-32601);
      let number = 0;
      await until("block 2 is final", async () => {
        const hash = await ask<Hex>(node.url, "chain_getFinalizedHead");
        number = Number((await ask<HeaderJson>(node.url, "chain_getHeader", hash)).number);
        return number >= 2;
      });
      const hash = await ask<Hex>(node.url, "chain_getBlockHash", 2);
      expect((await ask<BlockJson>(node.url, "chain_getBlock", hash)).justifications).toBe(null);
    } finally {
      await node.stop();
    }
  });
});
