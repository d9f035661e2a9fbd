import { describe, expect, it } from "vitest";
import { verifyAuraSeal } from "../../src/parentchain/aura.ts";
import { verifyJustification } from "../../src/parentchain/grandpa/verify.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { DevChain } from "../../src/devnode/chain.ts";
import { type ChainStore, createMemoryStore } from "../../src/devnode/chain_store.ts";
import { createDevKeys } from "../../src/devnode/dev_keys.ts";
import { openSqliteStore } from "../../src/devnode/deno/sqlite_store.ts";
import { DevNode } from "../../src/devnode/node.ts";
import type { NodeEvent } from "../../src/devnode/node_event.ts";
import { TransactionPool } from "../../src/devnode/pool/transaction_pool.ts";
import { createFakeRuntime, FAKE_SLOT_MS, fakeExtrinsic, KIND } from "./fake_runtime.ts";

const keys = createDevKeys(["//Alice", "//Bob"]);
const START_MS = 1_000_000;

interface Setup {
  readonly store?: ChainStore;
  readonly period?: number;
  readonly marker?: number;
  readonly slotDurationMs?: number;
  readonly startMs?: number;
}

/** A node with a clock that moves one slot with every block. */
function setUp({ store = createMemoryStore(), period = 1, marker, slotDurationMs, startMs = START_MS }: Setup = {}) {
  const runtime = createFakeRuntime(marker, slotDurationMs);
  const chain = new DevChain({
    runtime,
    preset: "dev",
    store,
    keys,
    statesKept: 3,
    justifications: { period },
  });
  const clock = { nowMs: startMs };
  const node = new DevNode(chain, () => clock.nowMs, new TransactionPool());
  const nextBlock = (): boolean => {
    clock.nowMs += FAKE_SLOT_MS;
    const isNew = node.tick();
    node.finalize();
    return isNew;
  };
  /** Submits an extrinsic and gathers the words of its statuses. */
  const submit = (extrinsic: Uint8Array): string[] => {
    const words: string[] = [];
    node.watch(toHex(blake2_256(extrinsic)), (status) => words.push(status.type));
    const submitted = node.submit(extrinsic);
    if (!submitted.ok) words.push(submitted.error.code);
    return words;
  };
  return { node, chain, clock, nextBlock, submit };
}

describe("DevNode.submit()", () => {
  it("tells ready, inBlock and finalized in that order", () => {
    const { submit, nextBlock } = setUp();
    const words = submit(fakeExtrinsic(1, 0));
    expect(words).toEqual(["ready"]);
    nextBlock();
    expect(words).toEqual(["ready", "inBlock", "finalized"]);
  });

  it("reports BadFormat for bytes whose length prefix does not fit", () => {
    const { submit } = setUp();
    expect(submit(new Uint8Array(0))).toEqual(["BadFormat"]);
    expect(submit(new Uint8Array([8, 1]))).toEqual(["BadFormat"]);
    expect(submit(new Uint8Array([4, 1, 1]))).toEqual(["BadFormat"]);
  });

  it("reports Invalid with the runtime's sentence, then TemporarilyBanned until the ban is over", () => {
    const { node, clock } = setUp();
    const bad = fakeExtrinsic(1, 0, KIND.badProof);
    expect(node.submit(bad)).toEqual({
      ok: false,
      error: { code: "Invalid", text: "Transaction has a bad signature" },
    });
    expect(node.submit(bad)).toEqual({ ok: false, error: { code: "TemporarilyBanned" } });
    clock.nowMs += 31 * 60_000;
    expect(node.submit(bad)).toMatchObject({ ok: false, error: { code: "Invalid" } });
  });

  it("reports AlreadyImported and TooLowPriority", () => {
    const { node, submit } = setUp();
    const first = fakeExtrinsic(1, 0, KIND.plain, 5);
    const words = submit(first);
    expect(node.submit(first)).toMatchObject({ ok: false, error: { code: "AlreadyImported" } });
    expect(node.submit(fakeExtrinsic(1, 0, KIND.plain, 4))).toEqual({
      ok: false,
      error: { code: "TooLowPriority", old: 5n, new: 4n },
    });
    expect(submit(fakeExtrinsic(1, 0, KIND.plain, 6))).toEqual(["ready"]);
    expect(words).toEqual(["ready", "usurped"]);
  });

  it("keeps a transaction ahead of its nonce in future until the missing one comes", () => {
    const { submit, nextBlock, node } = setUp();
    const [second, third] = [submit(fakeExtrinsic(1, 1)), submit(fakeExtrinsic(1, 2))];
    nextBlock();
    expect(second).toEqual(["future"]);
    const first = submit(fakeExtrinsic(1, 0));
    expect(second).toEqual(["future", "ready"]);
    nextBlock();
    for (const words of [first, second, third]) expect(words.at(-1)).toBe("finalized");
    expect(node.pool.all()).toEqual([]);
  });
});

describe("DevNode.tick()", () => {
  it("makes one block per slot and none in a slot that is taken", () => {
    const { node, clock, nextBlock } = setUp();
    expect(nextBlock()).toBe(true);
    expect(node.tick()).toBe(false);
    clock.nowMs -= 5 * FAKE_SLOT_MS;
    expect(node.tick()).toBe(false);
    expect(node.chain.head.number).toBe(1);
  });

  it("throws out what turns out invalid, with what depends on it, and bans it", () => {
    const { submit, nextBlock, node } = setUp();
    const bad = fakeExtrinsic(1, 0, KIND.turnsInvalid);
    const [first, second] = [submit(bad), submit(fakeExtrinsic(1, 1))];
    nextBlock();
    expect(first).toEqual(["ready", "invalid"]);
    expect(second.at(-1)).toBe("invalid");
    expect(node.submit(bad)).toMatchObject({ ok: false, error: { code: "TemporarilyBanned" } });
  });

  it("keeps what does not fit, and throws it out when it expires", () => {
    const { submit, nextBlock, node } = setUp();
    const [big, short] = [submit(fakeExtrinsic(1, 0, KIND.tooBig)), submit(fakeExtrinsic(2, 0, KIND.shortLived))];
    nextBlock();
    expect([big, short]).toEqual([["ready"], ["ready"]]);
    nextBlock();
    expect([big, short]).toEqual([["ready"], ["ready", "invalid"]]);
    expect(node.pool.ready.count).toBe(1);
  });

  it("seals its headers as the author and proves each final, checked by the follower's verifiers", () => {
    const { chain, nextBlock } = setUp();
    nextBlock();
    const authorities = [pairFromSuri("//Alice", "sr25519").publicKey];
    expect(verifyAuraSeal(chain.head.header, authorities, "sr25519")).toEqual({
      ok: true,
      value: BigInt(START_MS / FAKE_SLOT_MS + 1),
    });
    const voters = [{ id: pairFromSuri("//Alice", "ed25519").publicKey, weight: 1n }];
    const proof = chain.justification(1) as Uint8Array;
    expect(verifyJustification(proof, chain.head, { setId: 0n, authorities: voters }).ok).toBe(true);
  });

  it("emits head, justification and finalized in that order, with what changed", () => {
    const { node, submit, nextBlock } = setUp();
    const events: NodeEvent[] = [];
    const stop = node.listen((event) => events.push(event));
    submit(fakeExtrinsic(9, 0));
    nextBlock();
    expect(events.map(({ type }) => type)).toEqual(["head", "justification", "finalized"]);
    expect(events[0]).toMatchObject({ changes: [{ key: new Uint8Array([9]), value: new Uint8Array([1]) }] });
    stop();
    nextBlock();
    expect(events.length).toBe(3);
  });

  it("keeps on making blocks while finality stalls for want of voters", () => {
    const { chain, submit, nextBlock } = setUp();
    submit(fakeExtrinsic(1, 0, KIND.lockOut));
    nextBlock();
    const waiting = submit(fakeExtrinsic(2, 0));
    nextBlock();
    nextBlock();
    expect([chain.head.number, chain.finalizedNumber]).toEqual([3, 1]);
    expect(waiting).toEqual(["ready", "inBlock"]);
  });

  it("keeps one justification per period, and that of the block that ends a set", () => {
    const { chain, submit, nextBlock } = setUp({ period: 4 });
    for (let i = 0; i < 5; i++) nextBlock();
    submit(fakeExtrinsic(1, 0, KIND.handOver));
    for (let i = 0; i < 3; i++) nextBlock();
    const kept = Array.from({ length: 9 }, (_, number) => chain.justification(number) !== undefined);
    expect(kept.flatMap((isKept, number) => isKept ? [number] : [])).toEqual([4, 6, 8]);
    expect(chain.finalizedNumber).toBe(8);
    const bob = [{ id: pairFromSuri("//Bob", "ed25519").publicKey, weight: 1n }];
    const proof = chain.justification(8) as Uint8Array;
    const target = { hash: chain.head.hash, number: 8 };
    expect(verifyJustification(proof, target, { setId: 1n, authorities: bob }).ok).toBe(true);
  });
});

describe("DevNode.nextNonce()", () => {
  it("counts the ready transactions of the account without a gap", () => {
    const { node } = setUp();
    const tagOf = (nonce: number): Hex => toHex(new Uint8Array([1, nonce]));
    for (const nonce of [0, 1, 3]) node.submit(fakeExtrinsic(1, nonce));
    expect(node.nextNonce(0, tagOf)).toBe(2);
  });
});

describe("DevChain", () => {
  it("lets old states go and says so", () => {
    const { chain, nextBlock } = setUp();
    for (let i = 0; i < 6; i++) nextBlock();
    expect(chain.stateAt(chain.hashOf(3) as Uint8Array).ok).toBe(true);
    expect(chain.stateAt(chain.hashOf(2) as Uint8Array)).toEqual({ ok: false, error: { code: "StateDiscarded" } });
    expect(chain.stateAt(new Uint8Array(32))).toEqual({ ok: false, error: { code: "UnknownBlock" } });
  });

  it("goes on from its database with the same head, states, finality and voters", async () => {
    const path = `${await Deno.makeTempDir({ prefix: "devnode-chain-" })}/chain.db`;
    const first = setUp({ store: openSqliteStore(path) });
    first.submit(fakeExtrinsic(1, 0, KIND.handOver));
    for (let i = 0; i < 8; i++) first.nextBlock();
    const { head, finalizedNumber, authorities } = first.chain;
    first.chain.close();
    const second = setUp({ store: openSqliteStore(path), startMs: first.clock.nowMs });
    expect(second.chain.head.hash).toEqual(head.hash);
    expect([second.chain.finalizedNumber, second.chain.authorities]).toEqual([finalizedNumber, authorities]);
    expect(second.chain.stateAt(second.chain.hashOf(5) as Uint8Array).ok).toBe(true);
    expect(second.node.tick()).toBe(false);
    expect(second.nextBlock()).toBe(true);
    expect(second.chain.finalizedNumber).toBe(9);
    second.chain.close();
    expect(() => setUp({ store: openSqliteStore(path), marker: 1 })).toThrow(
      expect.objectContaining({ code: "GenesisMismatch" }),
    );
    await Deno.remove(path.replace("/chain.db", ""), { recursive: true });
  });

  it("reports BlockTimeMismatch for a database made with another block time", async () => {
    const folder = await Deno.makeTempDir({ prefix: "devnode-chain-" });
    setUp({ store: openSqliteStore(`${folder}/chain.db`) }).chain.close();
    const store = openSqliteStore(`${folder}/chain.db`);
    expect(() => setUp({ store, slotDurationMs: 6000 })).toThrow(
      expect.objectContaining({ code: "BlockTimeMismatch" }),
    );
    store.close();
    await Deno.remove(folder, { recursive: true });
  });

  it("reports StateCorrupt for a state that is not that of its block", () => {
    const store = createMemoryStore();
    setUp({ store }).nextBlock();
    const damaged = { ...store, loadStates: () => ({ baseNumber: 0, base: [], changes: [[]] }) };
    expect(() => setUp({ store: damaged })).toThrow(expect.objectContaining({ code: "StateCorrupt" }));
    const truncated = { ...store, loadStates: () => undefined };
    expect(() => setUp({ store: truncated })).toThrow(expect.objectContaining({ code: "StoreIncomplete" }));
  });
});
