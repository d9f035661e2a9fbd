import { describe, expect, it } from "vitest";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { blockHash, h256 } from "../../src/primitives/branded.ts";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import type { Ed25519Pair } from "../../src/crypto/ed25519.ts";
import {
  type AuthorityHistory,
  authorityHistory,
  genesisHistory,
  noteHeader,
  setOfBlock,
} from "../../src/devnode/authority_history.ts";
import { advanceFinality, JUSTIFICATION_PERIOD, MAX_BLOCKS_PER_STEP, selectKept } from "../../src/devnode/finality.ts";
import { createJustification, justifyBlock, signPrecommit } from "../../src/devnode/grandpa.ts";
import { grandpaLog } from "../../src/parentchain/grandpa/changes.ts";
import { GRANDPA_ENGINE } from "../../src/parentchain/digest.ts";
import { computeHeaderHash, type ParentchainHeader } from "../../src/parentchain/header.ts";
import { grandpaJustification } from "../../src/parentchain/grandpa/justification.ts";
import { verifyJustification } from "../../src/parentchain/grandpa/verify.ts";

const voters = ["//Alice", "//Bob", "//Charlie", "//Dave"].map((uri) => pairFromSuri(uri, "ed25519"));
const authorities = voters.map(({ publicKey }) => ({ id: publicKey, weight: 1n }));

function keysOf(...pairs: Ed25519Pair[]): Map<Hex, Ed25519Pair> {
  return new Map(pairs.map((pair) => [toHex(pair.publicKey), pair]));
}

function headerOf(number: number, parent?: ParentchainHeader, digest: ParentchainHeader["digest"] = []) {
  const zero = new Uint8Array(32);
  return {
    parentHash: parent === undefined ? blockHash(zero) : computeHeaderHash(parent),
    number,
    stateRoot: h256(zero),
    extrinsicsRoot: h256(zero),
    digest,
  };
}

function scheduled(next: Ed25519Pair[], delay: number): ParentchainHeader["digest"] {
  const list = next.map(({ publicKey }) => ({ id: publicKey, weight: 1n }));
  const payload = grandpaLog.encode({ type: "ScheduledChange", value: { authorities: list, delay } });
  return [{ type: "Consensus", value: { engine: GRANDPA_ENGINE, payload } }];
}

describe("justifyBlock()", () => {
  const header = headerOf(5);
  const target = { hash: computeHeaderHash(header), number: 5 };

  it("gives a justification that the follower's verifier accepts for its set only", () => {
    const set = { setId: 3n, authorities };
    const bytes = justifyBlock(target, 9n, set, keysOf(...voters.slice(0, 3))) as Uint8Array;
    const verified = verifyJustification(bytes, target, set);
    expect(verified.ok && verified.value.precommits.length).toBe(3);
    expect(verifyJustification(bytes, target, { ...set, setId: 4n })).toMatchObject({
      ok: false,
      error: { code: "BadSignature" },
    });
  });

  it("gives nothing while the voters at hand weigh too little", () => {
    const set = { setId: 0n, authorities };
    expect(justifyBlock(target, 1n, set, keysOf(...voters.slice(0, 2)))).toBe(undefined);
    expect(justifyBlock(target, 1n, { setId: 0n, authorities: [] }, keysOf(...voters))).toBe(undefined);
  });
});

describe("createJustification()", () => {
  it("carries votes for descendants with their ancestry, as the verifier wants it", () => {
    const base = headerOf(7);
    const child = headerOf(8, base);
    const target = { hash: computeHeaderHash(base), number: 7 };
    const above = { hash: computeHeaderHash(child), number: 8 };
    const [alice, bob, charlie] = voters as [Ed25519Pair, Ed25519Pair, Ed25519Pair];
    const votes = [
      signPrecommit(alice, target, 2n, 0n),
      signPrecommit(bob, above, 2n, 0n),
      signPrecommit(charlie, above, 2n, 0n),
    ];
    const set = { setId: 0n, authorities };
    const sound = grandpaJustification.encode(createJustification(2n, target, votes, [child]));
    expect(verifyJustification(sound, target, set).ok).toBe(true);
    const bare = grandpaJustification.encode(createJustification(2n, target, votes));
    expect(verifyJustification(bare, target, set)).toMatchObject({ ok: false, error: { code: "AncestryMissing" } });
  });
});

describe("authority history", () => {
  const genesis = genesisHistory(authorities);
  const [, bob] = voters as [Ed25519Pair, Ed25519Pair];

  it("gives blocks up to the end of the delay to the old set and the rest to the next", () => {
    const history = noteHeader(genesis, headerOf(10, undefined, scheduled([bob], 2)));
    expect(setOfBlock(history, 12)).toMatchObject({ set: { setId: 0n }, lastBlock: 12 });
    expect(setOfBlock(history, 13)).toMatchObject({ set: { setId: 1n, firstBlock: 13 }, lastBlock: undefined });
    expect(authorityHistory.decode(authorityHistory.encode(history))).toEqual(history);
  });

  it("ignores a change while another waits, and a block without one", () => {
    const history = noteHeader(genesis, headerOf(10, undefined, scheduled([bob], 5)));
    expect(noteHeader(history, headerOf(11, undefined, scheduled(voters, 0)))).toBe(history);
    expect(noteHeader(history, headerOf(11))).toBe(history);
  });
});

describe("advanceFinality()", () => {
  const [alice, bob] = voters as [Ed25519Pair, Ed25519Pair];
  const targetOf = (number: number) => ({ number, hash: computeHeaderHash(headerOf(number)) });
  const SELDOM = { period: JUSTIFICATION_PERIOD };
  const alone = [{ id: alice.publicKey, weight: 1n }];

  function historyWithChange(to: Ed25519Pair[]): AuthorityHistory {
    return noteHeader(genesisHistory(alone), headerOf(4, undefined, scheduled(to, 0)));
  }

  it("proves the last block of the old set by the old set, then the head by the new one", () => {
    const history = historyWithChange([bob]);
    const step = advanceFinality(3, 6, history, keysOf(alice, bob), SELDOM, targetOf);
    expect(step.finalized).toBe(6);
    expect(step.justifications.map(({ number }) => number)).toEqual([4, 6]);
    const [old, young] = step.justifications;
    const newSet = [{ id: bob.publicKey, weight: 1n }];
    expect(verifyJustification(old?.bytes as Uint8Array, targetOf(4), { setId: 0n, authorities: alone }).ok).toBe(true);
    expect(verifyJustification(young?.bytes as Uint8Array, targetOf(6), { setId: 1n, authorities: newSet }).ok).toBe(
      true,
    );
  });

  it("proves every block that the policy names on the way to the head", () => {
    const history = genesisHistory(alone);
    const step = advanceFinality(3, 9, history, keysOf(alice), { period: 4 }, targetOf);
    expect(step.justifications.map(({ number }) => number)).toEqual([4, 8, 9]);
    const long = advanceFinality(0, 1000, history, keysOf(alice), { period: 1 }, targetOf);
    expect([long.finalized, long.justifications.length]).toEqual([MAX_BLOCKS_PER_STEP, MAX_BLOCKS_PER_STEP]);
  });

  it("stops at a set whose voters are not at hand", () => {
    const step = advanceFinality(3, 6, historyWithChange([bob]), keysOf(alice), SELDOM, targetOf);
    expect(step).toMatchObject({ finalized: 4, justifications: [{ number: 4 }] });
  });

  it("keeps one justification per period and those that end a set", () => {
    const history = historyWithChange([bob]);
    const all = [3, 4, 5, JUSTIFICATION_PERIOD].map((number) => ({ number, bytes: concatBytes() }));
    const kept = selectKept(all, history, { period: JUSTIFICATION_PERIOD }).map(({ number }) => number);
    expect(kept).toEqual([4, JUSTIFICATION_PERIOD]);
    expect(selectKept(all, history, { period: 1 }).length).toBe(4);
  });
});
