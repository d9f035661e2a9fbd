import { beforeAll, describe, expect, it } from "vitest";
import { ed25519FromSeed, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import { accountId, blockHash } from "../../../src/primitives/branded.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { encryptDiff } from "../../../src/state/diff_encryption.ts";
import type { BlockData } from "../../../src/types/block_data.ts";
import { computeBlockDataHash, computeBlockDigest } from "../../../src/types/block_digest.ts";
import { computeHeaderHash, type SidechainHeader } from "../../../src/types/sidechain_header.ts";
import { blockSigningMessage, signedBlock } from "../../../src/types/signed_block.ts";
import { type Disk, SLOT_MS, type StoredBlock, TestHost, testPlatform } from "../harness.ts";
import { changedDisk, startVictim } from "./fixtures.ts";

const BLOCKS = 5;
const TIP = BLOCKS - 1;
/** A key that nobody has listed. */
const HOST_KEY = ed25519FromSeed(new Uint8Array(32).fill(0x66));
const HOST = accountId(HOST_KEY.publicKey);

let victim: TestHost;

beforeAll(async () => {
  victim = await startVictim("trusted");
  await victim.slots(BLOCKS - 2);
  expect(victim.disk.blocks).toHaveLength(BLOCKS);
});

function startOn(change: (disk: Disk) => void): TestHost {
  const host = new TestHost(victim.chain, changedDisk(victim.disk, change), testPlatform(), victim.tip);
  host.nowMs = victim.nowMs + 10_000;
  return host;
}

/** How a start on a changed disk ends, and that nothing was written, sent or authored by then. */
async function endOf(change: (disk: Disk) => void): Promise<string> {
  const host = startOn(change);
  await host.init();
  const health = unwrap(await host.call("health", undefined));
  if (host.fatal === undefined) return `phase ${health.phase}, block ${health.blockNumber}`;
  const acts = host.all.filter(({ type }) => type !== "log" && type !== "read_file" && type !== "read_blocks");
  expect(acts.map(({ type }) => type)).toEqual(["fatal"]);
  expect([health.blockNumber, health.phase]).toEqual([0n, 1]);
  return host.fatal.code;
}

const rowOf = (index: number) => signedBlock.decode((victim.disk.blocks[index] as StoredBlock).bytes).block;

/** A row with other content under a header that fits it, signed by the host's key. */
function forgedRow(
  index: number,
  change: (data: BlockData) => BlockData,
  place: Partial<SidechainHeader> = {},
): StoredBlock {
  const row = rowOf(index);
  const blockData = change(row.blockData);
  const blockDataHash = computeBlockDataHash(computeBlockDigest(blockData));
  const header = { ...row.header, ...place, blockDataHash };
  const hash = computeHeaderHash(header);
  const value = ed25519Sign(HOST_KEY, blockSigningMessage(hash));
  const signature = { type: "Ed25519" as const, value };
  return {
    number: header.blockNumber,
    hash,
    bytes: signedBlock.encode({ block: { header, blockData }, signature }),
  };
}

const byHost = (data: BlockData): BlockData => ({ ...data, blockAuthor: HOST });
const put = (index: number, row: StoredBlock) => ({ blocks }: Disk) => void (blocks[index] = row);

describe("a host that signs a stored block itself", () => {
  it("is refused with StoredDiffInvalid if it takes the diff of a true one, whichever it is", async () => {
    for (let index = 0; index < BLOCKS; index++) {
      const code = await endOf((disk) => {
        put(index, forgedRow(index, byHost))(disk);
        disk.blocks.length = index + 1;
      });
      expect([index, code]).toEqual([index, "StoredDiffInvalid"]);
    }
  });

  it("is refused with StoredDiffInvalid also for another slot, parentchain block or list of calls", async () => {
    const { blockData: { timestamp } } = rowOf(TIP);
    const others: Partial<BlockData>[] = [
      { timestamp: timestamp + BigInt(3 * SLOT_MS) },
      { layerOneHead: blockHash(new Uint8Array(32).fill(7)), layerOneNumber: 1_000_000 },
      { signedTopHashes: [] },
    ];
    for (const other of others) {
      expect(await endOf(put(TIP, forgedRow(TIP, (data) => ({ ...byHost(data), ...other }))))).toBe(
        "StoredDiffInvalid",
      );
    }
  });

  it("is refused with StoredDiffInvalid for a row beside the true one, before it or after it", async () => {
    const forged = forgedRow(TIP, byHost);
    expect(await endOf(({ blocks }) => void blocks.push(forged))).toBe("StoredDiffInvalid");
    expect(await endOf(({ blocks }) => void blocks.splice(TIP, 0, forged))).toBe("StoredDiffInvalid");
  });

  it("is refused with StoredDiffInvalid for a block upon the newest one, with its diff or one under a guessed key", async () => {
    const tip = rowOf(TIP).header;
    const place = { parentHash: computeHeaderHash(tip), blockNumber: tip.blockNumber + 1n };
    const later = (data: BlockData) => ({ ...byHost(data), timestamp: data.timestamp + BigInt(SLOT_MS) });
    const next = forgedRow(TIP, later, place);
    expect(await endOf(({ blocks }) => void blocks.push(next))).toBe("StoredDiffInvalid");
    const zero = new Uint8Array(32);
    const keys = { epoch: 0, stateKey: zero, pathKey: zero, saltKey: zero, olderStateKeys: new Map() };
    const context = { shard: tip.shardId, ...place, author: HOST };
    const encryptedStateDiff = await encryptDiff(keys, context, zero, new Uint8Array(34));
    const guessed = forgedRow(TIP, (data) => ({ ...later(data), encryptedStateDiff }), place);
    expect(await endOf(({ blocks }) => void blocks.push(guessed))).toBe("StoredDiffInvalid");
  });

  it("is refused with StoredBlockChanged if it leaves the true author's name", async () => {
    expect(await endOf(put(TIP, forgedRow(TIP, (data) => data)))).toBe("StoredBlockChanged");
  });

  it("is refused with StoredBlockChanged for a slot that is not later, or another schedule of confirmations", async () => {
    const { timestamp } = rowOf(TIP - 1).blockData;
    const early = forgedRow(TIP, (data) => ({ ...byHost(data), timestamp }));
    expect(await endOf(put(TIP, early))).toBe("StoredBlockChanged");
    const due = forgedRow(TIP, byHost, { nextFinalizationBlockNumber: BigInt(BLOCKS) });
    expect(await endOf(put(TIP, due))).toBe("StoredBlockChanged");
  });

  it("starts on the rows as they were", async () => {
    const host = startOn(() => {});
    unwrap(await host.init());
    unwrap(await host.initParentchain());
    expect(unwrap(await host.call("health", undefined)).blockNumber).toBe(BigInt(BLOCKS));
  });
});
