import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 60_000;

eachWithTwoValidateers({ slots: 4 });

const parked = () => second.metric("enclave_sidechain_parked_blocks");
const decode = (bytes?: Uint8Array) => signedBlock.decode(bytes as Uint8Array);

/** What anybody can make of a block that is public: another body under the header, or another signature. */
function spoilt({ block, signature }: SignedBlock): readonly SignedBlock[] {
  const blockData = { ...block.blockData, encryptedStateDiff: new Uint8Array([1]) };
  return [
    { block: { ...block, blockData }, signature },
    { block, signature: { ...signature, value: signature.value.map((byte) => byte ^ 1) } },
  ];
}

/** Hands blocks in as if they had been fetched. */
async function fetched(blocks: readonly SignedBlock[]): Promise<readonly string[]> {
  const encoded = blocks.map((block) => signedBlock.encode(block));
  const outcomes = unwrap(await second.call("import_blocks", { nowMs: BigInt(second.nowMs), blocks: encoded }));
  return outcomes.map(({ code, reject }) => reject ? `${code} reject` : code);
}

describe("A block that waits", () => {
  it("is not thrown out by a spoilt copy of it, pushed or fetched", async () => {
    await network.growOnly(first);
    while ((await network.slot([second]))[0]?.code !== "Authored");
    expect(await parked()).toBe("1");
    const copies = spoilt(decode(first.disk.blocks.at(-1)?.bytes));
    for (const copy of copies) await second.take([copy]);
    expect(await parked()).toBe("1");
    expect(await fetched(copies)).toEqual(["BlockDataHashMismatch reject", "BadSidechainBlock reject"]);
    expect(await parked()).toBe("1");
  }, TIMEOUT_MS);

  it("has its place although a spoilt copy of it comes first", async () => {
    const block = await network.growOnly(first);
    network.parted.add(second);
    while ((await network.slot([second]))[0]?.code !== "Authored");
    await network.slots(3, [second]);
    const [parent, child] = first.disk.blocks.filter(({ number }) => number > second.head.number)
      .map(({ bytes }) => decode(bytes));
    // Nothing is known of its parent yet.
    for (const copy of spoilt(child as SignedBlock)) await second.take([copy]);
    expect(await parked()).toBe("0");
    await second.take([child as SignedBlock]);
    await second.take([parent as SignedBlock]);
    await network.catchUp(second, block);
    expect(second.head.number).toBe(child?.block.header.blockNumber);
    expect(toHex(second.head.snapshot.root)).toBe(toHex(child?.block.blockData.stateRoot as Uint8Array));
  }, TIMEOUT_MS);
});
