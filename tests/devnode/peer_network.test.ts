/** Nodes that exchange blocks and votes: forks, losses and returns, in one thread. */
import { describe, expect, it } from "vitest";
import { verifyJustification } from "../../src/parentchain/grandpa/verify.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { openSqliteStore } from "../../src/devnode/deno/sqlite_store.ts";
import { fakeExtrinsic, KIND } from "./fake_runtime.ts";
import { AUTHORITIES, settle, TestNetwork, type TestNode } from "./network_harness.ts";

function fourNodes(): { net: TestNetwork; nodes: TestNode[] } {
  const net = new TestNetwork();
  const nodes = AUTHORITIES.map((name) => net.add(name));
  return { net, nodes };
}

// The portable crypto is twenty times slower, and these nodes sign and verify a lot.
await installFastCrypto();

/** No two nodes may have different final blocks at one height. */
function expectOneFinalChain(nodes: readonly TestNode[]): void {
  const lowest = Math.min(...nodes.map(({ chain }) => chain.finalizedNumber));
  for (let number = 0; number <= lowest; number++) {
    expect(new Set(nodes.map(({ chain }) => toHex(chain.hashOf(number) as Uint8Array))).size).toBe(1);
  }
}

const voters = AUTHORITIES.map((uri) => ({ id: pairFromSuri(uri, "ed25519").publicKey, weight: 1n }));

describe("a network of four authorities", () => {
  it("authors in turn, agrees on one head and makes it final by three or four precommits", async () => {
    const { net, nodes } = fourNodes();
    net.linkAll();
    await net.run(12);
    const [alice] = nodes as [TestNode];
    expect(net.heads()).toHaveLength(1);
    expect(alice.chain.head.number).toBeGreaterThanOrEqual(10);
    for (const { chain, node } of nodes) {
      expect(chain.finalizedNumber).toBeGreaterThanOrEqual(chain.head.number - 1);
      expect(node.authored).toBeGreaterThanOrEqual(2);
    }
    expectOneFinalChain(nodes);
    const number = alice.chain.finalizedNumber;
    const proof = alice.chain.finalProof() as Uint8Array;
    const target = { number, hash: alice.chain.finalizedHash };
    const verified = verifyJustification(proof, target, { setId: 0n, authorities: voters });
    expect(verified.ok && verified.value.precommits.length).toBeGreaterThanOrEqual(3);
  });

  it("goes on without one of them, and takes it in again when it is back", async () => {
    const { net, nodes } = fourNodes();
    net.linkAll();
    await net.run(4);
    const [lost, ...rest] = nodes.toReversed() as [TestNode, ...TestNode[]];
    const links = [...lost.network.peers];
    for (const peer of links) peer.close("Gone");
    await net.run(12, [lost]);
    const [first] = rest as [TestNode];
    expect(first.chain.finalizedNumber).toBeGreaterThanOrEqual(first.chain.head.number - 1);
    const behind = first.chain.head.number - lost.chain.head.number;
    expect(behind).toBeGreaterThan(5);
    for (const one of rest) net.link(lost, one);
    await net.run(3);
    expect(net.heads()).toHaveLength(1);
    expect(lost.chain.finalizedNumber).toBe(first.chain.finalizedNumber);
    expectOneFinalChain(nodes);
  });

  it("stops finality but not blocks without two of them, and resumes with their votes", async () => {
    const { net, nodes } = fourNodes();
    net.linkAll();
    await net.run(5);
    const [alice, bob, charlie, dave] = nodes as [TestNode, TestNode, TestNode, TestNode];
    for (const one of [charlie, dave]) for (const peer of one.network.peers) peer.close("Gone");
    await settle();
    await net.run(2, [charlie, dave]);
    const stalledAt = alice.chain.finalizedNumber;
    const height = alice.chain.head.number;
    await net.run(12, [charlie, dave]);
    expect(alice.chain.finalizedNumber).toBe(stalledAt);
    expect(alice.chain.head.number).toBeGreaterThanOrEqual(height + 5);
    for (const one of [charlie, dave]) for (const other of [alice, bob]) net.link(one, other);
    net.link(charlie, dave);
    await net.run(4);
    expect(net.heads()).toHaveLength(1);
    for (const { chain } of nodes) expect(chain.finalizedNumber).toBeGreaterThanOrEqual(chain.head.number - 1);
    expectOneFinalChain(nodes);
  });

  it("has one head after two halves were apart, and loses no transaction of the shorter fork", async () => {
    const { net, nodes } = fourNodes();
    const [alice, bob, charlie, dave] = nodes as [TestNode, TestNode, TestNode, TestNode];
    const across = [[alice, charlie], [alice, dave], [bob, charlie], [bob, dave]] as const;
    net.link(alice, bob);
    net.link(charlie, dave);
    const links = across.map(([from, to]) => net.link(from, to));
    await net.run(4);
    const finalBefore = alice.chain.finalizedNumber;
    for (const { cut } of links) cut();
    const left = fakeExtrinsic(1, 0);
    const right = fakeExtrinsic(2, 0);
    const words: string[] = [];
    const watch = (one: TestNode, extrinsic: Uint8Array, word: string) => {
      one.node.watch(toHex(blake2_256(extrinsic)), ({ type }) => words.push(`${word} ${type}`));
      expect(one.node.submit(extrinsic).ok).toBe(true);
    };
    watch(alice, left, "left");
    watch(charlie, right, "right");
    await net.run(9, [bob]);
    expect(net.heads()).toHaveLength(2);
    expect(alice.chain.finalizedNumber).toBeLessThanOrEqual(finalBefore + 1);
    for (const [from, to] of across) net.link(from, to);
    await settle();
    await net.run(10);
    expect(net.heads()).toHaveLength(1);
    expectOneFinalChain(nodes);
    expect(words.filter((word) => word.startsWith("right"))).toEqual([
      "right ready",
      "right broadcast",
      "right inBlock",
      "right finalized",
    ]);
    expect(words.filter((word) => word.startsWith("left"))).toEqual([
      "left ready",
      "left broadcast",
      "left inBlock",
      "left retracted",
      "left ready",
      "left inBlock",
      "left finalized",
    ]);
  });

  it("passes blocks, votes and transactions on along a line with a full node in the middle", async () => {
    const net = new TestNetwork();
    const [alice, bob, charlie, dave] = AUTHORITIES.map((name) => net.add(name)) as [
      TestNode,
      TestNode,
      TestNode,
      TestNode,
    ];
    const full = net.add(undefined);
    net.link(alice, bob);
    net.link(bob, full);
    net.link(full, charlie);
    net.link(charlie, dave);
    await net.run(6);
    expect(full.node.authored).toBe(0);
    alice.node.submit(fakeExtrinsic(7, 0));
    await settle();
    expect(dave.node.pool.ready.count).toBe(1);
    await net.run(6);
    expect(net.heads()).toHaveLength(1);
    for (const { chain } of net.nodes) expect(chain.finalizedNumber).toBeGreaterThanOrEqual(chain.head.number - 1);
  });

  it("syncs a node that joins late over several answers and a change of voters", async () => {
    const net = new TestNetwork();
    const alice = net.add("//Alice", { authorities: ["//Alice"] });
    const bob = net.add("//Bob", { authorities: ["//Alice"] });
    net.link(alice, bob);
    await net.run(3);
    alice.node.submit(fakeExtrinsic(1, 0, KIND.handOver));
    await net.run(160);
    expect(bob.network.voting.voter.setId).toBe(1n);
    const late = net.add(undefined, { authorities: ["//Alice"] });
    net.link(late, alice);
    await net.run(2);
    expect(late.chain.head.hash).toEqual(alice.chain.head.hash);
    expect(late.chain.finalizedNumber).toBe(alice.chain.finalizedNumber);
    expect(late.chain.finalizedNumber).toBeGreaterThanOrEqual(160);
    expect(late.network.voting.voter.setId).toBe(1n);
  });

  it("goes on from its database with the forks it had, and signs nothing twice", async () => {
    const folder = await Deno.makeTempDir({ prefix: "devnode-network-" });
    const net = new TestNetwork();
    const [alice, bob, charlie] = ["//Alice", "//Bob", "//Charlie"].map((name) => net.add(name)) as [
      TestNode,
      TestNode,
      TestNode,
    ];
    const dave = net.add("//Dave", { store: openSqliteStore(`${folder}/chain.db`) });
    const links = net.linkAll();
    await net.run(4);
    for (const { cut } of links) cut();
    const halves = [net.link(alice, bob), net.link(charlie, dave)];
    await net.run(7, [alice]);
    for (const { cut } of halves) cut();
    net.link(dave, bob);
    await settle();
    const { head } = dave.chain;
    const leaves = dave.chain.tree.leaves.map(({ hash }) => toHex(hash)).sort();
    expect(leaves.length).toBeGreaterThan(1);
    const { round } = dave.network.voting.voter;
    dave.network.stop();
    net.nodes.splice(net.nodes.indexOf(dave), 1);
    dave.chain.close();
    const again = net.add("//Dave", { store: openSqliteStore(`${folder}/chain.db`) });
    expect(again.chain.head.hash).toEqual(head.hash);
    expect(again.chain.tree.leaves.map(({ hash }) => toHex(hash)).sort()).toEqual(leaves);
    expect(again.network.voting.voter.round).toBe(round);
    for (const one of [alice, bob, charlie]) net.link(again, one);
    await net.run(6);
    expect(net.heads()).toHaveLength(1);
    expectOneFinalChain(net.nodes);
    expect(again.chain.finalizedNumber).toBeGreaterThanOrEqual(again.chain.head.number - 1);
    for (const { network } of net.nodes) expect(network.voting.counts.equivocations).toBe(0);
    again.chain.close();
    await Deno.remove(folder, { recursive: true });
  });
});
