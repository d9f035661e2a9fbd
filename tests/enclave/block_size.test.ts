import { describe, expect, it } from "vitest";
import { ed25519Sign } from "../../src/crypto/ed25519.ts";
import { MAX_BLOCK_BYTES } from "../../src/enclave/api/limits.ts";
import { topHash } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { composeBlock } from "../../src/sidechain/compose.ts";
import { MAX_PROPOSED_BYTES, proposeBlock } from "../../src/sidechain/propose.ts";
import { MAX_FRAME_LENGTH } from "../../src/transport/limits.ts";
import { parseBoundedJson } from "../../src/transport/message.ts";
import { MAX_STATE_DIFF_BYTES, MAX_TOPS_PER_BLOCK } from "../../src/types/block_data.ts";
import { type SignedBlock, signedBlock, signedBlocks } from "../../src/types/signed_block.ts";
import { ALICE, FAKE_STF, genesis, KEYS, layerOneHash, pairOf, SHARD, SLOT_MS } from "../sidechain/builders.ts";

/** The frame in which a block is pushed. */
function frameOf(block: SignedBlock): string {
  const params = [toHex(signedBlocks.encode([block]))];
  return JSON.stringify({ jsonrpc: "2.0", id: Number.MAX_SAFE_INTEGER, method: "sidechain_importBlock", params });
}

/** Calls that fill a block: as many as it takes, each with a key and a value of its own, the last beyond the limit. */
function* calls(valueBytes: number) {
  for (let i = 0; i < MAX_TOPS_PER_BLOCK; i++) {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, i);
    yield { topHash: topHash(key), call: { key, value: new Uint8Array(valueBytes) } };
  }
}

async function fullBlock(valueBytes: number): Promise<SignedBlock> {
  const proposal = unwrap(proposeBlock({
    ...{ shard: SHARD, author: ALICE, parent: genesis(), layerOneHead: { hash: layerOneHash(2), number: 2 } },
    ...{
      timestampMs: 300_000n,
      prologue: [],
      calls: calls(valueBytes),
      hasTime: () => true,
      keys: KEYS,
      stf: FAKE_STF,
    },
  }));
  const sign = (message: Uint8Array) => ed25519Sign(pairOf(ALICE), message);
  const composed = await composeBlock(proposal, {
    keys: KEYS,
    salt: new Uint8Array(32),
    sign,
    slotDurationMs: SLOT_MS,
  });
  return composed.signed;
}

describe("The largest block", () => {
  it("that can be proposed can be encoded, stored and pushed in one frame", async () => {
    const perCall = Math.floor(MAX_PROPOSED_BYTES / MAX_TOPS_PER_BLOCK) - 32;
    for (const valueBytes of [perCall, 64_000]) {
      const block = await fullBlock(valueBytes);
      const { encryptedStateDiff } = block.block.blockData;
      expect(encryptedStateDiff.length).toBeGreaterThan(MAX_PROPOSED_BYTES * 0.99);
      expect(encryptedStateDiff.length).toBeLessThanOrEqual(MAX_STATE_DIFF_BYTES);
      expect(signedBlock.encode(block).length).toBeLessThanOrEqual(MAX_BLOCK_BYTES);
      expect(parseBoundedJson(frameOf(block)).ok).toBe(true);
    }
  });

  it("that can be decoded fits too, so that none is refused because it came in a push", async () => {
    const { block, signature } = await fullBlock(64_000);
    const blockData = {
      ...block.blockData,
      signedTopHashes: Array.from({ length: MAX_TOPS_PER_BLOCK }, () => topHash(new Uint8Array(32))),
      encryptedStateDiff: new Uint8Array(MAX_STATE_DIFF_BYTES),
    };
    const largest = { block: { header: block.header, blockData }, signature };
    expect(signedBlock.encode(largest).length).toBeLessThanOrEqual(MAX_BLOCK_BYTES);
    expect(frameOf(largest).length).toBeLessThanOrEqual(MAX_FRAME_LENGTH);
  });
});
