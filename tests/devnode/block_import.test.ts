/** Blocks of others: what is taken, and each reason why one is not. */
import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { preRuntimeSlot, sealHeader } from "../../src/devnode/aura.ts";
import { type CandidateBlock, isOffence } from "../../src/devnode/block_import.ts";
import { DevChain } from "../../src/devnode/chain.ts";
import { createMemoryStore } from "../../src/devnode/chain_store.ts";
import { createDevKeys } from "../../src/devnode/dev_keys.ts";
import { DevNode } from "../../src/devnode/node.ts";
import type { NodeEvent } from "../../src/devnode/node_event.ts";
import { computeHeaderHash, type ParentchainHeader, parentchainHeader } from "../../src/parentchain/header.ts";
import { blockHash, h256 } from "../../src/primitives/branded.ts";
import { computeOrderedRoot } from "../../src/trie/trie.ts";
import { createFakeRuntime, FAKE_SLOT_MS, fakeExtrinsic, KIND } from "./fake_runtime.ts";

const AUTHORITIES = ["//Alice", "//Bob"];
const START_MS = 1_000_000;

function newNode(uris: readonly string[] = AUTHORITIES) {
  const runtime = createFakeRuntime(0, FAKE_SLOT_MS, AUTHORITIES);
  const clock = { nowMs: START_MS };
  const chain = new DevChain({
    runtime,
    preset: "local",
    store: createMemoryStore(),
    keys: createDevKeys(uris),
    statesKept: 256,
    justifications: { period: 1 },
  });
  const node = new DevNode(chain, () => clock.nowMs);
  /** Makes a block so many slots later. */
  const author = (slots = 1): CandidateBlock => {
    clock.nowMs += slots * FAKE_SLOT_MS;
    expect(node.tick()).toBe(true);
    const { number, header } = chain.head;
    return { header, extrinsics: chain.block(number)?.extrinsics ?? [] };
  };
  return { chain, node, clock, author };
}

/** An author's block number 1, and a node that has not seen it. */
function oneBlock(extrinsic?: Uint8Array) {
  const author = newNode();
  if (extrinsic !== undefined) author.node.submit(extrinsic);
  const block = author.author();
  const { chain, node, clock } = newNode([]);
  clock.nowMs = author.clock.nowMs;
  return { block, author, chain, node, clock };
}

/** Seals a changed header as the author of its slot, so that only the change is wrong. */
function resealed(block: CandidateBlock, change: Partial<ParentchainHeader>, slot?: bigint): CandidateBlock {
  const digest = slot === undefined ? block.header.digest.slice(0, -1) : [preRuntimeSlot(slot)];
  const unsealed = { ...block.header, digest, ...change };
  const item = unsealed.digest.find(({ type }) => type === "PreRuntime");
  const payload = item?.type === "PreRuntime" ? item.value.payload : new Uint8Array(8);
  const name = AUTHORITIES[(payload[0] ?? 0) % 2] as string;
  return { ...block, header: sealHeader(unsealed, pairFromSuri(name)) };
}

function withExtrinsics(block: CandidateBlock, extrinsics: readonly Uint8Array[]): CandidateBlock {
  return { ...resealed(block, { extrinsicsRoot: computeOrderedRoot(extrinsics, 0) }), extrinsics };
}

describe("DevNode.import()", () => {
  it("takes the block of another author, with the same state and head", () => {
    const { block, author, node, chain } = oneBlock(fakeExtrinsic(1, 0));
    expect(node.import(block)).toMatchObject({ ok: true, value: { isHead: true, retracted: [] } });
    expect(chain.head.hash).toEqual(author.chain.head.hash);
    expect(node.authored).toBe(0);
  });

  const zero = h256(new Uint8Array(32));
  const cases: readonly [code: string, change: (block: CandidateBlock) => CandidateBlock][] = [
    ["UnknownParent", (block) => resealed(block, { parentHash: blockHash(new Uint8Array(32)) })],
    ["NumberMismatch", (block) => resealed(block, { number: 2 })],
    ["BehindFinality", (block) => resealed(block, { number: 0 })],
    ["SlotInFuture", (block) => resealed(block, {}, BigInt(START_MS / FAKE_SLOT_MS) + 3n)],
    ["SlotInvalid", (block) => resealed(block, { digest: [] })],
    ["SlotInvalid", (block) => {
      const item = preRuntimeSlot(BigInt(START_MS / FAKE_SLOT_MS) + 1n);
      return resealed(block, { digest: [item, item] });
    }],
    ["BadSeal", (block) => ({ ...block, header: { ...block.header, digest: block.header.digest.slice(0, -1) } })],
    ["BadSeal", (block) => {
      const unsealed = { ...block.header, digest: block.header.digest.slice(0, -1) };
      return { ...block, header: sealHeader(unsealed, pairFromSuri("//Charlie")) };
    }],
    // The slot of the other author, sealed by the right one of the former slot.
    ["BadSeal", (block) => {
      const digest = [preRuntimeSlot(BigInt(START_MS / FAKE_SLOT_MS) + 2n)];
      return { ...block, header: sealHeader({ ...block.header, digest }, pairFromSuri("//Bob")) };
    }],
    ["InherentsMisplaced", (block) => withExtrinsics(block, [])],
    ["InherentsMisplaced", (block) => withExtrinsics(block, block.extrinsics.toReversed())],
    ["InherentsMisplaced", (block) => withExtrinsics(block, [...block.extrinsics, ...block.extrinsics.slice(0, 1)])],
    ["ExtrinsicsRootMismatch", (block) => ({ ...block, extrinsics: block.extrinsics.slice(0, 1) })],
    ["ExtrinsicsRootMismatch", (block) => resealed(block, { extrinsicsRoot: zero })],
    ["InvalidExtrinsic", (block) => withExtrinsics(block, [...block.extrinsics, fakeExtrinsic(1, 5)])],
    ["InvalidExtrinsic", (block) => withExtrinsics(block, [...block.extrinsics, ...block.extrinsics.slice(1)])],
    ["StateRootMismatch", (block) => resealed(block, { stateRoot: zero })],
    ["DigestMismatch", (block) => {
      const [slot] = block.header.digest;
      const other = { type: "Other", value: new Uint8Array([1]) } as const;
      return slot === undefined ? block : resealed(block, { digest: [slot, other] });
    }],
  ];
  const harmless = ["UnknownParent", "BehindFinality", "SlotInFuture"];

  it.each(cases)("reports %s and leaves head, state and store as they were (%#)", (code, change) => {
    const { block, node, chain } = oneBlock(fakeExtrinsic(1, 0));
    const { head } = chain;
    const result = node.import(change(block));
    expect(result).toMatchObject({ ok: false, error: { code } });
    expect(!result.ok && isOffence(result.error)).toBe(!harmless.includes(code));
    expect(chain.head).toBe(head);
    expect([chain.tree.size, chain.block(1)]).toEqual([1, undefined]);
    expect(node.import(block).ok).toBe(true);
  });

  it("reports AlreadyKnown for blocks on the chain and besides it", () => {
    const { node, chain, blocks } = twoForks();
    for (const block of blocks) {
      expect(node.import(block)).toMatchObject({ ok: false, error: { code: "AlreadyKnown" } });
    }
    expect(chain.tree.leaves).toHaveLength(2);
  });

  it("reports ExecutionFailed where the runtime throws, as for a slot before its parent's", () => {
    const { block, clock } = oneBlock();
    const runtime = createFakeRuntime(0, FAKE_SLOT_MS, AUTHORITIES);
    const refusing = {
      ...runtime,
      initializeBlock: () => {
        throw new RangeError("Cannot begin block");
      },
    };
    const justifications = { period: 1 };
    const keys = createDevKeys([]);
    const store = createMemoryStore();
    const chain = new DevChain({ runtime: refusing, preset: "local", store, keys, statesKept: 256, justifications });
    expect(chain.import(block, clock.nowMs)).toMatchObject({ ok: false, error: { code: "ExecutionFailed" } });
  });

  it("keeps nothing of a block that its store does not take, and takes it later", () => {
    const { block, clock } = oneBlock();
    const inner = createMemoryStore();
    let isFull = false;
    const store = {
      ...inner,
      commit: (commit: Parameters<typeof inner.commit>[0]) => {
        if (isFull) throw new Error("disk full");
        inner.commit(commit);
      },
    };
    const runtime = createFakeRuntime(0, FAKE_SLOT_MS, AUTHORITIES);
    const keys = createDevKeys([]);
    const justifications = { period: 1 };
    const chain = new DevChain({ runtime, preset: "local", store, keys, statesKept: 256, justifications });
    isFull = true;
    expect(() => chain.import(block, clock.nowMs)).toThrow("disk full");
    expect([chain.head.number, chain.tree.size]).toEqual([0, 1]);
    isFull = false;
    expect(chain.import(block, clock.nowMs).ok).toBe(true);
  });
});

/** A node with a fork of two blocks as the chain and one of one block besides it. */
function twoForks() {
  const [left, right] = [newNode(), newNode()];
  const short = left.author();
  const long = [right.author(2), right.author()] as const;
  const receiver = newNode([]);
  receiver.clock.nowMs = right.clock.nowMs;
  const events: NodeEvent[] = [];
  receiver.node.listen((event) => events.push(event));
  for (const block of [short, ...long]) expect(receiver.node.import(block).ok).toBe(true);
  return { ...receiver, events, blocks: [short, ...long], left, right };
}

describe("fork choice", () => {
  it("prefers more blocks, then the lower hash, whatever comes first", () => {
    const [left, right] = [newNode(), newNode()];
    const rivals = [left.author(), right.author(2)];
    const hashes = rivals.map(({ header }) => computeHeaderHash(header));
    for (const order of [rivals, rivals.toReversed()]) {
      const receiver = newNode([]);
      receiver.clock.nowMs = START_MS + 10 * FAKE_SLOT_MS;
      for (const block of order) receiver.node.import(block);
      const byBytes = [...hashes].sort((a, b) => a.toHex() < b.toHex() ? -1 : 1)[0];
      expect(receiver.chain.head.hash).toEqual(byBytes);
    }
  });

  it("tells of side blocks, and of a new head with what changed against the old one", () => {
    const { chain, events, blocks } = twoForks();
    const [, , last] = blocks as [CandidateBlock, CandidateBlock, CandidateBlock];
    expect(chain.head.hash).toEqual(computeHeaderHash(last.header));
    expect(events.at(-1)).toMatchObject({ type: "head", number: 2 });
    expect(events.filter(({ type }) => type === "side" || type === "head")).toHaveLength(3);
    for (const { header } of blocks) {
      const hash = computeHeaderHash(header);
      expect(chain.headerOf(hash)).toEqual(header);
      expect(chain.find(hash)?.header).toEqual(parentchainHeader.encode(header));
      expect(chain.stateAt(hash).ok).toBe(true);
    }
  });

  it("gives the pool back what the lost fork had, in order, and tells its watchers", () => {
    const [left, right] = [newNode(), newNode()];
    const [first, second] = [fakeExtrinsic(1, 0), fakeExtrinsic(1, 1)];
    for (const extrinsic of [first, second]) left.node.submit(extrinsic);
    left.author();
    right.node.submit(fakeExtrinsic(2, 0, KIND.plain, 3));
    const better = [right.author(2), right.author()];
    left.clock.nowMs = right.clock.nowMs;
    for (const block of better) left.node.import(block);
    expect(left.chain.head.number).toBe(2);
    expect(left.node.pool.readyInOrder().map(({ bytes }) => bytes)).toEqual([first, second]);
    left.author();
    expect(left.node.pool.all()).toEqual([]);
  });

  it("makes no second block in a slot after its first one was left", () => {
    const [left, right] = [newNode(), newNode()];
    const early = [right.author(), right.author()];
    left.author(3);
    for (const block of early) left.node.import(block);
    expect(left.chain.head.number).toBe(2);
    expect(left.node.tick()).toBe(false);
    left.clock.nowMs += FAKE_SLOT_MS;
    expect(left.node.tick()).toBe(true);
  });

  it("reports TooManySides for a fork when there is no room, and still follows the chain", () => {
    const [left, right] = [newNode(), newNode()];
    const runtime = createFakeRuntime(0, FAKE_SLOT_MS, AUTHORITIES);
    const keys = createDevKeys([]);
    const parts = { runtime, preset: "local", store: createMemoryStore(), keys, statesKept: 256 } as const;
    const chain = new DevChain({ ...parts, justifications: { period: 1 }, maxSideBlocks: 0 });
    const blocks = [left.author(), left.author()];
    for (const block of blocks) expect(chain.import(block, left.clock.nowMs).ok).toBe(true);
    const side = chain.import(right.author(2), right.clock.nowMs);
    expect(side).toMatchObject({ ok: false, error: { code: "TooManySides" } });
    expect(chain.import(left.author(), left.clock.nowMs).ok).toBe(true);
  });
});
