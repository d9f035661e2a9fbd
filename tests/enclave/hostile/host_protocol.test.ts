import { beforeAll, describe, expect, it } from "vitest";
import { compactU32, u64, u8 } from "../../../src/codec/codec.ts";
import { ed25519FromSeed, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import type { InitRequest } from "../../../src/enclave/api/ecall_values.ts";
import { type EcallName, ECALLS } from "../../../src/enclave/api/ecalls.ts";
import { MAX_PARENTCHAIN_BLOCKS } from "../../../src/enclave/api/limits.ts";
import { outcome } from "../../../src/enclave/api/enclave_port.ts";
import { accountId, h256, shardIdentifier } from "../../../src/primitives/branded.ts";
import { concatBytes } from "../../../src/primitives/bytes.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { computeBlockDataHash, computeBlockDigest } from "../../../src/types/block_digest.ts";
import { computeHeaderHash } from "../../../src/types/sidechain_header.ts";
import { blockSigningMessage, type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";
import { seed } from "../../parentchain/builders.ts";
import { type StoredBlock, TestHost, testPlatform } from "../harness.ts";
import { expectRefused, expectUnharmed, factsOf, flipBit, follow, inputOf, offer, startVictim } from "./fixtures.ts";

let host: TestHost;
beforeAll(async () => void (host = await startVictim("proven")));

const nowMs = () => BigInt(host.nowMs);

/** Code that an ecall of raw bytes ends with. */
async function codeOfRaw(name: string, bytes: Uint8Array): Promise<string> {
  const { result } = outcome(ECALLS.health.response).decode(await host.enclave.handle(name, bytes));
  return result.ok ? "accepted" : result.error.code;
}

describe("a host that sends ecalls which are none", () => {
  it("is refused with UnknownEcall for a name outside the table", async () => {
    const before = await factsOf(host);
    for (const name of ["", "initialise", "__proto__", "constructor", "toString", "import_parentchain "]) {
      expect([name, await codeOfRaw(name, new Uint8Array(0))]).toEqual([name, "UnknownEcall"]);
    }
    expect(await factsOf(host)).toEqual(before);
  });

  it("is refused with RequestUndecodable for bytes that are cut, too long, or above the bounds", async () => {
    const before = await factsOf(host);
    const tooMany = concatBytes(u64.encode(nowMs()), u8.encode(0), compactU32.encode(MAX_PARENTCHAIN_BLOCKS + 1));
    const huge = concatBytes(u64.encode(nowMs()), u8.encode(0), compactU32.encode(1), compactU32.encode(0xffff_ffff));
    const cases: readonly (readonly [EcallName, Uint8Array])[] = [
      ["on_slot", new Uint8Array(7)],
      ["on_slot", new Uint8Array(9)],
      ["health", new Uint8Array(1)],
      ["persisted", new Uint8Array(31)],
      ["import_parentchain", concatBytes(tooMany, new Uint8Array(MAX_PARENTCHAIN_BLOCKS + 1))],
      ["import_parentchain", huge],
      ["import_blocks", concatBytes(u64.encode(nowMs()), compactU32.encode(0xffff_ffff))],
      ["file_written", concatBytes(u64.encode(1n), new Uint8Array([2]))],
    ];
    for (const [name, bytes] of cases) {
      expect([name, await codeOfRaw(name, bytes)]).toEqual([name, "RequestUndecodable"]);
    }
    expect(await factsOf(host)).toEqual(before);
  });

  it("is refused with AlreadyInitialised for a second start", async () => {
    const attack = () => host.call("init", { ...host.initRequest(), finality: 2, testGenesis: true });
    await expectRefused(host, attack, "AlreadyInitialised", "init runs once");
  });

  it("is refused with ParentchainBlockUndecodable for blocks that are none, also behind a good one", async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(40), new Uint8Array(5).fill(0xff)]) {
      const attack = () => host.call("import_parentchain", { nowMs: nowMs(), parentchain: 0, blocks: [bytes] });
      await expectRefused(host, attack, "ParentchainBlockUndecodable", "Block 0 of the batch");
    }
  });

  it("is refused with ParentchainUnknown for another parentchain", async () => {
    const attack = () => host.call("import_parentchain", { nowMs: nowMs(), parentchain: 1, blocks: [] });
    await expectRefused(host, attack, "ParentchainUnknown", "Call init_parentchain");
  });
});

describe("a host that configures what cannot be", () => {
  const cases: readonly (readonly [string, Partial<InitRequest>])[] = [
    ["InvalidConfiguration", { finality: 3 }],
    ["InvalidConfiguration", { payoutFinality: 255 }],
    ["InvalidConfiguration", { shieldingTarget: 3 }],
    ["InvalidConfiguration", { tlsNames: [] }],
    ["InvalidConfiguration", { tlsNames: ["999.999.999.999"] }],
    ["InvalidConfiguration", { slotDurationMs: 0 }],
    ["InvalidConfiguration", { slotDurationMs: 0xffff_ffff }],
    ["InvalidConfiguration", { nowMs: (1n << 64n) - 1n }],
    ["UnsupportedShieldingTarget", { shieldingTarget: 1 }],
    ["SealedKeysRefused", { sealedKeys: new Uint8Array(100) }],
    ["SealedKeysMissing", { storedBlocks: [1n, 2n] }],
  ];

  it("is refused with a code before anything is made, and can start properly afterwards", async () => {
    const fresh = new TestHost(host.chain);
    for (const [code, change] of cases) {
      const result = await fresh.init(change);
      expect([change, result.ok ? "accepted" : result.error.code]).toEqual([change, code]);
    }
    expect(fresh.all).toEqual([]);
    unwrap(await fresh.init());
  });
});

describe("a host that answers what nobody asked", () => {
  it("is refused with UnknownTicket", async () => {
    for (const ticket of [0n, 1n, 7n, 1n << 63n]) {
      const detail = (kind: string) => `Ticket ${ticket} waits for no ${kind}`;
      const bytes = new Uint8Array(10);
      const attacks = {
        file_written: () => host.call("file_written", { ticket, ok: true }),
        file_read: () => host.call("file_read", { ticket, bytes }),
        blocks_read: () => host.call("blocks_read", { ticket, blocks: [] }),
        extrinsic_submitted: () => host.call("extrinsic_submitted", { ticket, accepted: false }),
      };
      for (const [kind, attack] of Object.entries(attacks)) {
        await expectRefused(host, attack, "UnknownTicket", detail(kind));
      }
    }
  });

  it("is refused with UnknownBlock for a block that does not wait to be stored", async () => {
    const stored = host.disk.blocks.at(-1) as StoredBlock;
    for (const hash of [new Uint8Array(32), stored.hash]) {
      await expectRefused(
        host,
        () => host.call("persisted", { hash }),
        "UnknownBlock",
        "No such block waits to be stored",
      );
    }
  });
});

describe("a host that turns its clock", () => {
  const slotAt = async (ms: bigint) => unwrap(await host.call("on_slot", { nowMs: ms })).code;

  it("gets no block: ClockWentBack, ClockAheadOfParentchain, and one block a slot", async () => {
    const before = await factsOf(host);
    expect(await slotAt(nowMs() - 5_000n)).toBe("ClockWentBack");
    expect(await slotAt(nowMs() + 7_200_000n)).toBe("ClockAheadOfParentchain");
    expect(await slotAt((1n << 64n) - 1n)).toBe("ClockAheadOfParentchain");
    expect(await slotAt(0n)).toBe("ClockWentBack");
    expect(await factsOf(host)).toEqual(before);
  });
});

describe("a host that hands in sidechain blocks", () => {
  let behind: TestHost;
  let next: StoredBlock;

  /** A second enclave with the victim's keys and its first two blocks, to which the third is new. */
  beforeAll(async () => {
    const donor = await startVictim("trusted");
    const disk = donor.disk.copy();
    await donor.slot();
    next = donor.disk.blocks.at(-1) as StoredBlock;
    behind = new TestHost(donor.chain, disk, testPlatform(), donor.tip);
    behind.nowMs = donor.nowMs + 600;
    unwrap(await behind.init());
    unwrap(await behind.initParentchain());
    for (const block of donor.built) unwrap(await offer(behind, [await inputOf(behind, block)]));
    expect(unwrap(await behind.call("health", undefined)).blockNumber).toBe(2n);
  });

  async function expectBlockRefused(bytes: Uint8Array, codes: readonly string[]): Promise<string> {
    const before = await factsOf(behind);
    const blocks = [bytes];
    const [result] = unwrap(await behind.call("import_blocks", { nowMs: BigInt(behind.nowMs), blocks }));
    expect(codes).toContain(result?.code);
    expect(await factsOf(behind)).toEqual(before);
    return `${result?.code} ${result?.reject === true ? "reject" : "ignore"}`;
  }

  /** The block with changes, signed anew by somebody. */
  function forged(
    change: (signed: SignedBlock) => SignedBlock["block"],
    key = ed25519FromSeed(seed(0x66)),
  ): Uint8Array {
    const signed = signedBlock.decode(next.bytes);
    const { header, blockData } = change(signed);
    const data = { ...blockData, blockAuthor: accountId(key.publicKey) };
    const named = { ...header, blockDataHash: h256(computeBlockDataHash(computeBlockDigest(data))) };
    const value = ed25519Sign(key, blockSigningMessage(computeHeaderHash(named)));
    return signedBlock.encode({ block: { header: named, blockData: data }, signature: { type: "Ed25519", value } });
  }

  it("is refused for every bit that is turned, and told which blame it carries", async () => {
    // The time of a block is looked at before the hash that it stands under.
    const blaming = ["UndecodableBlock", "WrongShard", "BadSidechainBlock", "SlotNotLater", "BlockDataHashMismatch"];
    const codes = [...blaming, "SlotInFuture"];
    const seen = new Set<string>();
    for (let bit = 5; bit < 8 * next.bytes.length; bit += 101) {
      seen.add(await expectBlockRefused(flipBit(next.bytes, bit), codes));
    }
    expect([...seen].filter((verdict) => !blaming.some((code) => verdict === `${code} reject`)))
      .toEqual(seen.has("SlotInFuture ignore") ? ["SlotInFuture ignore"] : []);
    expect(seen.has("BadSidechainBlock reject") && seen.has("BlockDataHashMismatch reject")).toBe(true);
  });

  it("is refused with UndecodableBlock for garbage, a cut block, and one with a byte more", async () => {
    for (const bytes of [new Uint8Array(0), next.bytes.slice(0, -1), concatBytes(next.bytes, new Uint8Array(1))]) {
      expect(await expectBlockRefused(bytes, ["UndecodableBlock"])).toBe("UndecodableBlock reject");
    }
  });

  it("is refused with WrongShard for a block of another shard", async () => {
    const shardId = shardIdentifier(seed(0x51));
    const other = forged(({ block }) => ({ ...block, header: { ...block.header, shardId } }));
    expect(await expectBlockRefused(other, ["WrongShard"])).toBe("WrongShard reject");
  });

  it("is refused with InvalidAuthority for a block that an outsider signed", async () => {
    expect(await expectBlockRefused(forged(({ block }) => block), ["InvalidAuthority"])).toBe(
      "InvalidAuthority reject",
    );
  });

  it("is refused with SlotInFuture for a block of tomorrow", async () => {
    const timestamp = BigInt(behind.nowMs + 86_400_000);
    const future = forged(({ block }) => ({ ...block, blockData: { ...block.blockData, timestamp } }));
    expect(await expectBlockRefused(future, ["SlotInFuture"])).toBe("SlotInFuture ignore");
  });

  it("is refused with BlockAlreadyImported for a block that is replayed", async () => {
    const replayed = behind.disk.blocks[0] as StoredBlock;
    expect(await expectBlockRefused(replayed.bytes, ["BlockAlreadyImported"])).toBe("BlockAlreadyImported ignore");
  });

  it("gets the true block imported after all that", async () => {
    const blocks = [next.bytes];
    const [result] = unwrap(await behind.call("import_blocks", { nowMs: BigInt(behind.nowMs), blocks }));
    expect(result?.code).toBe("Imported");
    expect(unwrap(await behind.call("health", undefined)).blockNumber).toBe(3n);
  });
});

describe("a host that keeps snapshots from being written", () => {
  it("gets no block before the first one is read back as it was written", async () => {
    const liar = new TestHost(host.chain);
    const one = liar.one.bind(liar);
    liar.one = async (effect) => {
      if (effect.type !== "read_file" || !effect.value.name.startsWith("snapshots/")) return await one(effect);
      const bytes = flipBit(liar.disk.files.get(effect.value.name) as Uint8Array, 9);
      await liar.call("file_read", { ticket: effect.value.ticket, bytes });
    };
    unwrap(await liar.init({ finality: 0, payoutFinality: 0 }));
    unwrap(await liar.initParentchain());
    await follow(liar, { storage: liar.listed() });
    expect((await liar.slots(3)).map(({ code }) => code)).toEqual(Array(3).fill("FirstSnapshotPending"));
    expect(liar.logs.map(({ code }) => code)).toContain("SnapshotFailed");
    expect(liar.disk.blocks).toEqual([]);
  });
});

describe("after all these attacks", () => {
  it("the enclave still works", async () => {
    await expectUnharmed(host);
  });
});
