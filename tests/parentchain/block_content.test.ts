import { describe, expect, it } from "vitest";
import { u64 } from "../../src/codec/codec.ts";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { keccakMerkleRoot } from "../../src/crypto/merkle.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { importParentchainBlocks } from "../../src/parentchain/follower.ts";
import type { BlockInput, ImportedContent } from "../../src/parentchain/imported_block.ts";
import { computeProcessedRoot, indirectCall } from "../../src/parentchain/processed_root.ts";
import { wantedKeys } from "../../src/parentchain/wanted_keys.ts";
import { trieReadProof } from "../../src/trie/read_proof.ts";
import { activeShardConfig, shardAuthorities } from "../../src/parentchain/view.ts";
import {
  seed,
  SHARD,
  SIGNER_ACCOUNT,
  testAccount,
  type TestBlock,
  type TestBlockSpec,
  TestChain,
  type TestEvent,
  VAULT_ACCOUNT,
} from "./builders.ts";
import { codeOf } from "./expect_error.ts";

const ALICE = testAccount(0xa1);
const BOB = testAccount(0xb0);

function transfer(from: Uint8Array, to: Uint8Array, amount: bigint, extrinsic = 1): TestEvent {
  return { extrinsic, pallet: "Balances", name: "Transfer", fields: { from, to, amount } };
}

function importInput(chain: TestChain, input: BlockInput, vault: typeof VAULT_ACCOUNT | undefined = VAULT_ACCOUNT) {
  return importParentchainBlocks(chain.config({ vault }), chain.start("proven"), [input]);
}

function importBlock(chain: TestChain, spec: TestBlockSpec): ImportedContent {
  const block = chain.build(chain.genesis, spec);
  const result = importInput(chain, chain.input(chain.config(), block, chain.justify(block)));
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.imported[0]?.content as ImportedContent;
}

/** Imports a block after the host has changed what it hands in. */
function tampered(change: (input: BlockInput, block: TestBlock, chain: TestChain) => BlockInput): string {
  const chain = new TestChain();
  const invoke = chain.metadata.encodeCall("EnclaveBridge", "invoke", {
    request: { shard: SHARD, cyphertext: new Uint8Array(400) },
  });
  const events = [transfer(ALICE, VAULT_ACCOUNT, 5n)];
  const block = chain.build(chain.genesis, { calls: [invoke], events });
  return codeOf(importInput(chain, change(chain.input(chain.config(), block, chain.justify(block)), block, chain)));
}

describe("what the header does not commit to", () => {
  it("is refused: a forged event, a proof of another state, a missing and an extra node", () => {
    expect(tampered((input) => input)).toBe("ok");
    const withNodes = (input: BlockInput, nodes: readonly Uint8Array[]): BlockInput => ({
      ...input,
      content: { extrinsics: input.content?.extrinsics ?? [], storage: { type: "proof", nodes } },
    });
    const nodesOf = (input: BlockInput) => input.content?.storage.type === "proof" ? input.content.storage.nodes : [];
    expect(tampered((input, block, chain) => {
      const forged = [{ ...transfer(ALICE, VAULT_ACCOUNT, 10n ** 18n) }];
      const other = chain.build(chain.genesis, { events: forged });
      expect(other.number).toBe(block.number);
      return withNodes(input, trieReadProof(other.state, [...wantedKeys(chain.config())], 1));
    })).toBe("ProofInvalid");
    expect(tampered((input) => withNodes(input, nodesOf(input).slice(1)))).toBe("ProofInvalid");
    expect(tampered((input) => withNodes(input, nodesOf(input).slice(0, -1)))).toBe("ProofInvalid");
    expect(tampered((input) => withNodes(input, [...nodesOf(input), seed(1)]))).toBe("ProofInvalid");
    expect(
      tampered((input) =>
        withNodes(input, nodesOf(input).map((node, i) => i === 0 ? concatBytes(node.subarray(0, -1), seed(9)) : node))
      ),
    ).toBe("ProofInvalid");
  });

  it("is refused: a body with an extrinsic added, removed, changed or moved", () => {
    const withBody = (input: BlockInput, extrinsics: readonly Uint8Array[]): BlockInput => ({
      ...input,
      content: { extrinsics, storage: input.content?.storage ?? { type: "proof", nodes: [] } },
    });
    const bodyOf = (input: BlockInput) => input.content?.extrinsics ?? [];
    const refused = "ExtrinsicsRootMismatch";
    expect(tampered((input) => withBody(input, bodyOf(input).slice(0, -1)))).toBe(refused);
    expect(tampered((input) => withBody(input, []))).toBe(refused);
    expect(tampered((input) => withBody(input, [...bodyOf(input), bodyOf(input)[0] as Uint8Array]))).toBe(refused);
    expect(tampered((input) => withBody(input, [...bodyOf(input)].reverse()))).toBe(refused);
    expect(tampered((input) => withBody(input, bodyOf(input).map((x) => concatBytes(x, seed(0)))))).toBe(refused);
  });

  it("is refused: values of another runtime than the metadata describe", () => {
    const chain = new TestChain();
    const upgraded = { spec_version: 411, spec_name: "integritee-solo" };
    const block = chain.build(chain.genesis, { storage: [["System", "LastRuntimeUpgrade", [], upgraded]] });
    const result = importInput(chain, chain.input(chain.config(), block, chain.justify(block)));
    expect(result).toEqual({ ok: false, error: { code: "RuntimeUpgraded", block: 1, specVersion: 411 } });
    const same = { spec_version: 410, spec_name: "integritee-solo" };
    expect(importBlock(chain, { storage: [["System", "LastRuntimeUpgrade", [], same]] }).view.specVersion).toBe(410);
  });

  it("is refused: outcomes that do not fit the extrinsics", () => {
    const chain = new TestChain();
    const success = (extrinsic: number): TestEvent => ({
      extrinsic,
      pallet: "System",
      name: "ExtrinsicSuccess",
      fields: { dispatch_info: 0 },
    });
    for (const events of [[success(0)], [success(5)], [{ ...success(0), extrinsic: undefined } as never]]) {
      const block = chain.build(chain.genesis, { events });
      const result = importInput(chain, chain.input(chain.config(), block, chain.justify(block)));
      expect(codeOf(result)).toBe("DispatchResultsMismatch");
    }
  });

  it("is refused: an extrinsic that does not decode", () => {
    const chain = new TestChain();
    const block = chain.build(chain.genesis, { extrinsics: [new Uint8Array([8, 0x84, 7])] });
    const result = importInput(chain, chain.input(chain.config(), block, chain.justify(block)));
    expect(codeOf(result)).toBe("ContentUndecodable");
  });
});

describe("the filters", () => {
  it("take transfers to the vault as deposits, by event index, whatever the runtime's indices", () => {
    for (const permuted of [false, true]) {
      const chain = new TestChain({ permuted });
      const events = [
        transfer(ALICE, BOB, 1n),
        transfer(ALICE, VAULT_ACCOUNT, 2n),
        transfer(VAULT_ACCOUNT, BOB, 3n),
        transfer(BOB, VAULT_ACCOUNT, 4n),
        transfer(BOB, VAULT_ACCOUNT, 0n),
        transfer(VAULT_ACCOUNT, VAULT_ACCOUNT, 5n),
      ];
      expect(
        importBlock(chain, { calls: [chain.metadata.encodeCall("System", "remark", { remark: seed(1) })], events })
          .deposits,
      )
        .toEqual([{ itemIndex: 1, from: ALICE, amount: 2n }, { itemIndex: 3, from: BOB, amount: 4n }]);
    }
  });

  it("leave out transfers of the shard's validateers, and all if no vault is known", () => {
    const chain = new TestChain();
    const status = [{ signer: BOB, fingerprint: seed(4), last_activity: 1 }];
    const spec: TestBlockSpec = {
      calls: [chain.metadata.encodeCall("System", "remark", { remark: seed(1) })],
      events: [transfer(BOB, VAULT_ACCOUNT, 1n), transfer(ALICE, VAULT_ACCOUNT, 2n)],
      storage: [["EnclaveBridge", "ShardStatus", [SHARD], status]],
    };
    expect(importBlock(chain, spec).deposits.map(({ amount }) => amount)).toEqual([2n]);
    const block = chain.build(chain.genesis, spec);
    const config = chain.config({ vault: undefined });
    const input = chain.input(config, block, chain.justify(block));
    const result = importParentchainBlocks(config, chain.start("proven"), [input]);
    expect(result.ok && result.value.imported[0]?.content?.deposits).toEqual([]);
  });

  it("take successful top-level invokes and shieldings of this shard, and count those of others in the root", () => {
    const chain = new TestChain();
    const call = (name: string, args: Record<string, unknown>) =>
      chain.metadata.encodeCall("EnclaveBridge", name, args);
    const invoke = (shard: Uint8Array, byte: number) =>
      call("invoke", { request: { shard, cyphertext: new Uint8Array([byte]) } });
    const shield = call("shield_funds", { shard: SHARD, incognito_account_encrypted: seed(3), amount: 77n });
    const nested = chain.metadata.encodeCall("Utility", "batch", {
      calls: [chain.metadata.decodeCall(invoke(SHARD, 9))],
    });
    const content = importBlock(chain, {
      calls: [invoke(SHARD, 1), invoke(seed(8), 2), invoke(SHARD, 3), shield, nested],
      failed: [3],
    });
    expect(content.invokes).toEqual([{ extrinsicIndex: 1, cyphertext: new Uint8Array([1]) }]);
    expect(content.shields).toEqual([{ extrinsicIndex: 4, accountEncrypted: seed(3), amount: 77n }]);
    expect(content.nowMs).toBe(1_700_000_006_000n);
    const hashes = [
      indirectCall.encode({ type: "TimestampSet", value: { now: 1_700_000_006_000n } }),
      indirectCall.encode({ type: "Invoke", value: { shard: SHARD, cyphertext: new Uint8Array([1]) } }),
      indirectCall.encode({ type: "Invoke", value: { shard: seed(8), cyphertext: new Uint8Array([2]) } }),
      indirectCall.encode({ type: "ShieldFunds", value: { shard: SHARD, accountEncrypted: seed(3), amount: 77n } }),
    ].map((bytes) => blake2_256(bytes));
    expect(content.processedRoot).toEqual(keccakMerkleRoot(hashes));
    expect(content.extrinsicHashes).toHaveLength(6);
  });
});

describe("computeProcessedRoot()", () => {
  it("gives zeros without calls, and the worker's SCALE before hashing", () => {
    expect(computeProcessedRoot([])).toEqual(new Uint8Array(32));
    expect(toHex(indirectCall.encode({ type: "TimestampSet", value: { now: 1n } }))).toBe("0x0204");
    expect(toHex(indirectCall.encode({ type: "Invoke", value: { shard: seed(1), cyphertext: seed(2).subarray(30) } })))
      .toBe("0x01" + "01".repeat(32) + "080202");
  });
});

describe("the view", () => {
  it("decodes registration, shard, confirmation, accounts and delegates from proven values", () => {
    for (const options of [{}, { permuted: true, version: 15 as const }]) {
      const chain = new TestChain(options);
      const fingerprint = seed(0xf1);
      const shardConfig = {
        enclave_fingerprint: fingerprint,
        max_instances: undefined,
        authorities: undefined,
        maintenance_mode: false,
      };
      const account = (nonce: number, free: bigint) => ({
        nonce,
        consumers: 0,
        providers: 1,
        sufficients: 0,
        data: { free, reserved: 1n, frozen: 2n, flags: 0n },
      });
      const { view } = importBlock(chain, {
        storage: [
          ["Teerex", "SovereignEnclaves", [SIGNER_ACCOUNT], {
            type: "Sgx",
            value: {
              report_data: new Uint8Array(64),
              mr_enclave: fingerprint,
              mr_signer: seed(0),
              timestamp: 123n,
              url: seed(7),
              build_mode: { type: "Production", value: undefined },
              attestation_method: { type: "Skip", value: { proxied: false } },
              status: { type: "Invalid", value: undefined },
            },
          }],
          ["EnclaveBridge", "ShardStatus", [SHARD], [
            { signer: SIGNER_ACCOUNT, fingerprint, last_activity: 1 },
            { signer: BOB, fingerprint: seed(2), last_activity: 2 },
          ]],
          ["EnclaveBridge", "ShardConfigRegistry", [SHARD], {
            active_config: shardConfig,
            pending_upgrade: { ...shardConfig, enclave_fingerprint: seed(2) },
            upgrade_at: 2,
          }],
          ["Sidechain", "LatestSidechainBlockConfirmation", [SHARD], { block_number: 9n, block_header_hash: seed(3) }],
          ["System", "Account", [SIGNER_ACCOUNT], account(5, 1000n)],
          ["System", "Account", [VAULT_ACCOUNT], account(1, 2000n)],
          ["Proxy", "Proxies", [VAULT_ACCOUNT], [
            [{ delegate: SIGNER_ACCOUNT, proxy_type: { type: "Any", value: undefined }, delay: 0 }],
            5n,
          ]],
        ],
      });
      expect(view.enclave?.mrEnclave).toEqual(fingerprint);
      expect(view.enclave?.attestationMethod).toEqual({ type: "Skip", value: { proxied: false } });
      expect(view.enclave?.url).toEqual(seed(7));
      expect(view.confirmation).toEqual({ blockNumber: 9n, blockHeaderHash: seed(3) });
      expect(view.signer).toEqual({ nonce: 5, free: 1000n, reserved: 1n, frozen: 2n });
      expect(view.vault?.free).toBe(2000n);
      expect(view.vaultProxies).toEqual([{ delegate: SIGNER_ACCOUNT, proxyType: "Any", delay: 0 }]);
      expect(view.nowMs).toBe(1_700_000_006_000n);
      expect(view.auraAuthorities).toHaveLength(3);
      expect(activeShardConfig(view)?.enclaveFingerprint).toEqual(fingerprint);
      expect(shardAuthorities(view, SHARD)).toEqual([SIGNER_ACCOUNT]);
      expect(shardAuthorities({ ...view, number: 2 }, SHARD)).toEqual([BOB]);
    }
  });

  it("tells of other enclaves that were asked for whether they are registered, by proof", () => {
    const chain = new TestChain();
    const registration = {
      report_data: concatBytes(seed(0xb0), seed(0)),
      mr_enclave: seed(0xf1),
      mr_signer: seed(0),
      timestamp: 123n,
      url: undefined,
      build_mode: { type: "Debug", value: undefined },
      attestation_method: { type: "Dcap", value: { proxied: false } },
      status: { type: "Ok", value: undefined },
    };
    const block = chain.build(chain.genesis, {
      storage: [["Teerex", "SovereignEnclaves", [BOB], { type: "Sgx", value: registration }]],
    });
    const config = chain.config({ peers: [BOB, ALICE] });
    const input = chain.input(config, block, chain.justify(block));
    const result = importParentchainBlocks(config, chain.start("proven"), [input]);
    const peers = result.ok ? result.value.imported[0]?.content?.view.peers : undefined;
    expect(peers?.map(({ account }) => account)).toEqual([BOB, ALICE]);
    expect(peers?.[0]?.enclave).toMatchObject({ mrEnclave: seed(0xf1), buildMode: "Debug", status: "Ok" });
    expect(peers?.[1]?.enclave).toBeUndefined();
    // A proof for other questions is none for these.
    const other = chain.input(chain.config(), block, chain.justify(block));
    expect(codeOf(importParentchainBlocks(config, chain.start("proven"), [other]))).toBe("ProofInvalid");
  });

  it("is empty on a fresh chain", () => {
    const { view } = importBlock(new TestChain(), {});
    expect(view.enclave).toBeUndefined();
    expect(view.shardConfig).toBeUndefined();
    expect(view.shardStatus).toEqual([]);
    expect(view.confirmation).toBeUndefined();
    expect(view.signer.nonce).toBe(0);
    expect(view.vaultProxies).toEqual([]);
    expect(u64.encode(view.grandpa?.setId ?? 9n)).toEqual(new Uint8Array(8));
  });
});
