import { describe, expect, it } from "vitest";
import { ed25519Sign } from "../../../src/crypto/ed25519.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { computeBlockDataHash, computeBlockDigest } from "../../../src/types/block_digest.ts";
import { computeHeaderHash } from "../../../src/types/sidechain_header.ts";
import { blockSigningMessage, type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";
import { SLOT_MS, timeOf } from "../harness.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 60_000;
const DAY_MS = 86_400_000;

eachWithTwoValidateers({ slots: 4 });

/** A block of the second that the first has not seen, as if it had been made that much later. */
async function lateBlock(byMs: number): Promise<SignedBlock> {
  network.parted.add(second);
  while ((await network.slot([first]))[1]?.code !== "Authored");
  network.parted.clear();
  const { block } = signedBlock.decode(second.disk.blocks.at(-1)?.bytes as Uint8Array);
  const blockData = { ...block.blockData, timestamp: block.blockData.timestamp + BigInt(byMs) };
  const header = { ...block.header, blockDataHash: computeBlockDataHash(computeBlockDigest(blockData)) };
  const message = blockSigningMessage(computeHeaderHash(header));
  const { signer } = second.enclave.shard()?.setup.keys as { signer: Parameters<typeof ed25519Sign>[0] };
  return { block: { header, blockData }, signature: { type: "Ed25519", value: ed25519Sign(signer, message) } };
}

const importAt = async (block: SignedBlock, nowMs: number) =>
  unwrap(await first.call("import_blocks", { nowMs: BigInt(nowMs), blocks: [signedBlock.encode(block)] }))[0]?.code;

describe("Blocks of a peer", () => {
  it("are taken up to one slot ahead of the clock", async () => {
    const block = await lateBlock(2 * SLOT_MS);
    const slot = Number(block.block.blockData.timestamp) / SLOT_MS;
    expect(await importAt(block, (slot - 2) * SLOT_MS)).toBe("SlotInFuture");
    expect(await importAt(block, (slot - 1) * SLOT_MS)).toBe("Imported");
  }, TIMEOUT_MS);

  it("are not taken from the future because the host says that it is tomorrow", async () => {
    const block = await lateBlock(DAY_MS);
    expect(await importAt(block, network.nowMs + DAY_MS)).toBe("SlotInFuture");
    first.nowMs += DAY_MS;
    await first.take([block]);
    expect(first.enclave.shard()?.chain.get(computeHeaderHash(block.block.header))).toBeUndefined();
  }, TIMEOUT_MS);

  it("are not too early because the host has turned its clock back", async () => {
    const block = await lateBlock(0);
    await network.slot([second]);
    expect(await importAt(block, 0)).toBe("Imported");
  }, TIMEOUT_MS);
});

describe("A new parentchain head", () => {
  it("is used two seconds after it came, whatever time the host says it came at", async () => {
    const block = network.chain.build(first.tip);
    network.nowMs = timeOf(block.number);
    await network.slot([second]);
    const before = first.head.layerOneHead.number;
    expect(before).toBe(block.number - 1);
    const call = first.call.bind(first) as typeof first.call;
    first.call = (name, request) =>
      call(name, name === "import_parentchain" ? { ...request as object, nowMs: 0n } as typeof request : request);
    await network.catchUp(first, block);
    const heads: number[] = [];
    for (let i = 0; i < 12; i++) {
      await network.slot([second]);
      heads.push(first.head.layerOneHead.number);
    }
    // Six slots of 300 ms are less than two seconds.
    expect(heads.slice(0, 6)).toEqual(Array(6).fill(before));
    expect(heads.at(-1)).toBe(block.number);
  }, TIMEOUT_MS);
});
