import { beforeAll, describe, expect, it } from "vitest";
import { ed25519FromSeed, type Ed25519Pair, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import {
  encodePrecommitPayload,
  type GrandpaJustification,
  type SignedPrecommit,
} from "../../../src/parentchain/grandpa/justification.ts";
import { concatBytes } from "../../../src/primitives/bytes.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { authorityListOf, grandpaDigest, seed, type TestBlock } from "../../parentchain/builders.ts";
import type { TestHost } from "../harness.ts";
import { expectRefused, expectUnharmed, factsOf, inputOf, offer, startVictim } from "./fixtures.ts";

type Change = (justification: GrandpaJustification) => GrandpaJustification;

let host: TestHost;
/** Block 2 and its descendants: nothing of them has been accepted. */
let block: TestBlock;
let child: TestBlock;
let grandchild: TestBlock;

beforeAll(async () => {
  host = await startVictim("proven");
  const built = host.chain.buildMany(host.tip, 3) as [TestBlock, TestBlock, TestBlock];
  [block, child, grandchild] = built;
});

function vote(pair: Ed25519Pair, target: TestBlock): SignedPrecommit {
  const content = { targetHash: target.hash, targetNumber: target.number };
  const signature = ed25519Sign(pair, encodePrecommitPayload(content, 7n, host.chain.setId));
  return { ...content, signature, authority: pair.publicKey };
}

async function expectProofRefused(justification: Uint8Array | undefined, cause: string): Promise<void> {
  const code = justification === undefined ? "JustificationMissing" : "JustificationInvalid";
  const detail = justification === undefined ? "block 2" : `block 2, ${cause}`;
  await expectRefused(host, async () => offer(host, [await inputOf(host, block, justification)]), code, detail);
}

const changed = (change: Change) => host.chain.justify(block, { change });

describe("a host that hands in a block of the parentchain without proof of its finality", () => {
  it("is refused with JustificationMissing", async () => {
    await expectProofRefused(undefined, "");
  });

  it("is refused with JustificationMissing for a batch that goes on above its last justification", async () => {
    const batch = async () => [
      await inputOf(host, block, host.chain.justify(block)),
      await inputOf(host, child),
    ];
    await expectRefused(host, async () => offer(host, await batch()), "JustificationMissing", "block 3");
  });
});

describe("a host that hands in a bad justification is refused with JustificationInvalid and", () => {
  it("BadSignature if the votes are those of another set id", async () => {
    await expectProofRefused(host.chain.justify(block, { setId: host.chain.setId + 1n }), "BadSignature");
  });

  it("BadSignature if one signature of four is bad, although three are enough", async () => {
    for (const index of [0, 1, 2, 3]) {
      const forged = changed((j) => ({
        ...j,
        precommits: j.precommits.map((v, i) => i === index ? { ...v, signature: v.signature.toReversed() } : v),
      }));
      await expectProofRefused(forged, "BadSignature");
    }
  });

  it("BadSignature if a stranger's bad vote stands beside enough good ones", async () => {
    const stranger = { ...vote(ed25519FromSeed(seed(0x77)), block), signature: new Uint8Array(64) };
    await expectProofRefused(changed((j) => ({ ...j, precommits: [...j.precommits, stranger] })), "BadSignature");
  });

  it("BadSignature if the round is another one", async () => {
    await expectProofRefused(changed((j) => ({ ...j, round: j.round + 1n })), "BadSignature");
  });

  it("WeightTooLow below two thirds, also if voters are repeated or strangers fill up", async () => {
    const [a, b] = host.chain.grandpa as [Ed25519Pair, Ed25519Pair];
    await expectProofRefused(host.chain.justify(block, { voters: [a, b] }), "WeightTooLow");
    await expectProofRefused(host.chain.justify(block, { voters: [a, b, b, a] }), "WeightTooLow");
    const strangers = [0x71, 0x72, 0x73].map((byte) => ed25519FromSeed(seed(byte)));
    await expectProofRefused(host.chain.justify(block, { voters: [a, b, ...strangers] }), "WeightTooLow");
    await expectProofRefused(changed((j) => ({ ...j, precommits: [] })), "WeightTooLow");
  });

  it("TargetMismatch if it proves another block", async () => {
    const sibling = host.chain.build(host.tip, { slot: 99n });
    await expectProofRefused(host.chain.justify(sibling), "TargetMismatch");
    await expectProofRefused(host.chain.justify(child), "TargetMismatch");
    await expectProofRefused(host.chain.justify(host.tip), "TargetMismatch");
  });

  it("AncestryMissing if a header between a vote and the block is missing", async () => {
    const [a, b, c] = host.chain.grandpa as [Ed25519Pair, Ed25519Pair, Ed25519Pair];
    const precommits = [vote(a, block), vote(b, grandchild), vote(c, child)];
    for (const headers of [[], [grandchild.header], [child.header]]) {
      await expectProofRefused(changed((j) => ({ ...j, precommits, votesAncestries: headers })), "AncestryMissing");
    }
  });

  it("AncestryMissing if a vote is for another fork", async () => {
    const [a, b, c] = host.chain.grandpa as [Ed25519Pair, Ed25519Pair, Ed25519Pair];
    const fork = host.chain.build(host.chain.build(host.tip, { slot: 98n }), { slot: 99n });
    const precommits = [vote(a, block), vote(b, block), vote(c, fork)];
    const forged = changed((j) => ({ ...j, precommits, votesAncestries: [fork.header] }));
    await expectProofRefused(forged, "AncestryMissing");
  });

  it("AncestryUnused if a header more is there, or one twice", async () => {
    await expectProofRefused(changed((j) => ({ ...j, votesAncestries: [child.header] })), "AncestryUnused");
    const [a, b, c] = host.chain.grandpa as [Ed25519Pair, Ed25519Pair, Ed25519Pair];
    const precommits = [vote(a, block), vote(b, block), vote(c, child)];
    const twice = changed((j) => ({ ...j, precommits, votesAncestries: [child.header, child.header] }));
    await expectProofRefused(twice, "AncestryUnused");
  });

  it("PrecommitBelowTarget if a vote is for the parent", async () => {
    const [a, b, c] = host.chain.grandpa as [Ed25519Pair, Ed25519Pair, Ed25519Pair];
    const precommits = [vote(a, block), vote(b, block), vote(c, host.tip)];
    await expectProofRefused(changed((j) => ({ ...j, precommits })), "PrecommitBelowTarget");
  });

  it("JustificationUndecodable if it is cut, or a byte too long", async () => {
    const good = host.chain.justify(block);
    await expectProofRefused(good.subarray(0, -1), "JustificationUndecodable");
    await expectProofRefused(concatBytes(good, new Uint8Array(1)), "JustificationUndecodable");
    await expectProofRefused(new Uint8Array(0), "JustificationUndecodable");
  });
});

describe("a host that wants to bring its own voters in", () => {
  const next = [0x31, 0x32, 0x33].map((byte) => ed25519FromSeed(seed(byte)));
  const announced = { type: "ScheduledChange" as const, value: { authorities: authorityListOf(next), delay: 0 } };

  it("is refused with AuthoritySetChangeUnproven if only the new voters vouch for their own election", async () => {
    const change = host.chain.build(host.tip, { digest: [grandpaDigest(announced)] });
    const after = host.chain.build(change);
    const proof = host.chain.justify(after, { voters: next, setId: 1n });
    const batch = async () => [await inputOf(host, change), await inputOf(host, after, proof)];
    await expectRefused(
      host,
      async () => offer(host, await batch()),
      "AuthoritySetChangeUnproven",
      "block 3, changeAt 2",
    );
  });

  it("is refused with ForcedChange for a change that skips finality", async () => {
    const value = { medianLastFinalized: 1, ...announced.value };
    const forced = host.chain.build(host.tip, { digest: [grandpaDigest({ type: "ForcedChange", value })] });
    const proof = host.chain.justify(forced);
    await expectRefused(host, async () => offer(host, [await inputOf(host, forced, proof)]), "ForcedChange", "block 2");
  });

  it("is refused with AuthoritySetMismatch if the state names other voters than the digests", async () => {
    const storage = [["Grandpa", "Authorities", [], next.map(({ publicKey }) => [publicKey, 1n])]] as const;
    const swapped = host.chain.build(host.tip, { storage });
    const proof = host.chain.justify(swapped);
    const attack = async () => offer(host, [await inputOf(host, swapped, proof)]);
    await expectRefused(host, attack, "AuthoritySetMismatch", "block 2");
  });
});

describe("after all these attacks", () => {
  it("the enclave takes votes for descendants with their whole ancestry, and its waiting call is executed", async () => {
    const [a, b, c] = host.chain.grandpa as [Ed25519Pair, Ed25519Pair, Ed25519Pair];
    const precommits = [vote(a, block), vote(b, grandchild), vote(c, child)];
    const votesAncestries = [child.header, grandchild.header];
    const good = changed((j) => ({ ...j, precommits, votesAncestries }));
    unwrap(await offer(host, [await inputOf(host, block, good)]));
    host.tip = block;
    expect((await factsOf(host)).follower[0]).toBe(2);
    await expectUnharmed(host);
  });
});
