import { describe, expect, it } from "vitest";
import { ed25519FromSeed } from "../../src/crypto/ed25519.ts";
import { blockHash } from "../../src/primitives/branded.ts";
import { importJustification, importParentchainBlocks, startFollower } from "../../src/parentchain/follower.ts";
import {
  type FinalityLevel,
  type FollowerState,
  followerState,
  MAX_UNPROVEN_HEADERS,
} from "../../src/parentchain/follower_state.ts";
import { parentchainHeader } from "../../src/parentchain/header.ts";
import type { BlockInput, ImportOutcome } from "../../src/parentchain/imported_block.ts";
import { startKeys } from "../../src/parentchain/wanted_keys.ts";
import { trieReadProof } from "../../src/trie/read_proof.ts";
import { authorityListOf, grandpaDigest, seed, type TestBlock, TestChain } from "./builders.ts";
import { codeOf } from "./expect_error.ts";

const NEXT_VOTERS = [0x30, 0x31, 0x32].map((byte) => ed25519FromSeed(seed(byte)));

function setup(level: FinalityLevel) {
  const chain = new TestChain();
  const config = chain.config();
  const state = chain.start(level);
  const inputs = (blocks: readonly TestBlock[], justified: readonly number[] = []): BlockInput[] =>
    blocks.map((block, i) => chain.input(config, block, justified.includes(i) ? chain.justify(block) : undefined));
  const take = (from: FollowerState, blocks: readonly BlockInput[], confirmedUpTo = 0): ImportOutcome => {
    const result = importParentchainBlocks(config, from, blocks, { confirmedUpTo });
    if (!result.ok) throw new Error(JSON.stringify(result.error, (_, v) => typeof v === "bigint" ? String(v) : v));
    return result.value;
  };
  const refusal = (from: FollowerState, blocks: readonly BlockInput[], confirmedUpTo = 0): string =>
    codeOf(importParentchainBlocks(config, from, blocks, { confirmedUpTo }));
  return { chain, config, state, inputs, take, refusal };
}

describe("startFollower()", () => {
  it("reports GenesisMismatch for another chain with the same pallets", () => {
    const chain = new TestChain();
    const other = new TestChain({}, 3);
    expect(() => chain.start("proven", other.genesis.hash)).toThrow("GenesisMismatch");
  });

  it("reports ProofMissing and ProofInvalid instead of taking voters on trust", () => {
    const chain = new TestChain();
    const header = parentchainHeader.encode(chain.genesis.header);
    const forged = chain.setGrandpa(chain.genesis.state, NEXT_VOTERS, 0n);
    const keys = [...startKeys(chain.metadata)];
    const start = { genesisHash: chain.genesis.hash, level: "proven" as const, header };
    const storage = { type: "proof" as const, nodes: trieReadProof(forged, keys, 1) };
    expect(codeOf(startFollower(chain.config(), { ...start, storage }))).toBe("ProofInvalid");
    const values = { type: "trusted" as const, values: keys.map(() => undefined) };
    expect(codeOf(startFollower(chain.config(), { ...start, storage: values }))).toBe("ProofMissing");
  });

  it("wants content from the block after its start at the earliest: a chain that has just begun is final at block 0", () => {
    const chain = new TestChain();
    const begin = (contentFrom: number | undefined) =>
      chain.start("proven", chain.genesis.hash, contentFrom).contentFrom;
    expect([undefined, 0, 1, 7].map(begin)).toEqual([1, 1, 1, 7]);
  });

  it("reports NoFinalityGadget on a chain without GRANDPA, except at level trusted", () => {
    const chain = new TestChain({ grandpa: false });
    expect(() => chain.start("proven")).toThrow("NoFinalityGadget");
    expect(() => chain.start("sealed")).toThrow("NoFinalityGadget");
    expect(chain.start("trusted").authoritySet).toBeUndefined();
  });
});

describe("importParentchainBlocks() at level proven", () => {
  it("takes a run with one justification at its end", () => {
    const { chain, state, inputs, take } = setup("proven");
    const blocks = chain.buildMany(chain.genesis, 5);
    const { state: after, imported, reverted } = take(state, inputs(blocks, [4]));
    expect(after.head).toEqual({ number: 5, hash: blocks[4]?.hash });
    expect(after.proven).toEqual(after.head);
    expect(imported.map(({ number, level }) => [number, level])).toEqual([1, 2, 3, 4, 5].map((n) => [n, "proven"]));
    expect(reverted).toEqual([]);
    expect(imported[2]?.content?.nowMs).toBe(1_700_000_018_000n);
    // Each block carries the state after it: importing goes on from there to the same end.
    const resumed = imported[1]?.followerState as FollowerState;
    expect(take(resumed, inputs(blocks.slice(2), [2])).state).toEqual(after);
  });

  it("reports JustificationMissing for an unjustified end, and keeps nothing", () => {
    const { chain, state, inputs, refusal } = setup("proven");
    const blocks = chain.buildMany(chain.genesis, 3);
    expect(refusal(state, inputs(blocks))).toBe("JustificationMissing");
    expect(refusal(state, inputs(blocks, [1]))).toBe("JustificationMissing");
  });

  it("reports JustificationInvalid for one of another block, set or too few voters", () => {
    const { chain, config, state, refusal } = setup("proven");
    const [block, child] = chain.buildMany(chain.genesis, 2) as [TestBlock, TestBlock];
    const invalid = [
      chain.justify(child),
      chain.justify(block, { setId: 1n }),
      chain.justify(block, { voters: chain.grandpa.slice(2) }),
      chain.justify(block, { voters: NEXT_VOTERS }),
      new Uint8Array([1]),
    ];
    for (const justification of invalid) {
      expect(refusal(state, [chain.input(config, block, justification)])).toBe("JustificationInvalid");
    }
  });

  it("reports ParentMismatch for a gap and for blocks of another chain", () => {
    const { chain, state, inputs, refusal } = setup("proven");
    const blocks = chain.buildMany(chain.genesis, 3);
    expect(refusal(state, inputs(blocks.slice(1), [1]))).toBe("ParentMismatch");
    expect(refusal(state, inputs([blocks[0] as TestBlock, blocks[2] as TestBlock], [1]))).toBe("ParentMismatch");
    const foreign = new TestChain({}, 4);
    const theirs = foreign.build({ ...foreign.genesis, hash: blockHash(seed(3)) });
    expect(refusal(state, [foreign.input(foreign.config(), theirs, foreign.justify(theirs))])).toBe("ParentMismatch");
  });

  it("passes over blocks that it has, and refuses bytes that are no header", () => {
    const { chain, state, inputs, take, refusal } = setup("proven");
    const blocks = chain.buildMany(chain.genesis, 3);
    const first = take(state, inputs(blocks.slice(0, 2), [1])).state;
    const again = take(first, inputs(blocks.slice(1), [0, 1]));
    expect(again.imported.map(({ number }) => number)).toEqual([3]);
    expect(refusal(state, [{ header: new Uint8Array(3) }])).toBe("HeaderUndecodable");
    expect(refusal(state, new Array(1_001).fill({ header: new Uint8Array(0) }))).toBe("TooManyBlocks");
  });

  it("needs content from contentFrom on, and headers only below", () => {
    const { chain, state, inputs, take, refusal } = setup("proven");
    const blocks = chain.buildMany(chain.genesis, 3);
    const bare = inputs(blocks, [2]).map(({ header, justification }) => ({ header, justification }));
    expect(refusal(state, bare)).toBe("ContentMissing");
    const late = { ...state, contentFrom: 3 };
    expect(refusal(late, bare)).toBe("ContentMissing");
    const outcome = take(late, [...bare.slice(0, 2), inputs(blocks, [2])[2] as BlockInput]);
    expect(outcome.imported.map(({ content }) => content !== undefined)).toEqual([false, false, true]);
  });
});

describe("changes of the voters", () => {
  it("lets the old set prove up to the change, and the new set from there", () => {
    const { chain, config, state, inputs, take, refusal } = setup("proven");
    const a = chain.build(chain.genesis);
    const change = {
      type: "ScheduledChange" as const,
      value: { authorities: authorityListOf(NEXT_VOTERS), delay: 0 },
    };
    const b = chain.build(a, {
      digest: [grandpaDigest(change)],
      storage: [
        ["Grandpa", "Authorities", [], NEXT_VOTERS.map(({ publicKey }) => [publicKey, 1n])],
        ["Grandpa", "CurrentSetId", [], 1n],
      ],
    });
    const c = chain.build(b);
    const old = chain.justify(c);
    // The old set may not prove past the change, even with all its votes; the new one not without it.
    expect(refusal(state, [...inputs([a, b]), chain.input(config, c, old)])).toBe("AuthoritySetChangeUnproven");
    const withNew = chain.justify(c, { voters: NEXT_VOTERS, setId: 1n });
    expect(refusal(state, [...inputs([a, b]), chain.input(config, c, withNew)])).toBe("AuthoritySetChangeUnproven");
    const changed = take(state, inputs([a, b], [1])).state;
    expect(changed.authoritySet).toEqual({ setId: 1n, authorities: authorityListOf(NEXT_VOTERS) });
    expect(refusal(changed, [chain.input(config, c, old)])).toBe("JustificationInvalid");
    expect(take(changed, [chain.input(config, c, withNew)]).state.head.number).toBe(3);
    // Both segments in one batch.
    const batch = [...inputs([a, b], [1]), chain.input(config, c, withNew)];
    expect(take(state, batch).state.head.number).toBe(3);
  });

  it("waits for the delay", () => {
    const { chain, config, state, inputs, take, refusal } = setup("proven");
    const change = {
      type: "ScheduledChange" as const,
      value: { authorities: authorityListOf(NEXT_VOTERS), delay: 2 },
    };
    const a = chain.build(chain.genesis, { digest: [grandpaDigest(change)] });
    const [b, c] = chain.buildMany(a, 2) as [TestBlock, TestBlock];
    const d = chain.build(c, {
      storage: [
        ["Grandpa", "Authorities", [], NEXT_VOTERS.map(({ publicKey }) => [publicKey, 1n])],
        ["Grandpa", "CurrentSetId", [], 1n],
      ],
    });
    const early = take(state, inputs([a, b], [1])).state;
    expect(early.authoritySet?.setId).toBe(0n);
    expect(early.pendingChanges).toHaveLength(1);
    expect(refusal(early, [chain.input(config, c), chain.input(config, d, chain.justify(d))]))
      .toBe("AuthoritySetChangeUnproven");
    // At the end of the delay the state must name the new voters; here it does not yet.
    expect(refusal(early, inputs([c], [0]))).toBe("AuthoritySetMismatch");
  });

  it("reports AuthoritySetMismatch if the state names other voters than the digests", () => {
    const { chain, state, inputs, refusal } = setup("proven");
    const storage = [["Grandpa", "CurrentSetId", [], 1n]] as const;
    expect(refusal(state, inputs([chain.build(chain.genesis, { storage })], [0]))).toBe("AuthoritySetMismatch");
    const change = { type: "ScheduledChange" as const, value: { authorities: authorityListOf(NEXT_VOTERS), delay: 0 } };
    const silent = chain.build(chain.genesis, { digest: [grandpaDigest(change)] });
    expect(refusal(state, inputs([silent], [0]))).toBe("AuthoritySetMismatch");
  });

  it("stops at a ForcedChange", () => {
    const { chain, state, inputs, refusal } = setup("proven");
    const value = { medianLastFinalized: 0, authorities: authorityListOf(NEXT_VOTERS), delay: 0 };
    const block = chain.build(chain.genesis, { digest: [grandpaDigest({ type: "ForcedChange", value })] });
    expect(refusal(state, inputs([block], [0]))).toBe("ForcedChange");
  });
});

describe("importParentchainBlocks() at level sealed", () => {
  it("takes sealed blocks to the tail and proves them later", () => {
    const { chain, state, inputs, take } = setup("sealed");
    const blocks = chain.buildMany(chain.genesis, 4);
    const { state: sealed, imported } = take(state, inputs(blocks));
    expect(imported.every(({ level }) => level === "sealed")).toBe(true);
    expect(sealed.tail.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(sealed.proven.number).toBe(0);
    const proven = importJustification(sealed, chain.justify(blocks[1] as TestBlock));
    if (!proven.ok) throw new Error(proven.error.code);
    expect(proven.value.tail.map(({ number }) => number)).toEqual([3, 4]);
    expect(proven.value.proven.number).toBe(2);
    expect(followerState.decode(followerState.encode(proven.value))).toEqual(proven.value);
    // The same block handed in again with its justification does the same.
    const again = take(sealed, [
      chain.input(chain.config(), blocks[1] as TestBlock, chain.justify(blocks[1] as TestBlock)),
    ]);
    expect(again.state).toEqual(proven.value);
    expect(again.imported).toEqual([]);
  });

  it("reports SealInvalid for another author, a changed header, no seal and no slot", () => {
    const { chain, config, state, refusal } = setup("sealed");
    expect(refusal(state, [chain.input(config, chain.build(chain.genesis, { sealer: 0 }))])).toBe("SealInvalid");
    expect(refusal(state, [chain.input(config, chain.build(chain.genesis, { sealer: null }))])).toBe("SealInvalid");
    const block = chain.build(chain.genesis);
    const input = chain.input(config, block);
    const stateRoot = { ...block.header, stateRoot: block.header.extrinsicsRoot };
    expect(refusal(state, [{ ...input, header: parentchainHeader.encode(stateRoot) }])).toBe("SealInvalid");
    const noSlot = { ...block.header, digest: block.header.digest.slice(1) };
    expect(refusal(state, [{ ...input, header: parentchainHeader.encode(noSlot) }])).toBe("SealInvalid");
    const twoSlots = { ...block.header, digest: [...block.header.digest.slice(0, 1), ...block.header.digest] };
    expect(refusal(state, [{ ...input, header: parentchainHeader.encode(twoSlots) }])).toBe("SealInvalid");
  });

  it("does not need seals below a justification", () => {
    const { chain, state, inputs, take } = setup("sealed");
    const odd = chain.build(chain.genesis, { sealer: 0 });
    const next = chain.build(odd);
    expect(take(state, inputs([odd, next], [1])).imported.map(({ level }) => level)).toEqual(["proven", "proven"]);
  });

  it("reports TooManyUnproven above the bound", () => {
    const { chain, state, inputs, refusal, take } = setup("sealed");
    const block = chain.build(chain.genesis);
    const filler = { number: 0, hash: blockHash(seed(9)) };
    const full = { ...state, tail: new Array(MAX_UNPROVEN_HEADERS).fill(filler) };
    expect(refusal(full, inputs([block]))).toBe("TooManyUnproven");
    expect(take(full, inputs([block], [0])).state.tail).toEqual([]);
  });

  it("undoes the tail that a proven header contradicts, unless something confirmed depends on it", () => {
    const { chain, state, inputs, take, refusal } = setup("sealed");
    const trunk = chain.build(chain.genesis);
    const lie = chain.buildMany(trunk, 3);
    const sealed = take(state, inputs([trunk, ...lie])).state;
    const truth = [chain.build(trunk, { slot: 20n })];
    truth.push(chain.build(truth[0] as TestBlock, { slot: 21n }));
    // Without a justification nothing changes.
    expect(refusal(sealed, inputs(truth))).toBe("ParentMismatch");
    expect(refusal(sealed, inputs(truth, [1]), 2)).toBe("ParentchainTailReverted");
    const outcome = take(sealed, inputs(truth, [1]), 1);
    expect(outcome.reverted.map(({ number }) => number)).toEqual([2, 3, 4]);
    expect(outcome.state.head).toEqual({ number: 3, hash: truth[1]?.hash });
    expect(outcome.state.tail).toEqual([]);
  });

  it("forgets changes of the voters that only the undone blocks announced", () => {
    const { chain, state, inputs, take } = setup("sealed");
    const change = { type: "ScheduledChange" as const, value: { authorities: authorityListOf(NEXT_VOTERS), delay: 9 } };
    const lie = chain.build(chain.genesis, { digest: [grandpaDigest(change)] });
    const sealed = take(state, inputs([lie])).state;
    expect(sealed.pendingChanges).toHaveLength(1);
    const truth = chain.build(chain.genesis, { slot: 5n });
    expect(take(sealed, inputs([truth], [0])).state.pendingChanges).toEqual([]);
  });

  it("follows the authors that the state names", () => {
    const { chain, state, inputs, take, refusal } = setup("sealed");
    const reordered = [2, 0, 1].map((i) => chain.aura[i]?.publicKey);
    const rotated = chain.build(chain.genesis, { storage: [["Aura", "Authorities", [], reordered]] });
    const after = take(state, inputs([rotated])).state;
    expect(refusal(after, inputs([chain.build(rotated, { slot: 3n })]))).toBe("SealInvalid");
    expect(take(after, inputs([chain.build(rotated, { slot: 3n, sealer: 2 })])).state.head.number).toBe(2);
  });
});

describe("importParentchainBlocks() at level trusted", () => {
  it("takes values on the node's word, but links headers and checks the body", () => {
    const chain = new TestChain({ grandpa: false });
    const config = chain.config();
    const state = chain.start("trusted");
    const blocks = chain.buildMany(chain.genesis, 2, { sealer: null });
    const inputs = blocks.map((block) => chain.trustedInput(config, block));
    const result = importParentchainBlocks(config, state, inputs);
    expect(codeOf(result)).toBe("ok");
    expect(codeOf(importParentchainBlocks(config, state, inputs.slice(1)))).toBe("ParentMismatch");
    const [first] = inputs as [BlockInput];
    if (first.content === undefined) throw new Error("no content");
    const robbed = { ...first, content: { ...first.content, extrinsics: [] } };
    expect(codeOf(importParentchainBlocks(config, state, [robbed]))).toBe("ExtrinsicsRootMismatch");
    const storage = { type: "trusted" as const, values: [] };
    const short = { ...first, content: { ...first.content, storage } };
    expect(codeOf(importParentchainBlocks(config, state, [short]))).toBe("TrustedValuesMismatch");
  });

  it("refuses trusted values at the other levels", () => {
    for (const level of ["proven", "sealed"] as const) {
      const { chain, config, state, refusal } = setup(level);
      const block = chain.build(chain.genesis);
      const input = { ...chain.trustedInput(config, block), justification: chain.justify(block) };
      expect(refusal(state, [input])).toBe("ProofMissing");
    }
  });
});
