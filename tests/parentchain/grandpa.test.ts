import { describe, expect, it } from "vitest";
import { codeOf } from "./expect_error.ts";
import vector from "./vectors/justification.json" with { type: "json" };
import { ed25519FromSeed, type Ed25519Pair, ed25519Sign } from "../../src/crypto/ed25519.ts";
import { fromHex } from "../../src/primitives/hex.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { computeVoterSet } from "../../src/parentchain/grandpa/authorities.ts";
import { findAuthorityChange } from "../../src/parentchain/grandpa/changes.ts";
import {
  encodePrecommitPayload,
  type GrandpaJustification,
  grandpaJustification,
  type SignedPrecommit,
} from "../../src/parentchain/grandpa/justification.ts";
import { type VerifyingSet, verifyJustification } from "../../src/parentchain/grandpa/verify.ts";
import { authorityListOf, grandpaDigest, seed, type TestBlock, TestChain } from "./builders.ts";

const chain = new TestChain();
const block = chain.build(chain.genesis);
const SET: VerifyingSet = { setId: 0n, authorities: authorityListOf(chain.grandpa) };

function vote(pair: Ed25519Pair, target: TestBlock, setId = 0n, round = 7n): SignedPrecommit {
  const content = { targetHash: target.hash, targetNumber: target.number };
  return {
    ...content,
    signature: ed25519Sign(pair, encodePrecommitPayload(content, round, setId)),
    authority: pair.publicKey,
  };
}

function code(bytes: Uint8Array, set: VerifyingSet = SET, target: TestBlock = block): string {
  const result = verifyJustification(bytes, target, set);
  return result.ok ? "ok" : result.error.code;
}

function changed(change: (justification: GrandpaJustification) => GrandpaJustification): string {
  return code(chain.justify(block, { change }));
}

describe("a live chain's justification", () => {
  const bytes = fromHex(vector.justification);
  const live = grandpaJustification.decode(bytes);
  const authorities = live.precommits.map(({ authority }) => ({ id: authority, weight: 1n }));
  const target = { hash: live.targetHash, number: vector.number };

  it("verifies under its set", () => {
    expect(live.round).toBe(BigInt(vector.round));
    expect(grandpaJustification.encode(live)).toEqual(bytes);
    expect(verifyJustification(bytes, target, { setId: BigInt(vector.setId), authorities }).ok).toBe(true);
  });

  it("is refused under the next set's id", () => {
    const result = verifyJustification(bytes, target, { setId: 1n, authorities });
    expect(result).toEqual({ ok: false, error: { code: "BadSignature", index: 0 } });
  });

  it("is refused truncated, and with a byte more", () => {
    const set = { setId: 0n, authorities };
    expect(codeOf(verifyJustification(bytes.subarray(0, -1), target, set))).toBe("JustificationUndecodable");
    expect(codeOf(verifyJustification(concatBytes(bytes, new Uint8Array(1)), target, set)))
      .toBe("JustificationUndecodable");
  });
});

describe("verifyJustification()", () => {
  it("takes the votes of all voters, and of just enough", () => {
    expect(code(chain.justify(block))).toBe("ok");
    expect(code(chain.justify(block, { voters: chain.grandpa.slice(1) }))).toBe("ok");
  });

  it("reports WeightTooLow below two thirds", () => {
    expect(code(chain.justify(block, { voters: chain.grandpa.slice(2) }))).toBe("WeightTooLow");
    const authorities = SET.authorities.map((entry, i) => ({ ...entry, weight: i === 0 ? 10n : 1n }));
    const set = { setId: 0n, authorities };
    // 13 in all, 9 wanted: three of four voters are not enough without the heavy one.
    expect(code(chain.justify(block, { voters: chain.grandpa.slice(1) }), set)).toBe("WeightTooLow");
    expect(code(chain.justify(block, { voters: chain.grandpa.slice(0, 1) }), set)).toBe("ok");
  });

  it("gives outsiders no weight", () => {
    const outsiders = [0x70, 0x71, 0x72].map((byte) => ed25519FromSeed(seed(byte)));
    expect(code(chain.justify(block, { voters: [...outsiders, ...chain.grandpa.slice(2)] }))).toBe("WeightTooLow");
    expect(code(chain.justify(block, { voters: [...outsiders, ...chain.grandpa.slice(1)] }))).toBe("ok");
  });

  it("reports BadSignature for one bad signature anywhere, an outsider's too", () => {
    for (const index of [0, 3]) {
      expect(changed((j) => ({
        ...j,
        precommits: j.precommits.map((v, i) => i === index ? { ...v, signature: new Uint8Array(64) } : v),
      }))).toBe("BadSignature");
    }
    const outsider = { ...vote(ed25519FromSeed(seed(0x70)), block), signature: new Uint8Array(64) };
    expect(changed((j) => ({ ...j, precommits: [...j.precommits, outsider] }))).toBe("BadSignature");
  });

  it("reports BadSignature for another set id or round", () => {
    expect(code(chain.justify(block, { setId: 1n }))).toBe("BadSignature");
    expect(changed((j) => ({ ...j, round: 8n }))).toBe("BadSignature");
  });

  it("counts a voter once who votes twice", () => {
    const [a, b] = chain.grandpa as [Ed25519Pair, Ed25519Pair];
    const child = chain.build(block);
    expect(changed((j) => ({ ...j, precommits: [vote(a, block), vote(a, block), vote(b, block)] }))).toBe(
      "WeightTooLow",
    );
    const equivocation = [vote(a, block), vote(a, child), vote(b, block)];
    expect(changed((j) => ({ ...j, precommits: equivocation, votesAncestries: [child.header] }))).toBe("WeightTooLow");
    const enough = [...equivocation, vote(chain.grandpa[2] as Ed25519Pair, block)];
    expect(changed((j) => ({ ...j, precommits: enough, votesAncestries: [child.header] }))).toBe("ok");
  });

  it("reports TargetMismatch for another block or number", () => {
    const other = chain.build(chain.genesis, { slot: 9n });
    expect(code(chain.justify(other))).toBe("TargetMismatch");
    expect(changed((j) => ({ ...j, targetNumber: 2 }))).toBe("TargetMismatch");
  });

  it("follows votes for descendants by the ancestries, which must be complete and all used", () => {
    const child = chain.build(block);
    const grandchild = chain.build(child);
    const [a, b, c] = chain.grandpa as [Ed25519Pair, Ed25519Pair, Ed25519Pair];
    const precommits = [vote(a, block), vote(b, grandchild), vote(c, child)];
    const with_ = (...votesAncestries: GrandpaJustification["votesAncestries"]) =>
      changed((j) => ({ ...j, precommits, votesAncestries }));
    expect(with_(child.header, grandchild.header)).toBe("ok");
    expect(with_(grandchild.header, child.header)).toBe("ok");
    expect(with_(grandchild.header)).toBe("AncestryMissing");
    expect(with_(child.header)).toBe("AncestryMissing");
    expect(with_()).toBe("AncestryMissing");
    expect(with_(child.header, grandchild.header, block.header)).toBe("AncestryUnused");
    expect(with_(child.header, grandchild.header, chain.build(block, { slot: 8n }).header)).toBe("AncestryUnused");
    expect(with_(child.header, grandchild.header, child.header)).toBe("AncestryUnused");
  });

  it("refuses votes for another fork, below the target, and none at all", () => {
    const fork = chain.build(chain.genesis, { slot: 9n });
    const forkChild = chain.build(fork, { slot: 10n });
    const [a, b, c] = chain.grandpa as [Ed25519Pair, Ed25519Pair, Ed25519Pair];
    const precommits = [vote(a, block), vote(b, block), vote(c, forkChild)];
    expect(changed((j) => ({ ...j, precommits, votesAncestries: [forkChild.header] }))).toBe("AncestryMissing");
    const both = [fork.header, forkChild.header];
    expect(changed((j) => ({ ...j, precommits, votesAncestries: both }))).toBe("AncestryMissing");
    const below = [vote(a, block), vote(b, block), vote(c, chain.genesis)];
    expect(changed((j) => ({ ...j, precommits: below }))).toBe("PrecommitBelowTarget");
    expect(changed((j) => ({ ...j, precommits: [] }))).toBe("WeightTooLow");
    // All votes above the target: then the lowest one's own header cannot be shown.
    const above = chain.build(block);
    const high = chain.grandpa.map((pair) => vote(pair, above));
    expect(changed((j) => ({ ...j, precommits: high, votesAncestries: [above.header] }))).toBe("AncestryUnused");
    expect(changed((j) => ({ ...j, precommits: high }))).toBe("AncestryMissing");
  });

  it("reports InvalidAuthoritySet for a set without weight or with too much", () => {
    const heavy = SET.authorities.map((entry) => ({ ...entry, weight: (1n << 64n) - 1n }));
    const none = SET.authorities.map((entry) => ({ ...entry, weight: 0n }));
    expect(code(chain.justify(block), { setId: 0n, authorities: heavy })).toBe("InvalidAuthoritySet");
    expect(code(chain.justify(block), { setId: 0n, authorities: none })).toBe("InvalidAuthoritySet");
    expect(code(chain.justify(block), { setId: 0n, authorities: [] })).toBe("InvalidAuthoritySet");
  });
});

describe("computeVoterSet()", () => {
  it("gives the thresholds of the fact sheet", () => {
    for (const [total, threshold] of [[1, 1], [2, 2], [3, 3], [4, 3], [5, 4], [6, 5], [7, 5], [10, 7], [100, 67]]) {
      const set = computeVoterSet([{ id: seed(1), weight: BigInt(total as number) }]);
      expect(set?.threshold).toBe(BigInt(threshold as number));
    }
  });

  it("adds up entries of one key", () => {
    const set = computeVoterSet([{ id: seed(1), weight: 2n }, { id: seed(1), weight: 3n }, {
      id: seed(2),
      weight: 0n,
    }]);
    expect([...set?.weights.values() ?? []]).toEqual([5n]);
  });
});

describe("findAuthorityChange()", () => {
  const authorities = authorityListOf(chain.grandpa);
  const other = authorityListOf(chain.grandpa.slice(1));
  const scheduled = { type: "ScheduledChange" as const, value: { authorities, delay: 0 } };
  const found = (...logs: Parameters<typeof grandpaDigest>[0][]) =>
    findAuthorityChange({ ...block.header, digest: [...block.header.digest, ...logs.map(grandpaDigest)] });

  it("takes the first scheduled change, and a forced one before it", () => {
    expect(found()).toEqual({ ok: true, value: { type: "none" } });
    expect(found({ type: "OnDisabled", value: 1n })).toEqual({ ok: true, value: { type: "none" } });
    const second = { type: "ScheduledChange" as const, value: { authorities: other, delay: 5 } };
    expect(found(scheduled, second)).toEqual({ ok: true, value: { type: "scheduled", change: scheduled.value } });
    const forced = { type: "ForcedChange" as const, value: { medianLastFinalized: 1, authorities: other, delay: 5 } };
    expect(found(scheduled, forced)).toEqual({ ok: true, value: { type: "forced", change: forced.value } });
  });

  it("refuses a message that does not decode, since it could hide a change", () => {
    const item = grandpaDigest(scheduled);
    if (item.type !== "Consensus") throw new Error("no consensus item");
    const cut = { ...item, value: { ...item.value, payload: item.value.payload.subarray(0, -1) } };
    expect(findAuthorityChange({ ...block.header, digest: [cut] }).ok).toBe(false);
  });
});
