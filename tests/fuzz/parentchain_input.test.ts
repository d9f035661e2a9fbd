import { describe, expect, it } from "vitest";
import { tryDecode } from "../../src/codec/codec.ts";
import { importParentchainBlocks } from "../../src/parentchain/follower.ts";
import type { FinalityLevel } from "../../src/parentchain/follower_state.ts";
import { followerState } from "../../src/parentchain/follower_state.ts";
import type { BlockContent, BlockInput } from "../../src/parentchain/imported_block.ts";
import { ParentchainMetadata } from "../../src/parentchain/metadata.ts";
import { blockInput } from "../../src/parentchain/parentchain_init.ts";
import { wantedKeys } from "../../src/parentchain/wanted_keys.ts";
import { compareBytes } from "../../src/primitives/bytes.ts";
import { toHex } from "../../src/primitives/hex.ts";
import {
  authorityListOf,
  grandpaDigest,
  SHARD,
  type TestBlockSpec,
  TestChain,
  VAULT_ACCOUNT,
} from "../parentchain/builders.ts";
import { testAccount } from "../parentchain/builders.ts";
import { buildTestMetadata } from "../parentchain/metadata_builder.ts";
import { codeOf } from "../parentchain/expect_error.ts";
import { expectUnharmed, factsOf, inputOf, offer, offerBytes, startVictim } from "../enclave/hostile/fixtures.ts";
import { fuzz, mutate, type Random } from "./fuzz.ts";

/** An input with one part changed, so that all the rest still fits; or the whole of it. */
function changedInput(random: Random, samples: readonly Uint8Array[]): BlockInput | undefined {
  if (random.below(4) === 0) {
    const decoded = tryDecode(blockInput, mutate(random, samples));
    return decoded.ok ? decoded.value : undefined;
  }
  const [input, other] = [random, random].map(() => blockInput.decode(random.pick(samples))) as [
    BlockInput,
    BlockInput,
  ];
  const { content } = input;
  if (content === undefined || content.storage.type !== "proof") throw new TypeError("Cannot change a sample");
  const mutateOne = (parts: readonly Uint8Array[]) => {
    if (parts.length === 0) return [random.bytes(random.below(50))];
    const at = random.below(parts.length);
    const part = parts[at] as Uint8Array;
    return random.pick([
      () => parts.with(at, mutate(random, parts)),
      () => parts.toSpliced(at, 1),
      () => parts.toSpliced(at, 0, part),
      () => parts.toSpliced(at, 0, random.bytes(40)),
      () => parts.toReversed(),
    ])();
  };
  return random.pick<() => BlockInput>([
    () => ({ ...input, header: mutate(random, [input.header]) }),
    () => ({ ...input, justification: mutate(random, [input.justification ?? new Uint8Array(0)]) }),
    () => ({ ...input, justification: other.justification }),
    () => ({ ...input, justification: undefined }),
    () => ({ ...input, content: other.content }),
    () => ({ ...input, content: undefined }),
    () => ({ ...input, content: { ...content, extrinsics: mutateOne(content.extrinsics) } }),
    () => ({ ...input, content: { ...content, storage: { type: "proof", nodes: mutateOne(nodesOf(content)) } } }),
    () => ({ ...input, content: { ...content, storage: { type: "trusted", values: mutateOne(nodesOf(content)) } } }),
  ])();
}

/** The input with the nodes of its proof in one order: they are found by their hashes, wherever they stand. */
function meaningOf(input: BlockInput): string {
  const { content } = input;
  if (content?.storage.type !== "proof") return toHex(blockInput.encode(input));
  const nodes = content.storage.nodes.toSorted(compareBytes);
  return toHex(blockInput.encode({ ...input, content: { ...content, storage: { type: "proof", nodes } } }));
}

function nodesOf({ storage }: BlockContent): readonly Uint8Array[] {
  return storage.type === "proof" ? storage.nodes : [];
}

/** A chain, and inputs for its first block: with deposit, indirect call, change of voters, and votes for descendants. */
function setUp(level: FinalityLevel) {
  const chain = new TestChain();
  const config = chain.config();
  const fields = { from: testAccount(7), to: VAULT_ACCOUNT, amount: 5_000_000_000_000n };
  const request = { shard: SHARD, cyphertext: new Uint8Array(384).fill(3) };
  const change = { type: "ScheduledChange" as const, value: { authorities: authorityListOf(chain.grandpa), delay: 5 } };
  const specs: TestBlockSpec[] = [
    {},
    { events: [{ extrinsic: 0, pallet: "Balances", name: "Transfer", fields }] },
    { calls: [chain.metadata.encodeCall("EnclaveBridge", "invoke", { request })] },
    { digest: [grandpaDigest(change)] },
  ];
  const blocks = specs.map((spec, i) => chain.build(chain.genesis, { ...spec, slot: BigInt(i + 1) }));
  const inputs = blocks.map((block) => blockInput.encode(chain.input(config, block, chain.justify(block))));
  const hashes = new Set(blocks.map(({ hash }) => toHex(hash)));
  return { chain, config, state: chain.start(level), inputs, hashes };
}

describe.each(["proven", "sealed", "trusted"] as const)("the follower at level %s", (level) => {
  it("takes only blocks that the chain made, whatever is done to what it is given", async () => {
    const { config, state, inputs, hashes } = setUp(level);
    const before = toHex(followerState.encode(state));
    const codes = new Map<string, number>();
    await fuzz(`follower at level ${level}`, 8_000, (random) => {
      const input = changedInput(random, inputs);
      if (input === undefined) return;
      const result = importParentchainBlocks(config, state, [input]);
      const code = codeOf(result);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect(toHex(followerState.encode(state))).toBe(before);
      if (!result.ok) return;
      // Without proof of finality only a header's own links count, so at level trusted any child of the head is one.
      if (level !== "trusted") expect(hashes.has(toHex(result.value.state.head.hash))).toBe(true);
      for (const { content } of result.value.imported) {
        for (const { amount } of content?.deposits ?? []) expect(amount).toBe(5_000_000_000_000n);
      }
    });
    expect(codes.size).toBeGreaterThan(5);
  });
});

describe("ParentchainMetadata", () => {
  it("reads any bytes as metadata or throws an error, and gives a bounded list of keys", async () => {
    const { config } = setUp("proven");
    const samples = [buildTestMetadata()];
    await fuzz("metadata", 300, (random: Random) => {
      let metadata: ParentchainMetadata;
      try {
        metadata = new ParentchainMetadata(mutate(random, samples));
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        return;
      }
      try {
        expect(wantedKeys({ ...config, metadata }).length).toBeLessThanOrEqual(16);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    });
  });
});

describe("the whole enclave at level proven", () => {
  it("refuses what it is given with a code of the follower, and nothing of it changes", async () => {
    const host = await startVictim("proven");
    const block = host.chain.build(host.tip);
    const honest = await inputOf(host, block, host.chain.justify(block));
    const samples = [blockInput.encode(honest)];
    const before = await factsOf(host);
    await fuzz("import_parentchain", 2_000, async (random) => {
      const changed = changedInput(random, samples);
      const bytes = changed === undefined ? mutate(random, samples) : blockInput.encode(changed);
      const read = tryDecode(blockInput, bytes);
      // Some mutations change nothing, or nothing that has a meaning.
      if (read.ok && meaningOf(read.value) === meaningOf(honest)) return;
      const result = await offerBytes(host, [bytes]);
      expect(result.ok ? toHex(bytes) : "refused").toBe("refused");
      if (!result.ok) expect(["InternalError", "OutcomeUnencodable"]).not.toContain(result.error.code);
    });
    expect(await factsOf(host)).toEqual(before);
    expect((await offer(host, [honest])).ok).toBe(true);
    host.tip = block;
    await expectUnharmed(host);
  });
});
