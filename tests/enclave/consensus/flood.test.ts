import { describe, expect, it } from "vitest";
import { type Ed25519Pair, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import { MAX_PUSHED_BLOCKS } from "../../../src/enclave/rpc/peer_methods.ts";
import { MAX_PUSHED_WORK } from "../../../src/enclave/turn_queue.ts";
import { blockHash, h256 } from "../../../src/primitives/branded.ts";
import { equalBytes } from "../../../src/primitives/bytes.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { CLOSE_MISBEHAVED } from "../../../src/transport/connection.ts";
import { RATE_BURST } from "../../../src/transport/limits.ts";
import { computeBlockDataHash, computeBlockDigest } from "../../../src/types/block_digest.ts";
import { computeHeaderHash, type SidechainHeader } from "../../../src/types/sidechain_header.ts";
import {
  type Block,
  blockSigningMessage,
  type SignedBlock,
  signedBlock,
  signedBlocks,
} from "../../../src/types/signed_block.ts";
import { SLOT_MS } from "../harness.ts";
import type { NetworkHost } from "./network.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 60_000;

eachWithTwoValidateers({ slots: 4 });

/** The newest block of the first validateer. */
function newest(): SignedBlock {
  const blocks = first.disk.blocks.map(({ bytes }) => signedBlock.decode(bytes));
  return blocks.findLast(({ block }) => equalBytes(block.blockData.blockAuthor, first.self.signer)) as SignedBlock;
}
const parked = async () => Number(await second.metric("enclave_sidechain_parked_blocks"));

/** What anybody makes of a public block: the author stays, the header is another. */
function changed(header: Partial<SidechainHeader>): SignedBlock {
  const { block, signature } = newest();
  return { block: { ...block, header: { ...block.header, ...header } }, signature };
}

function signedBy(host: NetworkHost, block: Block): SignedBlock {
  const pair = host.enclave.shard()?.setup.keys.signer as Ed25519Pair;
  const value = ed25519Sign(pair, blockSigningMessage(computeHeaderHash(block.header)));
  return { block, signature: { type: "Ed25519", value } };
}

/** The same, signed by the author. */
const signed = (header: Partial<SidechainHeader>) => signedBy(first, changed(header).block);

/** A block of the first validateer in a slot of the second; its number is in its state root. */
function outOfTurn(i: number): SignedBlock {
  const { block } = newest();
  const timestamp = block.blockData.timestamp + BigInt(SLOT_MS);
  const stateRoot = h256(new Uint8Array(32).fill(i & 255).fill(i >> 8, 0, 1));
  const blockData = { ...block.blockData, timestamp, stateRoot };
  const header = { ...block.header, blockDataHash: computeBlockDataHash(computeBlockDigest(blockData)) };
  return signedBy(first, { header, blockData });
}

const orphan = (i: number) => ({
  blockNumber: BigInt(5000 + i),
  parentHash: blockHash(new Uint8Array(32).fill(i + 1)),
});
const many = (count: number, make: (header: Partial<SidechainHeader>) => SignedBlock) =>
  Array.from({ length: count }, (_, i) => make(orphan(i)));
const textOf = (blocks: readonly SignedBlock[]) => toHex(signedBlocks.encode(blocks));
const frameOf = (blocks: readonly SignedBlock[], id = 1) =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "sidechain_importBlock", params: [textOf(blocks)] });

describe("A stranger that pushes blocks with the name of a validateer", () => {
  it("loses its connection with the first of them, and none of them gets to the import", async () => {
    for (
      const forged of [many(1, changed), [newest(), ...many(2, changed)], [signed(orphan(1)), ...many(1, changed)]]
    ) {
      const client = second.connect();
      const genuine = forged.length === 2 ? 1 : 0;
      expect(await client.raw(frameOf(forged))).toEqual([]);
      expect(client.closed).toBe(CLOSE_MISBEHAVED);
      expect(await client.raw(frameOf([newest()]))).toEqual([]);
      await second.take([]);
      expect(await parked()).toBe(genuine);
    }
    expect(second.lines("BadSidechainBlock")).toEqual([]);
  }, TIMEOUT_MS);

  it("has no more of a batch checked once one of it is forged", async () => {
    const client = second.connect();
    const batch = [...many(1, changed), ...many(3, signed)].map((block, i) => frameOf([block], i + 1));
    await client.raw(`[${batch.join(",")}]`);
    expect(client.closed).toBe(CLOSE_MISBEHAVED);
    expect(await parked()).toBe(0);
  }, TIMEOUT_MS);

  it("pays for each block, and cannot send many at once", async () => {
    const client = second.connect();
    const refused = "Invalid parameters: Could not decode Vec<SignedBlock>";
    expect((await client.raw(frameOf(many(MAX_PUSHED_BLOCKS + 1, signed))))[0]).toContain(refused);
    // All of them are known, so nothing is wrong with them.
    const known = first.disk.blocks.slice(-4).map(({ bytes }) => signedBlock.decode(bytes));
    let answered = 0;
    for (const other = second.connect();; answered += known.length) {
      if (!(await other.raw(frameOf(known)))[0]?.includes(`"ok"`)) break;
    }
    expect(answered).toBe(RATE_BURST / 20);
  }, TIMEOUT_MS);
});

describe("A flood of blocks that a validateer has signed", () => {
  it("lets a slot wait for one of them at most, and is worked on when nothing else is to do", async () => {
    const imported = () => second.lines("InvalidAuthority").length;
    await second.enclave.service().importBlocks(Array.from({ length: MAX_PUSHED_WORK }, (_, i) => outOfTurn(i)));
    const before = imported();
    second.nowMs += SLOT_MS;
    unwrap(await second.call("on_slot", { nowMs: BigInt(second.nowMs) }));
    // One was being worked on when the slot came, and one more may have begun since.
    expect(imported() - before).toBeLessThanOrEqual(2);
    const dropped = () => second.lines("WorkDropped").length;
    for (let waited = -1; waited !== imported();) {
      waited = imported();
      await second.call("file_written", { ticket: 0n, ok: true });
    }
    // The author has half of the places.
    expect(imported()).toBeGreaterThanOrEqual(dropped() > 0 ? MAX_PUSHED_WORK / 2 : MAX_PUSHED_WORK);
  }, TIMEOUT_MS);

  it("is worth one check of each block, for as long as it may wait", async () => {
    await second.take([signed(orphan(1))]);
    const wishes = second.wishes.length;
    // A signature that was checked is not looked at again, so a changed one is not noticed.
    const again = { ...signed(orphan(1)), signature: { type: "Ed25519" as const, value: new Uint8Array(64) } };
    expect(await second.enclave.service().importBlocks([again])).toBe("taken");
    expect([second.wishes.length, await parked()]).toEqual([wishes, 1]);
  }, TIMEOUT_MS);

  it("is passed over where the number is too high for the slot, or the slot has not begun", async () => {
    await network.confirm(second.head);
    expect(second.base.number).toBeGreaterThan(0n);
    await second.take([signed({ blockNumber: second.base.number + 1_000_000n })]);
    expect(await parked()).toBe(0);
    const { block, signature } = newest();
    const timestamp = BigInt(network.nowMs + 10 * SLOT_MS);
    const late = { block: { ...block, blockData: { ...block.blockData, timestamp } }, signature };
    expect(await second.enclave.service().importBlocks([late])).toBe("taken");
  }, TIMEOUT_MS);
});
