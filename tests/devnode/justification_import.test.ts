/** Proofs of finality that others made: what they prove, and each reason why one is not taken. */
import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { setOfBlock, withoutHeader } from "../../src/devnode/authority_history.ts";
import type { CandidateBlock } from "../../src/devnode/block_import.ts";
import { DevChain } from "../../src/devnode/chain.ts";
import { createMemoryStore } from "../../src/devnode/chain_store.ts";
import { createDevKeys } from "../../src/devnode/dev_keys.ts";
import { isKept } from "../../src/devnode/finality.ts";
import { createJustification, signPrecommit, type VoteTarget } from "../../src/devnode/grandpa.ts";
import { DevNode } from "../../src/devnode/node.ts";
import type { NodeEvent } from "../../src/devnode/node_event.ts";
import { grandpaJustification } from "../../src/parentchain/grandpa/justification.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { createFakeRuntime, FAKE_SLOT_MS, fakeExtrinsic, KIND } from "./fake_runtime.ts";

const VOTERS = ["//Alice", "//Bob", "//Charlie", "//Dave"];

function newNode(period = 1) {
  const runtime = createFakeRuntime(0, FAKE_SLOT_MS, VOTERS);
  const clock = { nowMs: 1_000_000 };
  const store = createMemoryStore();
  const keys = createDevKeys(VOTERS);
  const chain = new DevChain({ runtime, preset: "local", store, keys, statesKept: 256, justifications: { period } });
  const node = new DevNode(chain, () => clock.nowMs);
  const author = (slots = 1): CandidateBlock => {
    clock.nowMs += slots * FAKE_SLOT_MS;
    node.tick();
    return { header: chain.head.header, extrinsics: chain.block(chain.head.number)?.extrinsics ?? [] };
  };
  return { chain, node, clock, author, store };
}

function justify(target: VoteTarget, uris: readonly string[], setId = 0n, round = 1n): Uint8Array {
  const votes = uris.map((uri) => signPrecommit(pairFromSuri(uri, "ed25519"), target, round, setId));
  return grandpaJustification.encode(createJustification(round, target, votes));
}

describe("DevNode.importJustification()", () => {
  it("makes the block and all before it final, with one event each", () => {
    const { node, chain, author } = newNode();
    for (let i = 0; i < 3; i++) author();
    const events: NodeEvent[] = [];
    node.listen((event) => events.push(event));
    const proof = justify(chain.head, VOTERS.slice(0, 3));
    expect(node.importJustification(proof)).toEqual({ ok: true, value: true });
    expect(events.map(({ type }) => type)).toEqual(["justification", "finalized", "finalized", "finalized"]);
    expect([chain.finalizedNumber, chain.tree.size]).toEqual([3, 1]);
    expect(chain.finalProof()).toEqual(proof);
    expect(chain.justification(3)).toEqual(proof);
    expect(node.importJustification(proof)).toMatchObject({ ok: false, error: { code: "AlreadyFinal" } });
  });

  it("changes to the fork that is final, though it is shorter, and drops the other", () => {
    const [left, right] = [newNode(), newNode()];
    for (let i = 0; i < 3; i++) left.author();
    const other = right.author(2);
    left.node.import(other);
    expect(left.chain.head.number).toBe(3);
    const events: NodeEvent[] = [];
    left.node.listen((event) => events.push(event));
    expect(left.node.importJustification(justify(right.chain.head, VOTERS)).ok).toBe(true);
    expect(left.chain.head.hash).toEqual(right.chain.head.hash);
    expect(events.map(({ type }) => type)).toEqual(["head", "justification", "finalized"]);
    expect([left.chain.tree.size, left.store.sides().length]).toEqual([1, 0]);
    left.author(4);
    expect(left.chain.head.number).toBe(2);
  });

  it("reports each reason why a proof is not taken", () => {
    const { node, chain, author } = newNode();
    const rival = newNode();
    author();
    rival.author(2);
    const codeOf = (bytes: Uint8Array) => {
      const result = node.importJustification(bytes);
      return result.ok ? "ok" : result.error.code;
    };
    expect(codeOf(new Uint8Array([1, 2, 3]))).toBe("Undecodable");
    expect(codeOf(justify(rival.chain.head, VOTERS))).toBe("UnknownTarget");
    expect(codeOf(justify(chain.head, VOTERS.slice(0, 2)))).toBe("Unproven");
    expect(codeOf(justify(chain.head, VOTERS, 1n))).toBe("Unproven");
    expect(codeOf(justify(chain.head, [...VOTERS.slice(0, 2), "//Eve", "//Ferdie"]))).toBe("Unproven");
    expect(chain.finalizedNumber).toBe(0);
    expect(codeOf(justify(chain.head, VOTERS))).toBe("ok");
    expect(codeOf(justify(rival.chain.head, VOTERS))).toBe("ConflictingFinality");
    expect(codeOf(justify(rival.chain.head, VOTERS.slice(0, 1)))).toBe("Unproven");
  });

  it("reports BeyondSet for a proof by a set of blocks after its last one", () => {
    const { node, chain, author } = newNode();
    node.submit(fakeExtrinsic(1, 0, KIND.handOver));
    author();
    const last = chain.head;
    author();
    const beyond = node.importJustification(justify(chain.head, VOTERS));
    expect(beyond).toMatchObject({ ok: false, error: { code: "BeyondSet", lastBlock: 1 } });
    expect(node.importJustification(justify(chain.head, ["//Bob"], 1n))).toMatchObject({ ok: false });
    expect(node.importJustification(justify(last, VOTERS)).ok).toBe(true);
    expect(node.importJustification(justify(chain.head, ["//Bob"], 1n)).ok).toBe(true);
    expect(chain.finalizedNumber).toBe(2);
  });

  it("keeps the first proof of each period and that of the block that ends a set", () => {
    const { node, chain, author } = newNode(4);
    for (const isEnd of [false, false, false, false, false, true, false]) {
      if (isEnd) node.submit(fakeExtrinsic(1, 0, KIND.handOver));
      author();
      const voters = chain.head.number > 6 ? ["//Bob"] : VOTERS;
      if (chain.head.number === 4) continue;
      expect(node.importJustification(justify(chain.head, voters, chain.head.number > 6 ? 1n : 0n)).ok).toBe(true);
    }
    const kept = Array.from({ length: 8 }, (_, number) => number).filter((number) => chain.justification(number));
    expect(kept).toEqual([5, 6]);
    expect(isKept(8, 7, chain.authorities, { period: 4 })).toBe(true);
  });
});

describe("authorities of forks", () => {
  it("belong to the fork that announced them, and leave with it", () => {
    const [left, right] = [newNode(), newNode()];
    left.node.submit(fakeExtrinsic(1, 0, KIND.handOver));
    left.author();
    const { header } = left.chain.head;
    expect(setOfBlock(left.chain.authorities, 2).set.setId).toBe(1n);
    expect(withoutHeader(left.chain.authorities, header)).toHaveLength(1);
    const blocks = [right.author(2), right.author()];
    left.clock.nowMs = right.clock.nowMs;
    for (const block of blocks) left.node.import(block);
    expect(left.chain.head.number).toBe(2);
    expect(left.chain.authorities).toHaveLength(1);
    expect(toHex(left.chain.head.hash)).toBe(toHex(right.chain.head.hash));
  });
});
