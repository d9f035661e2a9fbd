import { afterEach, describe, expect, it } from "vitest";
import { type RunningDevnode, startDevnode } from "../../src/devnode/deno/run_devnode.ts";
import { NodeLink } from "../../src/host/parentchain/link.ts";
import type { LinkError } from "../../src/host/parentchain/link_error.ts";
import { NODE_ANSWER_TIMEOUT_MS, NODE_SILENCE_TIMEOUT_MS } from "../../src/host/parentchain/silence_watch.ts";
import type { SlotTimer } from "../../src/host/slot_clock.ts";
import { assertSameHistory } from "../../src/host/parentchain/same_history.ts";
import type { LogFields, LogLevel } from "../../src/host/log.ts";
import { type FollowerPosition, type ParentchainImporter, ServiceError } from "../../src/host/service.ts";
import { ask } from "../e2e/devnode_support.ts";
import { parentchainHeader } from "../../src/parentchain/header.ts";
import { parentchainInfo } from "../../src/parentchain/parentchain_init.ts";
import { blockHash } from "../../src/primitives/branded.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { ManualTimer } from "./peers/support.ts";

let node: RunningDevnode | undefined;
let link: NodeLink | undefined;
let relay: Deno.HttpServer<Deno.NetAddr> | undefined;
afterEach(async () => {
  await link?.stop();
  await relay?.shutdown();
  await node?.stop();
});

/** For what takes a few blocks, on a busy machine. */
const WAIT = { timeout: 50_000 };

/** Number of a node's newest final block. */
async function heightOf(url: string): Promise<number> {
  const hash = await ask<string>(url, "chain_getFinalizedHead");
  return Number((await ask<{ readonly number: string }>(url, "chain_getHeader", hash)).number);
}

/** What a relay does with messages; by default it hands them on. */
interface RelayRules {
  readonly onRequest?: (
    text: string,
    ask: (text: string) => void,
    answer: (text: string) => void,
    close: () => void,
  ) => void;
  readonly onAnswer?: (text: string, answer: (text: string) => void, connection: number) => void;
  /** Gives a connection its number. */
  readonly onOpen?: () => number;
}

/** Opens a relay to a node; gives its address. */
function relayTo(target: string, { onRequest, onAnswer, onOpen }: RelayRules): string {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const connection = onOpen?.() ?? 0;
    const outward = new WebSocket(target);
    const opened = new Promise((resolve) => outward.onopen = resolve);
    const answer = (text: string) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    };
    const ask = (text: string) => outward.send(text);
    socket.onmessage = async ({ data }) => {
      await opened;
      if (onRequest === undefined) ask(data);
      else onRequest(data, ask, answer, () => socket.close());
    };
    socket.onclose = () => outward.close();
    outward.onmessage = ({ data }) => onAnswer === undefined ? answer(data) : onAnswer(data, answer, connection);
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

/** An enclave that takes all blocks; proven is what it is told to be. */
class FakeImporter implements ParentchainImporter {
  #position: FollowerPosition;
  refusal: Error | undefined;

  constructor(of: RunningDevnode, start: Partial<FollowerPosition> = {}) {
    const genesis = fromHex(of.genesisHash);
    const standard = { number: 0, hash: genesis, provenNumber: 0, provenHash: genesis, contentFrom: 0, keys: [] };
    this.#position = { ...standard, ...start };
  }

  readonly position = () => this.#position;

  readonly importBlocks = (blocks: readonly Uint8Array[]) => {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.#position = { ...this.#position, number: this.#position.number + blocks.length };
    return Promise.resolve(this.#position);
  };
}

/** A link to a node with what it has logged and how it ended; silence lasts as long as its timer says. */
async function linkTo(url: string, timer: SlotTimer = new ManualTimer()) {
  const logged: { readonly level: LogLevel; readonly code: string; readonly fields: LogFields }[] = [];
  const fatal: LinkError[] = [];
  link = await NodeLink.connect({
    url,
    level: "trusted",
    log: (level, code, fields = {}) => void logged.push({ level, code, fields }),
    timer,
    onFatal: (error) => void fatal.push(error),
  });
  const of = (code: string) => logged.filter((line) => line.code === code);
  return { link, logged, of, fatal };
}

const OTHER = blockHash(new Uint8Array(32).fill(9));

describe("NodeLink at a node that is lost or has other blocks", () => {
  it("tells no error if the connection is lost between a request and its answer, and goes on after it", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    let cut = false;
    const url = relayTo(node.url, {
      onRequest: (text, ask, _answer, close) => {
        if (!cut || JSON.parse(text).method !== "chain_getBlock") return ask(text);
        cut = false;
        close();
      },
    });
    const { link, logged, of, fatal } = await linkTo(url);
    const importer = new FakeImporter(node);
    await link.follow(importer);
    cut = true;
    await expect.poll(() => of("ParentchainConnected").length, WAIT).toBe(1);
    const at = importer.position().number;
    await expect.poll(() => importer.position().number, WAIT).toBeGreaterThan(at);
    expect(of("ParentchainInterrupted")).toMatchObject([
      { level: "debug", fields: { reason: expect.stringMatching(/^Disconnected: .*chain_getBlock/) } },
    ]);
    expect(of("ParentchainDisconnected")).toHaveLength(1);
    expect(logged.filter(({ level }) => level === "error")).toEqual([]);
    expect(fatal).toEqual([]);
  });

  it("says once that the node is behind, and stops when it turns out to have another history", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    const { link, logged, of, fatal } = await linkTo(node.url);
    const number = await heightOf(node.url) + 4;
    const importer = new FakeImporter(node, { number, hash: OTHER, provenNumber: number, provenHash: OTHER });
    await link.follow(importer);
    expect(of("NodeBehind")).toMatchObject([{ level: "warn", fields: { followed: number } }]);
    await expect.poll(() => fatal.length, WAIT).toBe(1);
    expect(fatal[0]).toMatchObject({ code: "OtherHistory", message: expect.stringContaining("--clean-reset") });
    expect(fatal[0]?.message).toContain(`its block ${number} is not ${toHex(OTHER)}`);
    expect(of("NodeBehind")).toHaveLength(1);
    expect(logged.filter(({ level }) => level === "error")).toEqual([]);
    expect(importer.position().number).toBe(number);
  });

  it("does not begin to follow another history than the one that was followed, nor another chain", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    const { url } = node;
    await expect.poll(() => heightOf(url), WAIT).toBeGreaterThanOrEqual(2);
    const start = async (position: Partial<FollowerPosition>) => {
      const { link } = await linkTo(url);
      await link.follow(new FakeImporter(node as RunningDevnode, position)).finally(() => link.stop());
    };
    const proven = { provenNumber: 1, provenHash: OTHER };
    await expect(start({ number: 1, hash: OTHER, ...proven })).rejects.toMatchObject({ code: "OtherHistory" });
    await expect(start({ number: 1_000, hash: OTHER, ...proven })).rejects.toMatchObject({ code: "OtherHistory" });
    // A fork above what is proven is for the follower to judge.
    await start({ number: 2, hash: OTHER });
  });

  it("takes up again where the node came back with less, once it has caught up, and refuses nothing of it", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    const { link, of, fatal } = await linkTo(node.url);
    const number = await heightOf(node.url) + 3;
    const importer = new FakeImporter(node, { number, hash: OTHER });
    await link.follow(importer);
    await expect.poll(() => importer.position().number, WAIT).toBeGreaterThan(number);
    expect(of("NodeBehind")).toHaveLength(1);
    expect(fatal).toEqual([]);
  });

  it("names the code of what the enclave refuses", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    const { link, of } = await linkTo(node.url);
    const importer = new FakeImporter(node);
    await link.follow(importer);
    importer.refusal = new ServiceError("ParentMismatch", "block 5, head 4");
    await expect.poll(() => of("ParentchainNotImported").length, WAIT).toBeGreaterThanOrEqual(1);
    expect(of("ParentchainNotImported")[0]).toMatchObject({
      level: "error",
      fields: { reason: "ParentMismatch: block 5, head 4" },
    });
  });
});

describe("NodeLink at a node that says nothing", () => {
  /** A relay through which connections can die without being closed. */
  function mutable(target: string, isTold: (text: string) => boolean = () => false) {
    let opened = 0;
    let dead = 0;
    const url = relayTo(target, {
      onOpen: () => ++opened,
      onAnswer: (text, answer, connection) => (connection > dead || isTold(text)) && answer(text),
    });
    return { url, opened: () => opened, mute: () => void (dead = opened) };
  }

  it("dials again when it answers no more although the connection stands", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    const relay = mutable(node.url);
    const timer = new ManualTimer();
    const { link, of, logged, fatal } = await linkTo(relay.url, timer);
    const importer = new FakeImporter(node);
    await link.follow(importer);
    await expect.poll(() => importer.position().number, WAIT).toBeGreaterThan(1);
    relay.mute();
    await timer.pass(NODE_SILENCE_TIMEOUT_MS);
    await timer.pass(NODE_ANSWER_TIMEOUT_MS - 1);
    expect([relay.opened(), of("ParentchainSilent")]).toEqual([1, []]);
    await timer.pass(1);
    expect(of("ParentchainSilent")).toMatchObject([{ level: "warn", fields: { reason: "NoAnswer" } }]);
    const at = importer.position().number;
    await expect.poll(() => importer.position().number, WAIT).toBeGreaterThan(at + 1);
    expect([relay.opened(), of("ParentchainDisconnected").length, of("ParentchainConnected").length]).toEqual([
      2,
      1,
      1,
    ]);
    expect(logged.filter(({ level }) => level === "error")).toEqual([]);
    expect(fatal).toEqual([]);
  });

  it("waits for no answer over the connection that was given up", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    const relay = mutable(node.url, (text) => text.includes('"chain_finalizedHead"'));
    const timer = new ManualTimer();
    const { link, of } = await linkTo(relay.url, timer);
    const importer = new FakeImporter(node);
    await link.follow(importer);
    // It tells of one more block, which is being asked for when it falls silent.
    relay.mute();
    const at = importer.position().number;
    await expect.poll(() => heightOf((node as RunningDevnode).url), WAIT).toBeGreaterThan(at + 2);
    await timer.pass(2 * NODE_SILENCE_TIMEOUT_MS);
    await timer.pass(NODE_ANSWER_TIMEOUT_MS);
    expect(of("ParentchainSilent")).toHaveLength(1);
    await expect.poll(() => of("ParentchainInterrupted"), WAIT).toMatchObject([
      { fields: { reason: expect.stringContaining("connection has ended") } },
    ]);
    await expect.poll(() => importer.position().number, WAIT).toBeGreaterThan(at + 2);
  });

  it("dials again when it answers, but tells of no final block although there are some", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    const relay = mutable(node.url, (text) => JSON.parse(text).method === undefined);
    const timer = new ManualTimer();
    const { link, of } = await linkTo(relay.url, timer);
    const importer = new FakeImporter(node);
    await link.follow(importer);
    relay.mute();
    const { url } = node;
    const at = importer.position().number;
    await expect.poll(() => heightOf(url), WAIT).toBeGreaterThan(at + 2);
    await timer.pass(NODE_SILENCE_TIMEOUT_MS);
    await expect.poll(() => of("ParentchainSilent"), WAIT).toMatchObject([{ fields: { reason: "NotTold" } }]);
    await expect.poll(() => importer.position().number, WAIT).toBeGreaterThan(at + 2);
  });
});

describe("assertSameHistory()", () => {
  const genesis = new Uint8Array(32).fill(1);
  const position = { number: 9, hash: OTHER, provenNumber: 5, provenHash: OTHER, contentFrom: 0, keys: [] };
  const nodeWith = (hashes: Readonly<Record<number, string | null>>) => ({
    url: "ws://node",
    ask: (_method: string, number: unknown) => Promise.resolve(hashes[number as number] ?? null),
  });
  const compare = (hashes: Readonly<Record<number, string | null>>, final: number) =>
    assertSameHistory(nodeWith(hashes), genesis, position, final);

  it("takes a node that does not know old hashes, one that is behind, and other letters for the same hash", async () => {
    await compare({ 0: toHex(genesis), 5: null }, 20);
    await compare({ 0: toHex(genesis), 5: toHex(genesis) }, 4);
    await compare({ 0: toHex(genesis), 5: toHex(OTHER).toUpperCase().replace("X", "x") }, 5);
  });

  it("reports another chain before another history, and another history at the very block that is proven", async () => {
    await expect(compare({ 0: toHex(OTHER), 5: toHex(genesis) }, 5)).rejects.toMatchObject({ code: "ChainChanged" });
    await expect(compare({ 0: toHex(genesis), 5: toHex(genesis) }, 5)).rejects.toMatchObject({ code: "OtherHistory" });
  });
});

describe("NodeLink", () => {
  it("begins at block 0 where the node has its state, else at the newest final block, and says so", async () => {
    node = await startDevnode({ blockTimeMs: 300 }, () => {});
    const { url } = node;
    await expect.poll(() => heightOf(url), WAIT).toBeGreaterThan(0);
    const start = async (url: string) => {
      const logged: string[] = [];
      link = await NodeLink.connect({
        url,
        level: "proven",
        log: (_level, code) => void logged.push(code),
        timer: new ManualTimer(),
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
    const { link, of, fatal } = await linkTo(url);
    const importer = new FakeImporter(node);
    await link.follow(importer);
    const before = importer.position().number;
    await expect.poll(() => importer.position().number, WAIT).toBeGreaterThanOrEqual(before + 3);
    expect(of("ParentchainUnreadable").length).toBeGreaterThan(0);
    expect(of("ParentchainNotImported")).toEqual([]);
    expect(fatal.filter(({ code }) => code !== "RuntimeChanged")).toEqual([]);
  });
});
