import { beforeAll, describe, expect, it } from "vitest";
import type { FinalityLevel } from "../../../src/parentchain/follower_state.ts";
import type { BlockContent, BlockInput } from "../../../src/parentchain/imported_block.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { trieGet } from "../../../src/trie/trie.ts";
import type { TestBlock, TestEvent } from "../../parentchain/builders.ts";
import { accountOf, encryptCall, signFor } from "../clients.ts";
import type { TestHost } from "../harness.ts";
import {
  ALICE,
  AMOUNT,
  BOB,
  contentOf,
  expectRefused,
  expectUnharmed,
  factsOf,
  flipBit,
  inputOf,
  offer,
  positionOf,
  startVictim,
} from "./fixtures.ts";

/** The levels at which a storage value counts with a proof only. */
const PROVING: readonly FinalityLevel[] = ["proven", "sealed"];

async function vaultOf(host: TestHost): Promise<Uint8Array> {
  return unwrap(await host.call("health", undefined)).vault as Uint8Array;
}

async function depositOf(host: TestHost): Promise<TestEvent> {
  const fields = { from: accountOf(BOB), to: await vaultOf(host), amount: 100n * AMOUNT };
  return { extrinsic: 0, pallet: "Balances", name: "Transfer", fields };
}

describe.each(["proven", "sealed", "trusted"] as const)("a host at level %s", (level) => {
  let host: TestHost;
  let block: TestBlock;
  let honest: BlockContent;

  beforeAll(async () => {
    host = await startVictim(level);
    const invoke = host.chain.metadata.encodeCall("EnclaveBridge", "invoke", {
      request: { shard: host.shard, cyphertext: new Uint8Array(384) },
    });
    block = host.chain.build(host.tip, { calls: [invoke] });
    honest = await contentOf(host, block);
  });

  const offered = async (content: BlockContent | undefined) => {
    const input: BlockInput = { ...await inputOf(host, block, host.chain.justify(block)), content };
    return await offer(host, [input]);
  };

  async function expectContentRefused(content: BlockContent | undefined, code: string, detail = "block 2") {
    await expectRefused(host, () => offered(content), code, detail);
  }

  async function expectBodyRefused(extrinsics: readonly Uint8Array[]) {
    await expectContentRefused({ ...honest, extrinsics }, "ExtrinsicsRootMismatch");
  }

  it("is refused with ExtrinsicsRootMismatch for a body with an extrinsic added", async () => {
    const cyphertext = await encryptCall(host, "indirect_call", signFor(host, ALICE, transfer(), 1));
    const invoke = host.chain.metadata.encodeCall("EnclaveBridge", "invoke", {
      request: { shard: host.shard, cyphertext },
    });
    await expectBodyRefused([...honest.extrinsics, host.chain.bare(invoke)]);
    await expectBodyRefused([...honest.extrinsics, honest.extrinsics[1] as Uint8Array]);
    await expectBodyRefused([...honest.extrinsics, new Uint8Array(0)]);
  });

  it("is refused with ExtrinsicsRootMismatch for a body with an extrinsic removed, swapped or changed", async () => {
    const [first, second] = honest.extrinsics as [Uint8Array, Uint8Array];
    await expectBodyRefused([first]);
    await expectBodyRefused([second]);
    await expectBodyRefused([]);
    await expectBodyRefused([second, first]);
    for (const bit of [0, 9, 8 * second.length - 1]) await expectBodyRefused([first, flipBit(second, bit)]);
  });

  it("is refused with ContentMissing for a header alone", async () => {
    await expectContentRefused(undefined, "ContentMissing");
  });

  it("is refused with ProofInvalid for a proof whose nodes do not lead to the header's state root", async () => {
    const { storage } = honest;
    if (storage.type !== "proof") throw new TypeError("no proof");
    const { nodes } = storage;
    const with_ = (changed: readonly Uint8Array[]): BlockContent => ({
      ...honest,
      storage: { type: "proof", nodes: changed },
    });
    const first = nodes[0] as Uint8Array;
    const cases: readonly (readonly Uint8Array[])[] = [
      [],
      nodes.slice(1),
      nodes.slice(0, -1),
      [flipBit(first, 77), ...nodes.slice(1)],
      [...nodes, flipBit(first, 77)],
      [...nodes, first],
    ];
    for (const changed of cases) {
      const before = await factsOf(host);
      const result = await offered(with_(changed));
      expect(!result.ok && [result.error.code, result.error.detail.startsWith("block 2, reason ")])
        .toEqual(["ProofInvalid", true]);
      expect(await factsOf(host)).toEqual(before);
    }
  });

  it("is refused with ProofInvalid for a forged event: no deposit is credited", async () => {
    const forged = host.chain.build(host.tip, { events: [await depositOf(host)] });
    const forgedStorage = (await contentOf(host, forged)).storage;
    const before = await factsOf(host);
    const result = await offered({ ...honest, storage: forgedStorage });
    expect(!result.ok && result.error.code).toBe("ProofInvalid");
    expect(await factsOf(host)).toEqual(before);
  });

  it("is refused with ProofInvalid for the true values of another block", async () => {
    const stale = (await contentOf(host, host.tip)).storage;
    const result = await offered({ ...honest, storage: stale });
    expect(!result.ok && result.error.code).toBe("ProofInvalid");
  });

  it("is refused with ParentMismatch for blocks with a gap, and for those of another chain", async () => {
    const child = host.chain.build(block);
    const gap = async () => offer(host, [await inputOf(host, child, host.chain.justify(child))]);
    await expectRefused(host, gap, "ParentMismatch", "block 3, head 1");
    const genesis = { ...host.chain.genesis, hash: block.hash };
    const foreign = host.chain.build(host.chain.build(genesis));
    const strange = async () => offer(host, [await inputOf(host, foreign, host.chain.justify(foreign))]);
    await expectRefused(host, strange, "ParentMismatch", "block 2, head 1");
  });

  it("still works after all these attacks", async () => {
    await expectUnharmed(host);
  });
});

describe.each(PROVING)("a host at level %s that gives values on its word", (level) => {
  it("is refused with ProofMissing, also if the values are true", async () => {
    const host = await startVictim(level);
    const block = host.chain.build(host.tip);
    const { keys } = await positionOf(host);
    const values = keys.map((key) => trieGet(block.state, key));
    const input = {
      ...await inputOf(host, block, host.chain.justify(block)),
      content: { extrinsics: block.extrinsics, storage: { type: "trusted" as const, values } },
    };
    await expectRefused(host, () => offer(host, [input]), "ProofMissing", "block 2");
    await expectUnharmed(host);
  });
});

describe("a host that hands in what the runtime never made", () => {
  let host: TestHost;
  beforeAll(async () => void (host = await startVictim("proven")));

  const attack = (block: TestBlock) => async () => offer(host, [await inputOf(host, block, host.chain.justify(block))]);

  it("is refused with ContentUndecodable for an extrinsic that does not decode by the metadata", async () => {
    const junk = host.chain.build(host.tip, { extrinsics: [new Uint8Array([8, 0x84, 7])] });
    const before = await factsOf(host);
    const result = await attack(junk)();
    expect(!result.ok && result.error.code).toBe("ContentUndecodable");
    expect(!result.ok && result.error.detail).toMatch(/^block 2, what extrinsic 1: /u);
    expect(await factsOf(host)).toEqual(before);
  });

  it("is refused with RuntimeUpgraded for values of a runtime that its metadata do not describe", async () => {
    const { specVersion } = host.chain.metadata;
    const upgrade = { spec_version: specVersion + 1, spec_name: "integritee" };
    const upgraded = host.chain.build(host.tip, { storage: [["System", "LastRuntimeUpgrade", [], upgrade]] });
    await expectRefused(host, attack(upgraded), "RuntimeUpgraded", `block 2, specVersion ${specVersion + 1}`);
  });

  it("still works after all these attacks", async () => {
    await expectUnharmed(host);
  });
});

function transfer() {
  return { type: "balance_transfer" as const, value: { from: accountOf(ALICE), to: accountOf(BOB), amount: AMOUNT } };
}
