import { afterEach, describe, expect, it } from "vitest";
import { type RunningDevnode, startDevnode } from "../../src/devnode/deno/run_devnode.ts";
import { BlockFetcher, type BlockSource } from "../../src/host/parentchain/block_fetcher.ts";
import { JustificationFeed } from "../../src/host/parentchain/justification_feed.ts";
import { NodeLink } from "../../src/host/parentchain/link.ts";
import { ask } from "../e2e/devnode_support.ts";
import { computeHeaderHash, type ParentchainHeader, parentchainHeader } from "../../src/parentchain/header.ts";
import { blockInput, parentchainInfo } from "../../src/parentchain/parentchain_init.ts";
import { type BlockHash, blockHash, h256 } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";

function header(number: number, parentHash: BlockHash): ParentchainHeader {
  const root = h256(new Uint8Array(32).fill(number));
  return { parentHash, number, stateRoot: root, extrinsicsRoot: root, digest: [] };
}

/** A chain of empty blocks as a node tells it; counts what is asked. */
class FakeNode implements BlockSource {
  readonly headers: ParentchainHeader[] = [header(0, blockHash(new Uint8Array(32)))];
  readonly asked: string[] = [];

  grow(): ParentchainHeader {
    const last = this.headers.at(-1) as ParentchainHeader;
    const next = header(this.headers.length, computeHeaderHash(last));
    this.headers.push(next);
    return next;
  }

  blockHash(number: number) {
    this.asked.push(`hash ${number}`);
    return Promise.resolve(computeHeaderHash(this.headers[number] as ParentchainHeader));
  }

  block(hash: Uint8Array) {
    const found = this.headers.find((one) => toHex(computeHeaderHash(one)) === toHex(hash));
    if (found === undefined) return Promise.reject(new Error("unknown block"));
    this.asked.push(`block ${found.number}`);
    const headerBytes = parentchainHeader.encode(found);
    return Promise.resolve({ header: found, headerBytes, extrinsics: [], justification: undefined });
  }

  readProof() {
    this.asked.push("proof");
    return Promise.resolve([]);
  }

  values() {
    return Promise.resolve([]);
  }
}

describe("BlockFetcher", () => {
  const range = (from: number, to: number) => ({ from, to, keys: [], contentFrom: 1 });

  it("asks twice for an announced block and for its parent, three times for another", async () => {
    const node = new FakeNode();
    for (let i = 0; i < 4; i++) node.grow();
    const fetcher = new BlockFetcher(node, "sealed", new JustificationFeed());
    fetcher.noteAnnounced(node.headers[4] as ParentchainHeader);
    const { blocks } = await fetcher.next(range(2, 4));
    expect(blocks.map((bytes) => parentchainHeader.decode(blockInput.decode(bytes).header).number)).toEqual([2, 3, 4]);
    expect(node.asked.toSorted()).toEqual(["block 2", "block 3", "block 4", "hash 2", "proof", "proof", "proof"]);
  });

  it("asks the node when what was announced was used before, so that a refused block is not asked for again", async () => {
    const node = new FakeNode();
    const announced = node.grow();
    const fetcher = new BlockFetcher(node, "sealed", new JustificationFeed());
    fetcher.noteAnnounced(announced);
    await fetcher.next(range(1, 1));
    await fetcher.next(range(1, 1));
    expect(node.asked).toEqual(["block 1", "proof", "hash 1", "block 1", "proof"]);
  });

  it("forgets the oldest of many announced blocks", async () => {
    const node = new FakeNode();
    const fetcher = new BlockFetcher(node, "sealed", new JustificationFeed());
    for (let i = 0; i < 100; i++) fetcher.noteAnnounced(node.grow());
    await fetcher.next(range(1, 1));
    await fetcher.next(range(100, 100));
    expect(node.asked.filter((question) => question.startsWith("hash"))).toEqual(["hash 1"]);
  });
});

let node: RunningDevnode | undefined;
let link: NodeLink | undefined;
let relay: Deno.HttpServer<Deno.NetAddr> | undefined;
afterEach(async () => {
  await link?.stop();
  await relay?.shutdown();
  await node?.stop();
});

/** What a relay does with messages; by default it hands them on. */
interface RelayRules {
  readonly onRequest?: (text: string, ask: (text: string) => void, answer: (text: string) => void) => void;
  readonly onAnswer?: (text: string, answer: (text: string) => void) => void;
}

/** Opens a relay to a node; gives its address. */
function relayTo(target: string, { onRequest, onAnswer }: RelayRules): string {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const outward = new WebSocket(target);
    const opened = new Promise((resolve) => outward.onopen = resolve);
    const answer = (text: string) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    };
    const ask = (text: string) => outward.send(text);
    socket.onmessage = async ({ data }) => {
      await opened;
      if (onRequest === undefined) ask(data);
      else onRequest(data, ask, answer);
    };
    socket.onclose = () => outward.close();
    outward.onmessage = ({ data }) => onAnswer === undefined ? answer(data) : onAnswer(data, answer);
    return response;
  });
  relay = server;
  return `ws://127.0.0.1:${server.addr.port}`;
}

/** A node that has the state of block 0 no more. */
function withoutGenesis(text: string, pass: (text: string) => void, answer: (text: string) => void): void {
  const { id, method, params } = JSON.parse(text) as { id: number; method: string; params: unknown[] };
  if (method !== "state_getReadProof" || params[1] !== node?.genesisHash) return pass(text);
  answer(
    JSON.stringify({ jsonrpc: "2.0", id, error: { code: 4003, message: "Client error: State already discarded" } }),
  );
}

describe("NodeLink", () => {
  it("begins at block 0 where the node has its state, else at the newest final block, and says so", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    const { url } = node;
    const final = async () => await ask<string>(url, "chain_getFinalizedHead");
    await expect.poll(final, { timeout: 20_000 }).not.toBe(node.genesisHash);
    const start = async (url: string) => {
      const logged: string[] = [];
      link = await NodeLink.connect({
        url,
        level: "proven",
        log: (_level, code) => void logged.push(code),
        onFatal: () => {},
      });
      const { header, contentFrom } = parentchainInfo.decode(await link.info());
      await link.stop();
      return { number: parentchainHeader.decode(header).number, contentFrom: contentFrom ?? 0, logged };
    };
    const full = await start(node.url);
    expect(full.number).toBe(0);
    expect(full.logged).not.toContain("ParentchainGenesisDiscarded");
    const pruned = await start(relayTo(node.url, { onRequest: withoutGenesis }));
    expect(pruned.number).toBeGreaterThanOrEqual(1);
    expect(pruned.number).toBe(pruned.contentFrom);
    expect(pruned.logged).toContain("ParentchainGenesisDiscarded");
  });

  it("survives pushed values that cannot be read, says so, and takes the next good one", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    // After each good header that the node announces, three that are none.
    const url = relayTo(node.url, {
      onAnswer: (text, answer) => {
        answer(text);
        const message = JSON.parse(text) as { method?: string; params?: { result: unknown } };
        if (message.params === undefined) return;
        for (const result of [{ number: "0x1" }, 7, { ...Object(message.params.result), parentHash: "0x" }]) {
          answer(JSON.stringify({ ...message, params: { ...message.params, result } }));
        }
      },
    });
    const logged: string[] = [];
    const fatal: string[] = [];
    link = await NodeLink.connect({
      url,
      level: "trusted",
      log: (_level, code) => void logged.push(code),
      onFatal: ({ code }) => void fatal.push(code),
    });
    let position = { number: 0, hash: new Uint8Array(32), contentFrom: 0, keys: [] as Uint8Array[] };
    await link.follow({
      position: () => position,
      importBlocks: (blocks) => {
        position = { ...position, number: position.number + blocks.length };
        return Promise.resolve(position);
      },
    });
    const before = position.number;
    await expect.poll(() => position.number, { timeout: 20_000 }).toBeGreaterThanOrEqual(before + 3);
    expect(logged).toContain("ParentchainUnreadable");
    expect(logged).not.toContain("ParentchainNotImported");
    expect(fatal.filter((code) => code !== "RuntimeChanged")).toEqual([]);
  });
});
