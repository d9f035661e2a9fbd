import { describe, expect, it } from "vitest";
import { HEAD_SETTLING_MS, LayerOne } from "../../src/enclave/chain/layer_one.ts";
import type { FollowerState } from "../../src/parentchain/follower_state.ts";
import type { ImportedBlock } from "../../src/parentchain/imported_block.ts";
import { accountId, blockHash, h256, shardIdentifier } from "../../src/primitives/branded.ts";
import { Overlay } from "../../src/state/overlay.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";
import { parentchainPallets } from "../../src/stf/pallets/parentchain.ts";
import { MAX_PROLOGUE_ITEMS } from "../../src/types/prologue_item.ts";

const SHARD = shardIdentifier(new Uint8Array(32).fill(1));
const SIGNER = accountId(new Uint8Array(32).fill(7));
const hashOf = (number: number, fork = 0) => blockHash(new Uint8Array(32).fill(number).with(31, fork));

function block(number: number, deposits = 0, fork = 0, fingerprint: Uint8Array = SHARD): ImportedBlock {
  const account = { nonce: 0, free: 0n, reserved: 0n, frozen: 0n };
  const view = {
    number,
    hash: hashOf(number, fork),
    nowMs: BigInt(number) * 6000n,
    specVersion: 1,
    enclave: undefined,
    shardStatus: [{ signer: SIGNER, fingerprint, lastActivity: 1 }],
    shardConfig: undefined,
    confirmation: undefined,
    signer: account,
    vault: account,
    vaultProxies: [],
    peers: [],
    auraAuthorities: [],
    grandpa: undefined,
  };
  return {
    number,
    hash: hashOf(number, fork),
    parentHash: hashOf(number - 1, fork),
    level: "trusted",
    // Only passed on by the class under test.
    followerState: { contentFrom: number } as unknown as FollowerState,
    content: {
      nowMs: BigInt(number) * 6000n,
      deposits: Array.from({ length: deposits }, (_, itemIndex) => ({ itemIndex, from: SIGNER, amount: 1n })),
      invokes: [],
      shields: [],
      proxied: [],
      extrinsicHashes: [],
      processedRoot: h256(new Uint8Array(32)),
      view: view as never,
    },
  };
}

function stateAt(number: number | undefined, itemIndex = 0): Overlay {
  const store = new Overlay(StateSnapshot.empty());
  if (number !== undefined) {
    parentchainPallets.Integritee.number.set(store, number);
    parentchainPallets.Integritee.itemIndex.set(store, itemIndex);
  }
  return store;
}

function layerOf(...blocks: readonly ImportedBlock[]): LayerOne {
  const layer = new LayerOne(SHARD, 0);
  for (const item of blocks) layer.add(item, item.number * 6000);
  return layer;
}

describe("LayerOne.prologueItems()", () => {
  const summary = (layer: LayerOne, state: Overlay, head: number) =>
    layer.prologueItems(state, hashOf(head))?.map((item) =>
      `${item.blockNumber}${item.type === "deposit" ? `.${item.itemIndex}` : "t"}`
    );

  it("gives timestamps before deposits, from the first block to the head and no further", () => {
    const layer = layerOf(block(1), block(2, 2), block(3, 1));
    expect(summary(layer, stateAt(undefined), 2)).toEqual(["1t", "2t", "2.0", "2.1"]);
  });

  it("goes on behind the cursor, also inside a block", () => {
    const layer = layerOf(block(1), block(2, 3), block(3));
    expect(summary(layer, stateAt(1), 3)).toEqual(["2t", "2.0", "2.1", "2.2", "3t"]);
    expect(summary(layer, stateAt(2, 1), 3)).toEqual(["2.1", "2.2", "3t"]);
    expect(summary(layer, stateAt(3), 3)).toEqual([]);
  });

  it("stops at the most items a block may have; the rest comes in the next", () => {
    const layer = layerOf(block(1, MAX_PROLOGUE_ITEMS + 5));
    const first = layer.prologueItems(stateAt(undefined), hashOf(1));
    expect(first).toHaveLength(MAX_PROLOGUE_ITEMS);
    const last = first?.at(-1);
    const index = last?.type === "deposit" ? last.itemIndex : -1;
    expect(layer.prologueItems(stateAt(1, index + 1), hashOf(1))).toHaveLength(6);
  });

  it("gives nothing for a head that is not known, and for blocks that are not here any more", () => {
    const layer = layerOf(block(5), block(6));
    expect(summary(layer, stateAt(5), 9)).toBeUndefined();
    expect(summary(layer, stateAt(3), 6)).toBeUndefined();
    expect(summary(layer, stateAt(5), 6)).toEqual(["6t"]);
  });

  it("has no items for blocks from before the shard's creation", () => {
    const layer = new LayerOne(SHARD, 2);
    for (const number of [1, 2, 3]) layer.add(block(number, 1), 0);
    expect(layer.prologueItems(stateAt(undefined), hashOf(3))?.map(({ blockNumber }) => blockNumber)).toEqual([3, 3]);
  });
});

describe("LayerOne", () => {
  it("lets an author use only a head that it has known for two seconds, never one behind the parent's", () => {
    const layer = layerOf(block(1), block(2));
    const parent = { hash: hashOf(1), number: 1 };
    expect(layer.headForAuthor(parent, 12_000 + HEAD_SETTLING_MS - 1)?.number).toBe(1);
    expect(layer.headForAuthor(parent, 12_000 + HEAD_SETTLING_MS)?.number).toBe(2);
    expect(layer.headForAuthor({ hash: hashOf(2), number: 2 }, 12_000)?.number).toBe(2);
    expect(layer.headForAuthor({ hash: hashOf(3), number: 3 }, 99_000)).toBeUndefined();
  });

  it("names the authorities with the fingerprint in force, and nobody else", () => {
    const layer = layerOf(block(1), block(2, 0, 0, new Uint8Array(32).fill(9)));
    expect(layer.authoritiesAt(hashOf(1))).toEqual([SIGNER]);
    expect(layer.authoritiesAt(hashOf(2))).toEqual([]);
    expect(layer.authoritiesAt(hashOf(3))).toBeUndefined();
  });

  it("forgets blocks that were undone, and takes those in their place", () => {
    const layer = layerOf(block(1), block(2), block(3));
    layer.revert(1);
    expect([layer.newestNumber, layer.numberOf(hashOf(2)), layer.numberOf(hashOf(3))]).toEqual([
      1,
      undefined,
      undefined,
    ]);
    layer.add(block(2, 0, 5), 0);
    expect(layer.numberOf(hashOf(2, 5))).toBe(2);
  });

  it("seals a snapshot with the follower before the cursor's block, which may be applied in part", () => {
    const layer = layerOf(block(1), block(2), block(3));
    expect(layer.followerStateFor(stateAt(3))?.contentFrom).toBe(2);
    expect(layer.followerStateFor(stateAt(1))).toBeUndefined();
    expect(layer.followerStateFor(stateAt(undefined))).toBeUndefined();
  });

  it("prunes what no state needs, and keeps what peers behind may ask for", () => {
    const layer = layerOf(...Array.from({ length: 200 }, (_, i) => block(i + 1)));
    layer.prune(stateAt(150));
    expect(layer.numberOf(hashOf(150 - 64))).toBe(86);
    expect(layer.numberOf(hashOf(80))).toBeUndefined();
    expect(layer.newestNumber).toBe(200);
  });
});
