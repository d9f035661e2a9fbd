/** What a node does with peers that are silent, hostile, of another chain, or the same node twice. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { ANSWER_TIMEOUT_MS, RETRY_BLOCK_MS } from "../../src/devnode/peers/block_sync.ts";
import { answerBlocks, knownHashes } from "../../src/devnode/peers/block_exchange.ts";
import { ImportQueue, MAX_QUEUED_BLOCKS } from "../../src/devnode/peers/import_queue.ts";
import {
  type Hello,
  MAX_BLOCKS_PER_ANSWER,
  MAX_KNOWN_HASHES,
  type PeerMessage,
  peerMessage,
} from "../../src/devnode/peers/messages.ts";
import { MAX_OFFENCES, MAX_WAITING_BYTES, type Peer } from "../../src/devnode/peers/peer.ts";
import { MAX_PEERS, SILENCE_TIMEOUT_MS } from "../../src/devnode/peers/peer_network.ts";
import { isSigned, signVote, vote, voteSigner } from "../../src/devnode/voting/vote.ts";
import { computeHeaderHash } from "../../src/parentchain/header.ts";
import { blockHash } from "../../src/primitives/branded.ts";
import { FAKE_SLOT_MS } from "./fake_runtime.ts";
import { settle, TestNetwork, type TestNode } from "./network_harness.ts";

await installFastCrypto();

/** A link of which the test plays the other end. */
function connect(to: TestNode, isOutbound = false) {
  const sent: PeerMessage[] = [];
  const state = { waiting: 0, closed: [] as string[] };
  const peer: Peer = to.network.open({
    name: "tester",
    isOutbound,
    send: (bytes) => sent.push(peerMessage.decode(bytes)),
    close: (reason) => state.closed.push(reason),
    waitingBytes: () => state.waiting,
  });
  const say = (message: PeerMessage) => to.network.receive(peer, peerMessage.encode(message));
  const hello = (change: Partial<Hello> = {}): void => {
    const [own] = sent;
    if (own?.type !== "hello") throw new Error("no hello");
    say({ type: "hello", value: { ...own.value, nodeId: new Uint8Array(32).fill(200), ...change } });
  };
  return { peer, sent, state, say, hello, raw: (bytes: Uint8Array) => to.network.receive(peer, bytes) };
}

function oneNode() {
  const net = new TestNetwork();
  return { net, node: net.add("//Alice", { authorities: ["//Alice"] }) };
}

describe("PeerNetwork", () => {
  const others: readonly [string, Partial<Hello>][] = [
    ["another genesis", { genesis: blockHash(new Uint8Array(32)) }],
    ["another block time", { slotDurationMs: 1 }],
    ["another version", { protocol: 99 }],
  ];

  it.each(others)("closes a link to a node with %s", (_what, change) => {
    const { peer, hello, state } = connect(oneNode().node);
    hello(change);
    expect([peer.closed, state.closed]).toEqual(["OtherChain", ["OtherChain"]]);
  });

  it("closes a link to itself, and one of two links to the same node", () => {
    const { node } = oneNode();
    const self = connect(node);
    self.hello({ nodeId: new Uint8Array(32).fill(1) });
    expect(self.peer.closed).toBe("Self");
    const nodeId = new Uint8Array(32).fill(200);
    const [inbound, outbound] = [connect(node, false), connect(node, true)];
    inbound.hello({ nodeId });
    outbound.hello({ nodeId });
    // This node has the lower id, so the link that it opened stays.
    expect([inbound.peer.closed, outbound.peer.closed]).toEqual(["Duplicate", undefined]);
    const third = connect(node, false);
    third.hello({ nodeId });
    expect([third.peer.closed, outbound.peer.closed]).toEqual(["Duplicate", undefined]);
  });

  it("bears some offences, counts them by code and then closes the link", () => {
    const { node } = oneNode();
    const { peer, raw, hello } = connect(node);
    hello();
    for (let i = 1; i < MAX_OFFENCES; i++) raw(new Uint8Array([99]));
    expect(peer.closed).toBe(undefined);
    raw(new Uint8Array(0));
    expect(peer.closed).toBe("Offences");
    expect(node.network.counts.offences.get("BadMessage")).toBe(MAX_OFFENCES);
    raw(new Uint8Array(0));
    expect(node.network.counts.offences.get("BadMessage")).toBe(MAX_OFFENCES);
  });

  it("counts as offences what comes before or twice, what was not asked for, and false votes, proofs and blocks", async () => {
    const { net, node } = oneNode();
    await net.run(5);
    const status = { bestNumber: 0, bestHash: node.chain.genesisHash, finalNumber: 0 };
    const offencesOf = (...messages: readonly PeerMessage[]): string[] => {
      node.network.counts.offences.clear();
      const { peer, hello, say } = connect(node);
      if (messages[0]?.type !== "status") hello();
      for (const message of messages) say(message);
      node.network.closed(peer);
      return [...node.network.counts.offences.keys()];
    };
    const alice = voteSigner(pairFromSuri("//Alice", "ed25519"));
    const bob = voteSigner(pairFromSuri("//Bob", "ed25519"));
    const round = node.network.voting.voter.round + 50n;
    const target = node.chain.head;
    const forged = { ...signVote(alice, "prevote", 0n, round, target), signature: new Uint8Array(64) };
    const stranger = signVote(bob, "prevote", 0n, round, target);
    const proof = { round, target: { hash: blockHash(new Uint8Array(32).fill(9)), number: 99 }, votes: [stranger] };
    expect(offencesOf({ type: "status", value: status })).toEqual(["OutOfTurn"]);
    expect(offencesOf({ type: "blocks", value: { id: 7, blocks: [] } })).toEqual(["Unasked"]);
    expect(offencesOf({ type: "votes", value: [forged] })).toEqual(["BadVoteSignature"]);
    expect(offencesOf({ type: "votes", value: [stranger] })).toEqual(["UnknownVoter"]);
    expect(offencesOf({ type: "proofs", value: [proof] })).toEqual(["UnknownVoter"]);
    expect(offencesOf({ type: "proofs", value: [{ ...proof, votes: [forged] }] })).toEqual(["BadVoteSignature"]);
    expect(offencesOf({ type: "justification", value: new Uint8Array(3) })).toEqual(["Undecodable"]);
    const { header } = node.chain.head;
    const block = {
      header: { ...header, parentHash: node.chain.head.hash, number: header.number + 1 },
      extrinsics: [],
    };
    expect(offencesOf({ type: "block", value: block })).toEqual(["SlotInvalid"]);
  });

  it("closes links to peers that are silent, that take too little, and that do not answer", async () => {
    const { net, node } = oneNode();
    const [silent, slow, mute] = [connect(node), connect(node), connect(node)];
    for (const [i, one] of [silent, slow, mute].entries()) one.hello({ nodeId: new Uint8Array(32).fill(100 + i) });
    slow.state.waiting = MAX_WAITING_BYTES + 1;
    const status = { bestNumber: 9, bestHash: blockHash(new Uint8Array(32).fill(9)), finalNumber: 0 };
    mute.say({ type: "status", value: status });
    expect(mute.sent.at(-1)).toMatchObject({ type: "wanted", value: { target: status.bestHash } });
    await net.run(2);
    expect([silent, slow, mute].map(({ peer }) => peer.closed)).toEqual([undefined, "TooSlow", undefined]);
    await net.run(ANSWER_TIMEOUT_MS / FAKE_SLOT_MS);
    expect([silent.peer.closed, mute.peer.closed]).toEqual([undefined, "Unresponsive"]);
    await net.run(SILENCE_TIMEOUT_MS / FAKE_SLOT_MS);
    expect(silent.peer.closed).toBe("Unresponsive");
  });

  it("takes a bounded number of links", () => {
    const { node } = oneNode();
    const peers = Array.from({ length: MAX_PEERS + 1 }, () => connect(node).peer);
    expect(peers.map(({ closed }) => closed).filter((reason) => reason !== undefined)).toEqual(["TooManyPeers"]);
  });

  it("asks again from where an answer ended, and not at once if it brought nothing", async () => {
    const { net, node } = oneNode();
    const { sent, say, hello } = connect(node);
    hello();
    const status = { bestNumber: 9, bestHash: blockHash(new Uint8Array(32).fill(9)), finalNumber: 0 };
    const questions = () => sent.filter(({ type }) => type === "wanted");
    say({ type: "status", value: status });
    say({ type: "blocks", value: { id: 1, blocks: [] } });
    say({ type: "status", value: status });
    expect(questions()).toHaveLength(1);
    await net.run(2);
    say({ type: "status", value: status });
    expect(questions()).toHaveLength(2);
  });

  it("makes no blocks while it lacks many that a peer has, and begins alone after a while", async () => {
    const { net, node } = oneNode();
    expect(node.network.isReadyToAuthor).toBe(false);
    const { hello, say } = connect(node);
    hello();
    expect(node.network.isReadyToAuthor).toBe(true);
    say({ type: "status", value: { bestNumber: 9, bestHash: blockHash(new Uint8Array(32)), finalNumber: 0 } });
    expect([node.network.isSyncing, node.network.isReadyToAuthor]).toEqual([true, false]);
    const alone = net.add("//Alice", { authorities: ["//Alice"] });
    await net.run(5);
    expect(alone.network.isReadyToAuthor).toBe(true);
  });
});

describe("peerMessage", () => {
  it("refuses any bytes that are no value of the table, without a crash", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const { peer, raw, hello } = connect(shared);
        hello();
        raw(bytes);
        expect([undefined, "Offences", "Duplicate"]).toContain(peer.closed);
        shared.network.closed(peer);
      }),
      { verbose: 1 },
    );
  });
});
const shared = oneNode().node;

describe("answerBlocks()", () => {
  it("gives the blocks after the newest common one, whichever fork each side is on", async () => {
    const net = new TestNetwork();
    const [left, right] = ["//Alice", "//Bob"].map((name) => net.add(name)) as [TestNode, TestNode];
    const link = net.link(left, right);
    await net.run(8);
    link.cut();
    await net.run(20);
    const answer = answerBlocks(left.chain, left.chain.head.hash, knownHashes(right.chain));
    expect(answer.length).toBeGreaterThan(3);
    const [first] = answer;
    expect(right.chain.find(first?.header.parentHash as Uint8Array)).not.toBe(undefined);
    for (const [i, { header }] of answer.entries()) {
      if (i > 0) expect(header.parentHash).toEqual(computeHeaderHash(answer[i - 1]?.header as never));
    }
    expect(knownHashes(right.chain).length).toBeLessThanOrEqual(MAX_KNOWN_HASHES);
    const stranger = blockHash(new Uint8Array(32).fill(3));
    expect(answerBlocks(left.chain, stranger, knownHashes(right.chain))).toEqual([]);
    expect(answerBlocks(left.chain, left.chain.head.hash, [stranger])).toEqual([]);
    expect(answerBlocks(left.chain, left.chain.head.hash, [left.chain.head.hash])).toEqual([]);
    expect(answer.length).toBeLessThanOrEqual(MAX_BLOCKS_PER_ANSWER);
  });
});

describe("BlockSync", () => {
  it("brings forks together that parted longer ago than one answer reaches", async () => {
    const net = new TestNetwork();
    const authorities = ["//Alice", "//Bob"];
    const [left, right] = authorities.map((name) => net.add(name, { authorities })) as [TestNode, TestNode];
    const author = (one: TestNode, blocks: number) => {
      for (let left = blocks; left > 0;) {
        net.nowMs += FAKE_SLOT_MS;
        if (one.node.tick()) left--;
      }
    };
    author(left, 400);
    for (let number = 1; number <= 400; number++) {
      const header = left.chain.header(number) as never;
      right.node.import({ header, extrinsics: left.chain.block(number)?.extrinsics ?? [] });
    }
    author(left, 300);
    author(right, 350);
    const link = net.link(left, right);
    for (let i = 0; i < 300 && net.heads().length > 1; i++) await settle();
    expect(net.heads()).toHaveLength(1);
    expect(left.chain.head.number).toBe(750);
    expect(left.chain.tree.leaves).toHaveLength(2);
    expect(link.counts.messages).toBeLessThan(60);
  });

  it.each([
    ["throws", () => {
      throw new Error("disk full");
    }],
    ["rejects", () => Promise.reject(new Error("disk full"))],
  ])("asks again for blocks that could not be prepared, and makes blocks again: it %s", async (_how, refuse) => {
    const net = new TestNetwork();
    const authorities = ["//Alice", "//Bob"];
    const first = net.add("//Alice", { authorities });
    await net.run(20);
    const before = first.chain.head.number;
    // The first of an answer, one in the middle of the next, and one that is announced later.
    const failing = [1, 6, 30];
    let asked = 0;
    const prepare = () => failing.includes(++asked) ? refuse() : undefined;
    const late = net.add("//Bob", { authorities, prepare });
    net.link(late, first);
    await net.run(40);
    expect([late.network.isSyncing, net.heads().length]).toEqual([false, 1]);
    const slots = 40 - 2 * Math.ceil(RETRY_BLOCK_MS / FAKE_SLOT_MS);
    expect(late.chain.head.number).toBeGreaterThan(before + slots / 2);
    expect(late.log.filter((line) => line.includes("disk full"))).toHaveLength(failing.length);
    expect(late.network.counts.offences.size).toBe(0);
  });
});

describe("ImportQueue", () => {
  it("runs blocks one after another, each after its preparation, and goes on after a failure", async () => {
    const done: string[] = [];
    const prepare = async (extrinsic: Uint8Array) => {
      await settle();
      if (extrinsic[0] === 3) throw new Error("no verdict");
      done.push(`prepared ${extrinsic[0]}`);
    };
    const errors: unknown[] = [];
    const queue = new ImportQueue({ prepare, pause: settle, onError: (error) => errors.push(error) });
    const failed = (number: number) => {
      done.push(`failed ${number}`);
      throw new Error("nobody to ask");
    };
    const push = (number: number, run: () => void) =>
      queue.push({
        block: { header: {} as never, extrinsics: [new Uint8Array([number])] },
        run,
        fail: () => failed(number),
      });
    push(1, () => {
      throw new Error("disk full");
    });
    push(3, () => done.push("ran 3"));
    push(2, () => done.push("ran 2"));
    expect(queue.size).toBe(3);
    for (let i = 0; i < 12; i++) await settle();
    expect([done, queue.size]).toEqual([["prepared 1", "failed 3", "prepared 2", "ran 2"], 0]);
    expect(errors.map((error) => (error as Error).message)).toEqual(["disk full", "no verdict", "nobody to ask"]);
    const taken = Array.from({ length: MAX_QUEUED_BLOCKS + 2 }, (_, i) => push(i, () => {}));
    expect(taken.filter((isTaken) => !isTaken)).toHaveLength(1);
    queue.clear();
  });
});

describe("vote", () => {
  it("is signed over stage, target, round and set, each of which breaks it", () => {
    const signer = voteSigner(pairFromSuri("//Alice", "ed25519"));
    const target = { hash: blockHash(new Uint8Array(32).fill(1)), number: 7 };
    const signed = signVote(signer, "prevote", 2n, 3n, target);
    expect(isSigned(vote.decode(vote.encode(signed)))).toBe(true);
    const changes = [
      { stage: "precommit" },
      { setId: 3n },
      { round: 4n },
      { targetNumber: 8 },
      { targetHash: blockHash(new Uint8Array(32)) },
      { authority: new Uint8Array(32).fill(5) },
    ] as const;
    for (const change of changes) {
      expect(isSigned({ ...signed, ...change }), JSON.stringify(Object.keys(change))).toBe(false);
    }
    expect(() => vote.decode(new Uint8Array([2, ...vote.encode(signed).subarray(1)]))).toThrow();
  });
});
