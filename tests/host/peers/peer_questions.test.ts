import { describe, expect, it } from "vitest";
import { BlockFetcher, MAX_RETRY_MS } from "../../../src/host/peers/block_fetcher.ts";
import { MAX_KEPT_SOURCE_MS, PeerQuestions } from "../../../src/host/peers/peer_questions.ts";
import type { BlockSource } from "../../../src/host/peers/peer_drain.ts";
import { equalBytes } from "../../../src/primitives/bytes.ts";
import { type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";
import { branch, hashOf, ManualTimer, MemoryStore, meters, settle } from "./support.ts";

/** A validateer that has some blocks, and a peer whose store is `theirs`, as long as it can be reached. */
function build(own: readonly SignedBlock[], theirs: SignedBlock[]) {
  const store = new MemoryStore(own);
  const timer = new ManualTimer();
  const logs: string[] = [];
  const trace: string[] = [];
  const peer = { isUp: true, answers: true };
  const { values, ports } = meters();
  const source: BlockSource = {
    blocksAfter: async (hash) => {
      trace.push(`asked at ${timer.now()}`);
      if (!peer.answers) await new Promise(() => {});
      if (!peer.isUp) throw new Error("the connection was closed");
      const from = theirs.find((block) => equalBytes(hashOf(block), hash))?.block.header.blockNumber;
      return from === undefined ? [] : theirs.filter(({ block }) => block.header.blockNumber > from);
    },
    close: () => void trace.push("closed"),
  };
  const questions = new PeerQuestions({
    open: (url) => {
      trace.push(`opened ${url}`);
      return peer.isUp ? Promise.resolve(source) : Promise.reject(new Error("nobody there"));
    },
    importBlocks: (encoded) =>
      Promise.resolve(encoded.map((bytes) => {
        const block = signedBlock.decode(bytes);
        if (store.byHash(hashOf(block)) !== undefined) return { code: "BlockAlreadyImported", reject: false };
        store.put(block);
        return { code: "Imported", reject: false };
      })),
    store,
    timer,
    fetched: ports.fetched,
    log: (level, code) => void logs.push(`${level} ${code}`),
  });
  const ask = (from: SignedBlock, afterMs = 0) => questions.ask({ url: "wss://a", afterMs }, hashOf(from));
  return { questions, ask, store, timer, logs, trace, peer, values };
}

const at = (blocks: readonly SignedBlock[], place: number) => blocks.at(place) as SignedBlock;

describe("PeerQuestions", () => {
  it("connects at once, asks at its time, and gives what comes to the enclave", async () => {
    const chain = branch(undefined, 5);
    const { ask, timer, trace, values, store, logs } = build(chain.slice(0, 3), chain);
    ask(at(chain, 2), 150);
    await timer.pass(149);
    expect(trace).toEqual(["opened wss://a"]);
    await timer.pass(1);
    expect(trace.slice(1)).toEqual(["asked at 150", "asked at 150"]);
    expect(store.byHash(hashOf(at(chain, 4)))).toBeDefined();
    expect(values.fetched).toBe(2);
    expect(logs).toEqual(["debug SilentPeerAsked", "info BlocksHadToBeAskedFor"]);
  });

  it("keeps the connection for the next question, says once that blocks came so, and closes it when none comes", async () => {
    const chain = branch(undefined, 30);
    const theirs = chain.slice(0, 3);
    const { ask, timer, trace, values, logs } = build(chain.slice(0, 2), theirs);
    for (let i = 3; i < 30; i++) {
      ask(at(theirs, -2));
      await timer.pass(600);
      theirs.push(at(chain, i));
    }
    expect(values.fetched).toBe(27);
    expect(trace.filter((line) => line.startsWith("opened"))).toHaveLength(1);
    expect(logs.filter((line) => !line.startsWith("debug"))).toEqual(["info BlocksHadToBeAskedFor"]);
    await timer.pass(MAX_KEPT_SOURCE_MS - 601);
    expect(trace).not.toContain("closed");
    await timer.pass(1);
    expect([trace.at(-1), timer.waiting]).toEqual(["closed", 0]);
  });

  it("leaves out what comes while a question to the same peer is under way", async () => {
    const chain = branch(undefined, 5);
    const { ask, timer, trace, peer } = build(chain.slice(0, 3), chain);
    peer.answers = false;
    for (let i = 0; i < 10; i++) {
      ask(at(chain, 2));
      await timer.pass(600);
    }
    expect(trace).toEqual(["opened wss://a", "asked at 0"]);
  });

  it("asks a peer that is away once a question, tells of it for debugging only, and waits for nothing", async () => {
    const chain = branch(undefined, 5);
    const { ask, timer, trace, peer, logs } = build(chain.slice(0, 3), chain);
    peer.isUp = false;
    for (let i = 0; i < 5; i++) {
      ask(at(chain, 2));
      await timer.pass(600);
    }
    expect(trace).toEqual(Array(5).fill("opened wss://a"));
    expect(new Set(logs)).toEqual(new Set(["debug SilentPeerGivesNoBlocks"]));
    await timer.pass(MAX_KEPT_SOURCE_MS);
    expect(timer.waiting).toBe(0);
  });

  it("connects anew after a connection that has ended", async () => {
    const chain = branch(undefined, 5);
    const { ask, timer, trace, peer, values } = build(chain.slice(0, 3), chain.slice(0, 4));
    ask(at(chain, 2));
    await timer.pass(600);
    peer.isUp = false;
    ask(at(chain, 3));
    await timer.pass(600);
    expect(trace.at(-1)).toBe("closed");
    peer.isUp = true;
    ask(at(chain, 3));
    await settle();
    expect(trace.filter((line) => line.startsWith("opened"))).toHaveLength(2);
    expect(values.fetched).toBe(1);
  });

  it("ends with its connections, also one that is made or waited for just then", async () => {
    const chain = branch(undefined, 5);
    for (const passMs of [0, 10, 300]) {
      const { questions, ask, timer, trace, values, logs } = build(chain.slice(0, 3), chain);
      ask(at(chain, 2), 150);
      if (passMs > 0) await timer.pass(passMs);
      questions.stop();
      const before = logs.length;
      ask(at(chain, 2));
      await timer.pass(MAX_KEPT_SOURCE_MS);
      expect(trace.filter((line) => line === "closed").length).toBeGreaterThan(0);
      expect(values.fetched).toBe(passMs < 150 ? 0 : 2);
      expect(logs).toHaveLength(before);
      expect(timer.waiting).toBe(0);
    }
  });
});

/** A validateer that has some blocks, and peers by their names. */
function buildFetcher(own: readonly SignedBlock[], peers: Record<string, readonly SignedBlock[]>) {
  const store = new MemoryStore(own);
  const timer = new ManualTimer();
  const asked: string[] = [];
  const sourceOf = (blocks: readonly SignedBlock[]): BlockSource => ({
    blocksAfter: (hash) =>
      Promise.resolve(blocks.slice(1 + blocks.findIndex((block) => equalBytes(hashOf(block), hash)))),
    close: () => {},
  });
  const fetcher = new BlockFetcher({
    peers: () => Object.keys(peers).filter((name) => name !== "only"),
    open: (peer) => {
      asked.push(peer);
      return Promise.resolve(sourceOf(peers[peer] ?? []));
    },
    importBlocks: (encoded) => {
      const news = encoded.map((bytes) => signedBlock.decode(bytes));
      for (const block of news) store.put(block);
      return Promise.resolve(news.map(() => ({ code: "Imported", reject: false })));
    },
    store,
    timer,
    fetched: meters().ports.fetched,
    log: () => {},
  });
  return { fetcher, store, timer, asked };
}

describe("BlockFetcher", () => {
  it("leaves a wish as it is beside a question, and goes on asking the peer first that had blocks last", async () => {
    const chain = branch(undefined, 10);
    const peers = { a: chain.slice(0, 3), b: chain.slice(0, 4), only: chain.slice(0, 6) } as Record<
      string,
      SignedBlock[]
    >;
    const { fetcher, store, timer, asked } = buildFetcher(chain.slice(0, 3), peers);
    const wanted = hashOf(at(chain, 7));
    fetcher.take({ from: hashOf(at(chain, 2)), until: wanted, only: undefined });
    await fetcher.idle();
    expect(asked).toEqual(["a", "b"]);
    // While the wish waits to be tried again.
    fetcher.take({ from: hashOf(at(chain, 3)), until: undefined, only: { url: "only", afterMs: 10 } });
    for (let i = 0; i < 20; i++) await timer.pass(1);
    expect(asked.slice(2)).toEqual(["only"]);
    expect(store.byHash(hashOf(at(chain, 5)))).toBeDefined();
    peers["b"] = chain;
    await timer.pass(MAX_RETRY_MS);
    await fetcher.idle();
    expect(asked.slice(3)).toEqual(["b"]);
    expect(store.byHash(wanted)).toBeDefined();
    // It ends with the kept connection's time, too.
    fetcher.stop();
    expect(timer.waiting).toBe(0);
  });
});
