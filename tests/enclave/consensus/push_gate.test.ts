import { describe, expect, it } from "vitest";
import type { Effect } from "../../../src/enclave/api/effects.ts";
import { Outbox } from "../../../src/enclave/core/outbox.ts";
import { MAX_SEEN_BLOCKS, PushGate, SEEN_BLOCK_MS } from "../../../src/enclave/core/push_gate.ts";
import type { PushedWork } from "../../../src/enclave/turn_queue.ts";
import type { SignedBlock } from "../../../src/types/signed_block.ts";
import { ALICE, BOB, importer, resigned, SidechainBlockBuilder } from "../../sidechain/builders.ts";

/** A gate before an import that only counts, and blocks to push, one for each state root. */
async function build() {
  const { view, chain } = importer();
  const { signed } = await new SidechainBlockBuilder(view).build(chain.head);
  const work: PushedWork[] = [];
  const imported: SignedBlock[] = [];
  const asked: SignedBlock[] = [];
  const world = { nowMs: 0, hasRoom: true, isKnown: true, mayBeOfUse: true, fails: false };
  const effects: Effect[] = [];
  const outbox = new Outbox((sent) => void effects.push(...sent));
  const peers = {
    authorities: [ALICE, BOB],
    mayBeOfUse: (block: SignedBlock) => (asked.push(block), world.mayBeOfUse),
    importPushed: (block: SignedBlock) => {
      imported.push(block);
      return Promise.resolve({ code: "Imported", reject: false });
    },
  };
  const gate = new PushGate({
    target: () => {
      if (world.fails) throw new RangeError("out of range");
      return world.isKnown ? { peers, nowMs: () => world.nowMs } : undefined;
    },
    push: (piece) => world.hasRoom && work.push(piece) > 0,
    outbox,
  });
  const blocks = (count: number) =>
    Array.from({ length: count }, (_, i) => resigned(signed, {}, { blockNumber: BigInt(i + 2) }));
  const lines = () => {
    outbox.flush();
    return effects.flatMap(({ type, value }) => type === "log" ? [value.code] : []);
  };
  return { gate, world, work, imported, asked, lines, block: signed, blocks };
}

/** What a spoilt signature makes of a block. */
function unsigned(block: SignedBlock): SignedBlock {
  return { ...block, signature: { type: "Ed25519", value: new Uint8Array(64).fill(1) } };
}

describe("PushGate", () => {
  it("lets a block in whose author has signed it, in the author's lane", async () => {
    const { gate, work, imported, block } = await build();
    expect(await gate.take([block])).toBe("taken");
    expect(work.map(({ lanes, bytes }) => [lanes, bytes >= block.block.blockData.encryptedStateDiff.length]))
      .toEqual([[2, true]]);
    await work[0]?.run();
    expect(imported).toEqual([block]);
  });

  it("checks no signature of what is of no use, nor anything before the parentchain is known", async () => {
    const { gate, world, work, asked, block } = await build();
    world.mayBeOfUse = false;
    expect(await gate.take([unsigned(block)])).toBe("taken");
    world.isKnown = false;
    expect(await gate.take([unsigned(block)])).toBe("taken");
    expect([work.length, asked.length]).toEqual([0, 1]);
  });

  it("reports forged for a signature or a body that is not the author's, and takes nothing after it", async () => {
    const { gate, work, blocks } = await build();
    const [first, second, third] = blocks(3) as [SignedBlock, SignedBlock, SignedBlock];
    const blockData = { ...second.block.blockData, encryptedStateDiff: new Uint8Array(1) };
    const otherBody = { ...second, block: { ...second.block, blockData } };
    const otherHeader = { ...second, block: { ...second.block, header: { ...second.block.header, blockNumber: 99n } } };
    for (const forged of [unsigned(second), otherBody, otherHeader]) {
      const connection = {};
      const verdicts = [[first, forged, third], [third], []].map((pushed) => gate.take(pushed, connection));
      expect(await Promise.all(verdicts)).toEqual(["forged", "forged", "forged"]);
    }
    expect(work).toHaveLength(1);
    expect(await gate.take([third], {})).toBe("taken");
    expect(work).toHaveLength(2);
  });

  it("tells a failure to whose block it is, and takes what the connection sends after it", async () => {
    const { gate, world, work, blocks } = await build();
    const [first, second, third] = blocks(3) as [SignedBlock, SignedBlock, SignedBlock];
    const connection = {};
    world.fails = true;
    const failed = gate.take([first], connection);
    world.fails = false;
    // One that stands behind it already, and one that comes when it has ended.
    const behind = gate.take([second], connection);
    await expect(failed).rejects.toThrow(RangeError);
    expect([await behind, await gate.take([third], connection)]).toEqual(["taken", "taken"]);
    expect(work).toHaveLength(2);
    expect(await gate.take([unsigned(first)], connection)).toBe("forged");
    world.fails = true;
    expect(await gate.take([first], connection)).toBe("forged");
  });

  it("takes a block once for as long as it may wait, but not the place of it for a spoilt copy", async () => {
    const { gate, world, work, block } = await build();
    expect(await Promise.all([gate.take([unsigned(block)], {}), gate.take([block], {}), gate.take([block], {})]))
      .toEqual(["forged", "taken", "taken"]);
    expect(work).toHaveLength(1);
    world.nowMs += SEEN_BLOCK_MS - 1;
    await gate.take([block]);
    expect(work).toHaveLength(1);
    world.nowMs += 1;
    await gate.take([block]);
    expect(work).toHaveLength(2);
  });

  it("remembers a bounded number of blocks", async () => {
    const { gate, work, blocks } = await build();
    const all = blocks(MAX_SEEN_BLOCKS + 1);
    await gate.take(all);
    await gate.take(all.slice(-1));
    expect(work).toHaveLength(all.length);
    await gate.take(all.slice(0, 1));
    expect(work).toHaveLength(all.length + 1);
  });

  it("says once that there is no room, and takes what had none when it comes again", async () => {
    const { gate, world, work, lines, blocks } = await build();
    const [first, ...others] = blocks(5) as [SignedBlock, ...SignedBlock[]];
    await gate.take([first]);
    world.hasRoom = false;
    await gate.take(others);
    expect(lines()).toEqual(["WorkDropped"]);
    await work[0]?.run();
    await gate.take(others);
    expect(lines()).toEqual(["WorkDropped", "WorkDropped"]);
    world.hasRoom = true;
    await gate.take(others);
    expect(work).toHaveLength(5);
  });
});
