import { describe, expect, it } from "vitest";
import { replayBlock } from "../../src/enclave/chain/replay.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import type { ChainPoint } from "../../src/sidechain/chain_block.ts";
import type { SignedBlock } from "../../src/types/signed_block.ts";
import {
  ALICE,
  BOB,
  FakeLayerOne,
  genesis,
  KEYS,
  readyCall,
  resigned,
  SHARD,
  SidechainBlockBuilder,
  SLOT_MS,
} from "../sidechain/builders.ts";

const CONTEXT = { shard: SHARD, keys: KEYS, slotDurationMs: SLOT_MS };

/** A block on parentchain block 3 in slot 1000, and a way to put blocks upon it. */
async function prepared() {
  const view = new FakeLayerOne();
  const build = () => new SidechainBlockBuilder(view).on(3).withCalls(readyCall(1));
  const { chainBlock: parent } = await new SidechainBlockBuilder(view).on(3).build(genesis());
  return { build, parent };
}

async function codeOf(signed: SignedBlock, parent: ChainPoint): Promise<string> {
  const replayed = await replayBlock(signed, parent, CONTEXT);
  return replayed.ok ? "replayed" : replayed.error.code;
}

describe("replayBlock()", () => {
  it("gives the entry of the chain that the author had", async () => {
    const { build, parent } = await prepared();
    const { signed, chainBlock } = await build().build(parent);
    const replayed = unwrap(await replayBlock(signed, parent, CONTEXT));
    expect(toHex(replayed.snapshot.root)).toBe(toHex(chainBlock.snapshot.root));
    expect({ ...replayed, snapshot: undefined }).toEqual({ ...chainBlock, snapshot: undefined });
  });

  it("reports StoredDiffInvalid for the diff of another author, also of a validateer", async () => {
    const { build, parent } = await prepared();
    const { signed } = await build().build(parent);
    const other = toHex(signed.block.blockData.blockAuthor) === toHex(ALICE) ? BOB : ALICE;
    expect(await codeOf(resigned(signed, { blockAuthor: other }), parent)).toBe("StoredDiffInvalid");
  });

  it("reports StoredBlockChanged for a block whose author gave it a place that it cannot have", async () => {
    const { build, parent } = await prepared();
    expect(await codeOf((await build().inSlot(parent.slot).build(parent)).signed, parent)).toBe("StoredBlockChanged");
    expect(await codeOf((await build().on(2).build(parent)).signed, parent)).toBe("StoredBlockChanged");
    const { signed } = await build().build(parent);
    expect(await codeOf(resigned(signed, {}, { nextFinalizationBlockNumber: 2n }), parent)).toBe("StoredBlockChanged");
    expect(await codeOf(signed, parent)).toBe("replayed");
  });

  it("reports NotAChild for another parent", async () => {
    const { build, parent } = await prepared();
    const { signed } = await build().build(parent);
    expect(await codeOf(signed, genesis())).toBe("NotAChild");
  });
});
