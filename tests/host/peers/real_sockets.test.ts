import { afterEach, describe, expect, it } from "vitest";
import { startTlsServer } from "../../../src/enclave/deno/tls_server.ts";
import { okAnswer, textAnswer } from "../../../src/enclave/rpc/answers.ts";
import { enclaveMethods } from "../../../src/enclave/rpc/method_table.ts";
import type { RpcService } from "../../../src/enclave/rpc/rpc_service.ts";
import { createTlsCertificate } from "../../../src/enclave/tls_certificate.ts";
import { connectToBlocks, dialPeerSocket, openBlockSource } from "../../../src/host/deno/peer_dialer.ts";
import { readPeerFile, writePeerFile } from "../../../src/host/deno/peer_file.ts";
import { PeerError } from "../../../src/host/deno/peer_socket.ts";
import { serveRpc } from "../../../src/host/deno/servers.ts";
import { BlockExchange, PEERS_OF_LAST_RUN_MS } from "../../../src/host/peers/block_exchange.ts";
import { readFetchAnswer } from "../../../src/host/peers/fetched_blocks.ts";
import { MAX_QUEUED_MESSAGES } from "../../../src/host/peers/peer_link.ts";
import { PeerNetwork } from "../../../src/host/peers/peer_network.ts";
import { readTextAnswer } from "../../../src/host/peers/text_answer.ts";
import { createUntrustedRouter } from "../../../src/host/untrusted_rpc.ts";
import { RpcRouter } from "../../../src/transport/router.ts";
import type { SignedBlock } from "../../../src/types/signed_block.ts";
import { signedBlock } from "../../../src/types/signed_block.ts";
import { signedBlockToJson } from "../../../src/types/signed_block_json.ts";
import { branch, fakePorts, hashOf, ManualTimer, MemoryStore, meters, SHARD } from "./support.ts";

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const timer = {
  now: () => Date.now(),
  after: (ms: number, run: () => void) => {
    const id = setTimeout(run, ms);
    return () => clearTimeout(id);
  },
};

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 45_000; !isSo();) {
    if (Date.now() > deadline) throw new Error(`${what} takes too long`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A trusted endpoint with the enclave's own methods; what is pushed to it is kept. */
async function startTrusted(port = 0, untrustedUrl = "") {
  const pushed: SignedBlock[] = [];
  const certificate = await createTlsCertificate(["localhost", "127.0.0.1"], Date.now());
  const service = {
    info: { untrustedUrl },
    importBlocks: (blocks: readonly SignedBlock[]) => {
      pushed.push(...blocks);
      return Promise.resolve("taken");
    },
    count: () => {},
  } as unknown as RpcService;
  const router = new RpcRouter<RpcService>(enclaveMethods());
  const server = startTlsServer({ hostname: "127.0.0.1", port, certificate, router, service }, Date.now);
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await server.stop();
    isStopped = true;
  };
  ends.push(stop);
  return { pushed, server, stop, url: `wss://127.0.0.1:${server.port}` };
}

function startUntrusted(blocks: readonly SignedBlock[]): string {
  const store = new MemoryStore(blocks);
  const server = serveRpc("127.0.0.1", 0, createUntrustedRouter(), { blocks: store, shard: SHARD });
  ends.push(() => server.stop());
  return `ws://127.0.0.1:${server.port}`;
}

function network() {
  const logs: string[] = [];
  const { values, ports } = meters();
  const made = new PeerNetwork({
    ...{ dial: dialPeerSocket, timer, random: Math.random, meters: ports },
    log: (_, code) => void logs.push(code),
  });
  ends.push(() => made.stop());
  return { made, logs, values };
}

describe("blocks pushed over real connections", () => {
  it("arrive in order at every peer", async () => {
    const [a, b] = [await startTrusted(), await startTrusted()];
    const { made, values } = network();
    made.setPeers([a.url, b.url]);
    await until("connecting", () => made.connected === 2);
    const chain = branch(undefined, 60);
    for (const block of chain) {
      made.broadcast(signedBlock.encode(block));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until("the last block", () => a.pushed.length >= 60 && b.pushed.length >= 60);
    expect(a.pushed).toEqual(chain);
    expect(b.pushed).toEqual(chain);
    expect(values.dropped).toBe(0);
  });

  it("are taken all at once when they waited, without coming upon the limits of a client", async () => {
    const peer = await startTrusted();
    const { made, logs } = network();
    made.setPeers([peer.url]);
    const chain = branch(undefined, MAX_QUEUED_MESSAGES);
    for (const block of chain) made.broadcast(signedBlock.encode(block));
    await until("the blocks", () => peer.pushed.length === chain.length);
    expect(peer.pushed).toEqual(chain);
    expect(logs).toEqual(["PeerConnected"]);
  });

  it("go on when a peer comes back with another certificate, beginning with what waited", async () => {
    const first = await startTrusted();
    const { made, logs } = network();
    made.setPeers([first.url]);
    await until("connecting", () => made.connected === 1);
    await first.stop();
    await until("the loss", () => made.connected === 0);
    const chain = branch(undefined, 3);
    for (const block of chain) made.broadcast(signedBlock.encode(block));
    const second = await startTrusted(first.server.port);
    await until("the blocks", () => second.pushed.length === 3);
    expect(second.pushed).toEqual(chain);
    expect(logs.filter((code) => code === "PeerLost")).toHaveLength(1);
  });
});

describe("blocks fetched over real connections", () => {
  it("are those of the peer's store, found by its trusted endpoint", async () => {
    const chain = branch(undefined, 300);
    const { url } = await startTrusted(0, startUntrusted(chain));
    const source = await openBlockSource(url, SHARD);
    ends.push(() => source.close());
    const first = await source.blocksAfter(new Uint8Array(32));
    expect(first).toEqual(chain.slice(0, 256));
    expect(await source.blocksAfter(hashOf(first.at(-1) as SignedBlock))).toEqual(chain.slice(256));
    expect(await source.blocksAfter(new Uint8Array(32).fill(9))).toEqual([]);
  });

  it("are taken before the first slot of a validateer that starts again", async () => {
    const chain = branch(undefined, 30);
    const { url } = await startTrusted(0, startUntrusted(chain));
    const store = new MemoryStore(chain.slice(0, 10));
    const { ports } = meters();
    const exchange = new BlockExchange({
      ...{ dial: dialPeerSocket, timer, random: Math.random, meters: ports, log: () => {}, store },
      open: (peer) => openBlockSource(peer, SHARD),
      importBlocks: (blocks) => {
        for (const bytes of blocks) store.put(signedBlock.decode(bytes));
        return Promise.resolve(blocks.map(() => ({ code: "Imported", reject: false })));
      },
    });
    ends.push(() => exchange.stop());
    await exchange.catchUp([url], hashOf(chain[9] as SignedBlock));
    expect(store.count()).toBe(30);
  });

  it("are asked for again as soon as a peer is back", async () => {
    const { timer, ports, expectDial } = fakePorts();
    const opened: number[] = [];
    const exchange = new BlockExchange({
      ...ports,
      store: new MemoryStore(),
      open: () => {
        opened.push(timer.now());
        return Promise.reject(new Error("nobody there"));
      },
      importBlocks: () => Promise.resolve([]),
    });
    exchange.setPeers(["wss://a:1"]);
    exchange.fetcher.want(new Uint8Array(32), undefined);
    // Long enough for the longest pauses; then the next retry is a while away.
    await timer.pass(20_000);
    for (const before = opened.length; opened.length === before;) await timer.pass(1);
    expectDial("wss://a:1");
    for (const before = opened.length; opened.length === before;) await timer.pass(1);
    expect(exchange.network.connected).toBe(1);
    exchange.stop();
  });

  it("are of peers of the last run only until it shows whether they still are", async () => {
    const timer = new ManualTimer();
    const { ports } = meters();
    const refused = () => Promise.reject(new Error("nobody there"));
    const exchange = new BlockExchange({
      ...{
        dial: refused,
        open: refused,
        timer,
        random: () => 0.5,
        meters: ports,
        log: () => {},
        store: new MemoryStore(),
      },
      importBlocks: () => Promise.resolve([]),
    });
    await exchange.catchUp(["wss://a:1"], new Uint8Array(32));
    expect(exchange.network.urls).toEqual(["wss://a:1"]);
    await timer.pass(PEERS_OF_LAST_RUN_MS);
    expect(exchange.network.urls).toEqual([]);
    await exchange.catchUp(["wss://a:1"], new Uint8Array(32));
    exchange.setPeers(["wss://b:1"]);
    await timer.pass(PEERS_OF_LAST_RUN_MS);
    expect(exchange.network.urls).toEqual(["wss://b:1"]);
    exchange.stop();
    expect(timer.waiting).toBe(0);
  });

  it("are refused from addresses that are none, endpoints that are away, and answers that make no sense", async () => {
    await expect(connectToBlocks("http://127.0.0.1:1", SHARD)).rejects.toMatchObject({ code: "InvalidUrl" });
    await expect(connectToBlocks("ws://127.0.0.1:1", SHARD)).rejects.toMatchObject({ code: "Unreachable" });
    const { url } = await startTrusted(0, "file:///etc/passwd");
    await expect(openBlockSource(url, SHARD)).rejects.toMatchObject({ code: "InvalidUrl" });
    const router = new RpcRouter<{ readonly blocks: MemoryStore; readonly shard: Uint8Array }>([]);
    const other = serveRpc("127.0.0.1", 0, router, { blocks: new MemoryStore(), shard: SHARD });
    ends.push(() => other.stop());
    const source = await connectToBlocks(`ws://127.0.0.1:${other.port}`, SHARD);
    await expect(source.blocksAfter(new Uint8Array(32))).rejects.toThrow(PeerError);
    source.close();
    await expect(source.blocksAfter(new Uint8Array(32))).rejects.toThrow(PeerError);
  });
});

describe("readFetchAnswer()", () => {
  const [block] = branch(undefined, 1);
  const answer = (result: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, result });

  it("reads the blocks of an answer", () => {
    const json = signedBlockToJson(block as SignedBlock);
    expect(readFetchAnswer(answer([json, json]))).toEqual({ ok: true, value: [block, block] });
  });

  it.each([
    ["Refused", answer("ok")],
    ["Refused", '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}'],
    ["NotJson", "["],
    ["InvalidBlock", answer([{}])],
    ["InvalidBlock", answer([null])],
    ["TooManyBlocks", answer(new Array(257).fill(0))],
  ])("reports %s", (code, text) => {
    expect(readFetchAnswer(text)).toEqual({ ok: false, error: { code } });
  });
});

describe("readTextAnswer()", () => {
  it("reads the text of an answer, and nothing else", () => {
    expect(readTextAnswer(textAnswer("ws://a:1"), 20)).toBe("ws://a:1");
    expect(readTextAnswer(textAnswer("x".repeat(21)), 20)).toBeUndefined();
    expect(readTextAnswer(okAnswer(new Uint8Array([0xff])), 20)).toBeUndefined();
    expect(readTextAnswer("0x00", 20)).toBeUndefined();
    expect(readTextAnswer(undefined, 20)).toBeUndefined();
  });
});

describe("the file of peers", () => {
  it("gives what was written, and nothing if it is damaged, foreign or not there", async () => {
    const folder = await Deno.makeTempDir();
    ends.push(() => Deno.remove(folder, { recursive: true }));
    const file = `${folder}/peers.json`;
    expect(await readPeerFile(file)).toEqual([]);
    await writePeerFile(file, ["wss://a:1"]);
    expect(await readPeerFile(file)).toEqual(["wss://a:1"]);
    for (const text of ['["wss://a:1"', '{"a":1}', "[1]", JSON.stringify(new Array(33).fill("wss://a:1"))]) {
      await Deno.writeTextFile(file, text);
      expect(await readPeerFile(file), text).toEqual([]);
    }
  });
});
