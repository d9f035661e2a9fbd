import { beforeAll, describe, expect, it } from "vitest";
import { evidence } from "../../../src/attestation/evidence.ts";
import { blockHash } from "../../../src/primitives/branded.ts";
import { fromHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { parentchainHeader } from "../../../src/parentchain/header.ts";
import { type ParentchainInfo, parentchainInfo } from "../../../src/parentchain/parentchain_init.ts";
import { startKeys } from "../../../src/parentchain/wanted_keys.ts";
import { trieReadProof } from "../../../src/trie/read_proof.ts";
import { rpcReturnValue } from "../../../src/types/rpc_return_value.ts";
import { seed, TestChain } from "../../parentchain/builders.ts";
import { buildTestMetadata } from "../../parentchain/metadata_builder.ts";
import { type Disk, TestHost, testPlatform } from "../harness.ts";
import { expectRefused, expectUnharmed, flipBit, follow, refusalOf, startVictim } from "./fixtures.ts";

/** A chain with the same pallets, the same authors and other voters. */
const OTHER = new TestChain({}, 3);

/** What a host tells of its chain. */
function infoOf(chain: TestChain, change: Partial<ParentchainInfo> = {}): Uint8Array {
  const { genesis, metadata } = chain;
  return parentchainInfo.encode({
    genesisHash: genesis.hash,
    metadata: buildTestMetadata(),
    header: parentchainHeader.encode(genesis.header),
    storage: { type: "proof", nodes: trieReadProof(genesis.state, [...startKeys(metadata)], 1) },
    contentFrom: undefined,
    ...change,
  });
}

const tell = (host: TestHost, info: Uint8Array) =>
  host.call("init_parentchain", { nowMs: BigInt(host.nowMs), parentchain: 0, info });

describe("a host that founds a shard on a forged chain", () => {
  let host: TestHost;
  beforeAll(async () => {
    host = new TestHost(new TestChain());
    unwrap(await host.init({ finality: 0, payoutFinality: 0 }));
  });

  async function expectStartRefused(change: Partial<ParentchainInfo>, code: string, detail: string): Promise<void> {
    const effects = host.all.length;
    expect(refusalOf(await tell(host, infoOf(host.chain, change)))).toEqual({ code, detail });
    expect(host.all.length).toBe(effects);
    const health = unwrap(await host.call("health", undefined));
    expect([health.phase, health.blockNumber, health.slotDurationMs]).toEqual([2, 0n, 0]);
  }

  it("is refused with GenesisMismatch if block 0 has another hash than it says", async () => {
    await expectStartRefused({ genesisHash: OTHER.genesis.hash }, "GenesisMismatch", "");
    await expectStartRefused({ genesisHash: blockHash(seed(0)) }, "GenesisMismatch", "");
    await expectStartRefused({ header: parentchainHeader.encode(OTHER.genesis.header) }, "GenesisMismatch", "");
  });

  it("is refused with ProofInvalid or ProofMissing for voters of its own", async () => {
    const forged = host.chain.setGrandpa(host.chain.genesis.state, OTHER.grandpa, 0n);
    const keys = [...startKeys(host.chain.metadata)];
    const nodes = trieReadProof(forged, keys, 1);
    const result = await tell(host, infoOf(host.chain, { storage: { type: "proof", nodes } }));
    expect(!result.ok && result.error.code).toBe("ProofInvalid");
    const values = keys.map(() => undefined);
    await expectStartRefused({ storage: { type: "trusted", values } }, "ProofMissing", "block 0");
  });

  it("is refused with HeaderUndecodable, MetadataInvalid or ParentchainInfoUndecodable for garbage", async () => {
    await expectStartRefused({ header: new Uint8Array(7) }, "HeaderUndecodable", "index 0, Truncated");
    for (const metadata of [new Uint8Array(0), new Uint8Array(99), flipBit(buildTestMetadata(), 32)]) {
      const result = await tell(host, infoOf(host.chain, { metadata }));
      expect(!result.ok && result.error.code).toBe("MetadataInvalid");
    }
    const result = await tell(host, infoOf(host.chain).subarray(1));
    expect(!result.ok && result.error.code).toBe("ParentchainInfoUndecodable");
  });

  it("is refused with UnsupportedParentchain or ParentchainUnknown for a chain that the shard does not follow", async () => {
    const nowMs = BigInt(host.nowMs);
    const other = await host.call("init_parentchain", { nowMs, parentchain: 1, info: infoOf(host.chain) });
    expect(!other.ok && other.error.code).toBe("UnsupportedParentchain");
    const early = await host.call("import_parentchain", { nowMs, parentchain: 0, blocks: [] });
    expect(!early.ok && early.error.code).toBe("ParentchainUnknown");
  });

  it("can still found it on the true chain", async () => {
    expect(unwrap(await tell(host, infoOf(host.chain))).number).toBe(0);
  });
});

describe("a host that moves a shard to another chain", () => {
  let host: TestHost;
  let disk: Disk;
  beforeAll(async () => {
    host = await startVictim("proven");
    disk = host.disk.copy();
  });

  it("is refused with GenesisMismatch while the enclave runs", async () => {
    const attack = () => tell(host, infoOf(OTHER));
    await expectRefused(host, attack, "GenesisMismatch", "The node is of another chain");
    await expectUnharmed(host);
  });

  it("is refused with GenesisMismatch at a restart, and the true chain is taken afterwards", async () => {
    const restarted = new TestHost(host.chain, disk.copy(), testPlatform(), host.tip);
    unwrap(await restarted.init({ finality: 0, payoutFinality: 0 }));
    const result = await tell(restarted, infoOf(OTHER));
    expect(!result.ok && result.error.code).toBe("GenesisMismatch");
    expect(!result.ok && result.error.detail).toMatch(
      /^The shard follows 0x[0-9a-f]{64}, the node is of 0x[0-9a-f]{64}$/u,
    );
    expect(unwrap(await restarted.call("health", undefined)).phase).toBe(2);
    expect(unwrap(await tell(restarted, infoOf(host.chain))).provenNumber).toBeLessThanOrEqual(1);
  });
});

describe("a host that shows a shard as better founded than it is", () => {
  it("is refused with FinalityLevelMismatch: what was taken on a node's word never becomes proven", async () => {
    const founded = await startVictim("trusted");
    for (const [finality, name] of [[0, "proven"], [1, "sealed"]] as const) {
      const host = new TestHost(founded.chain, founded.disk.copy(), testPlatform(), founded.tip);
      unwrap(await host.init({ finality }));
      expect(refusalOf(await host.initParentchain())).toEqual({
        code: "FinalityLevelMismatch",
        detail: `The shard follows its parentchain at level "trusted", and "${name}" was asked for`,
      });
      expect(unwrap(await host.call("health", undefined)).phase).toBe(2);
    }
  });

  it("is refused with PayoutFinalityLowered if payouts are to rest on less than before", async () => {
    const founded = new TestHost(new TestChain());
    unwrap(await founded.init({ finality: 1, payoutFinality: 0 }));
    unwrap(await founded.initParentchain());
    await follow(founded, { storage: founded.listed() });
    const start = async (disk: Disk, payoutFinality: number) => {
      const host = new TestHost(founded.chain, disk, testPlatform(), founded.tip);
      unwrap(await host.init({ finality: 1, payoutFinality }));
      unwrap(await host.initParentchain());
      return host;
    };
    for (const [payoutFinality, name] of [[1, "sealed"], [2, "trusted"]] as const) {
      expect((await start(founded.disk.copy(), payoutFinality)).fatal).toEqual({
        code: "PayoutFinalityLowered",
        detail: `The shard pays at level "proven", and "${name}" was asked for`,
      });
    }
    expect((await start(founded.disk.copy(), 0)).fatal).toBeUndefined();
  });

  it("cannot hide that a shard was founded with a root account, today or after a restart", async () => {
    const statementOf = async (host: TestHost) => {
      const answer = rpcReturnValue.decode(fromHex(await host.connect().request("attestation_getEvidence")));
      return evidence.decode(answer.value).statement;
    };
    for (const hasRoot of [true, false]) {
      const host = await new TestHost(new TestChain()).start({ testGenesis: hasRoot });
      expect((await statementOf(host)).hasRoot).toBe(hasRoot);
      const restarted = new TestHost(host.chain, host.disk.copy(), testPlatform(), host.tip);
      unwrap(await restarted.init({ testGenesis: !hasRoot }));
      await restarted.resume([host.tip]);
      expect((await statementOf(restarted)).hasRoot).toBe(hasRoot);
    }
  });

  it("names in its key statement the level at which blocks are really held", async () => {
    for (const level of ["proven", "sealed", "trusted"] as const) {
      const host = await startVictim(level);
      await follow(host);
      const answer = rpcReturnValue.decode(fromHex(await host.connect().request("attestation_getEvidence")));
      expect(evidence.decode(answer.value).statement.parentchainFinality).toBe(level);
    }
  });
});
