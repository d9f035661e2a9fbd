import { describe, expect, it } from "vitest";
import { ed25519FromSeed, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import { accountId, blockHash } from "../../../src/primitives/branded.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { MAX_PARKED_BLOCKS } from "../../../src/sidechain/parking_lot.ts";
import { computeBlockDataHash, computeBlockDigest } from "../../../src/types/block_digest.ts";
import { computeHeaderHash, type SidechainHeader } from "../../../src/types/sidechain_header.ts";
import { blockSigningMessage, type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";
import type { NetworkHost } from "./network.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 60_000;

eachWithTwoValidateers({ slots: 4 });

const parked = (host: NetworkHost) => host.metric("enclave_sidechain_parked_blocks");

/** Pushes blocks one by one. */
async function take(host: NetworkHost, blocks: readonly SignedBlock[]): Promise<void> {
  for (const block of blocks) await host.take([block]);
}

/** The newest block, changed and signed by an author. */
function forged(author: NetworkHost | "stranger", header: Partial<SidechainHeader>, signer = author): SignedBlock {
  const stranger = ed25519FromSeed(new Uint8Array(32).fill(0x66));
  const keysOf = (who: NetworkHost | "stranger") =>
    who === "stranger" ? stranger : who.enclave.shard()?.setup.keys.signer ?? stranger;
  const { block } = signedBlock.decode(first.disk.blocks.at(-1)?.bytes as Uint8Array);
  const blockData = { ...block.blockData, blockAuthor: accountId(keysOf(author).publicKey) };
  const blockDataHash = computeBlockDataHash(computeBlockDigest(blockData));
  const changed = { ...block.header, blockDataHash, ...header };
  const value = ed25519Sign(keysOf(signer), blockSigningMessage(computeHeaderHash(changed)));
  return { block: { header: changed, blockData }, signature: { type: "Ed25519", value } };
}

/** Orphans far above the head. */
const orphans = (author: NetworkHost | "stranger", count: number, signer = author) =>
  Array.from(
    { length: count },
    (_, i) =>
      forged(author, { blockNumber: BigInt(1000 + i), parentHash: blockHash(new Uint8Array(32).fill(i + 1)) }, signer),
  );

describe("A validateer whose parentchain node is behind", () => {
  it(
    "parks blocks and their children, and imports them when the parentchain block comes, without fetching",
    async () => {
      const wishes = second.wishes.length;
      const block = await network.growOnly(first);
      while ((await network.slot([second]))[0]?.code !== "Authored");
      await network.slots(4, [second]);
      const children = first.head.number - second.head.number;
      expect(children).toBeGreaterThan(1n);
      expect(await parked(second)).toBe(String(children));
      await network.catchUp(second, block);
      expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
      expect(await parked(second)).toBe("0");
      expect(second.wishes).toHaveLength(wishes);
    },
    TIMEOUT_MS,
  );
});

describe("Parking", () => {
  it("holds nothing of strangers, nor what a listed author has not signed", async () => {
    const wishes = second.wishes.length;
    await take(second, orphans("stranger", 3));
    await take(second, orphans(first, 3, "stranger"));
    await take(second, orphans(first, 3, second));
    expect(await parked(second)).toBe("0");
    expect(second.wishes).toHaveLength(wishes);
  }, TIMEOUT_MS);

  it("holds nothing of a validateer that the shard no longer lists", async () => {
    const { fingerprint } = second.self;
    const storage = [["EnclaveBridge", "ShardStatus", [second.shard], [
      { signer: second.self.signer, fingerprint, last_activity: 1 },
    ]]] as const;
    await network.grow({ storage });
    await take(second, orphans(first, 3));
    expect(await parked(second)).toBe("0");
  }, TIMEOUT_MS);

  it(
    "leaves room for the others if one author fills its share, and heals although that one's parents do not exist",
    async () => {
      await take(second, orphans(first, MAX_PARKED_BLOCKS));
      expect(await parked(second)).toBe(String(MAX_PARKED_BLOCKS / 2));
      await take(second, orphans(second, 3));
      expect(await parked(second)).toBe(String(MAX_PARKED_BLOCKS / 2 + 3));
      network.parted.add(second);
      await network.slots(10, [second]);
      network.parted.clear();
      await network.slots(8);
      expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    },
    TIMEOUT_MS,
  );
});
