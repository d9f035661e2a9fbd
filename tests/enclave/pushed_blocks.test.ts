import { describe, expect, it } from "vitest";
import { ed25519FromSeed, type Ed25519Pair, ed25519Sign } from "../../src/crypto/ed25519.ts";
import type { Identity } from "../../src/enclave/api/ecall_values.ts";
import { accountId, blockHash } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { computeBlockDataHash, computeBlockDigest } from "../../src/types/block_digest.ts";
import { computeHeaderHash } from "../../src/types/sidechain_header.ts";
import { blockSigningMessage, type SignedBlock, signedBlock, signedBlocks } from "../../src/types/signed_block.ts";
import { TestChain } from "../parentchain/builders.ts";
import { TestHost } from "./harness.ts";

const PEER = ed25519FromSeed(new Uint8Array(32).fill(0x51));

/** A block far ahead of the shard's head, signed by somebody. */
function blockOf(host: TestHost, pair: Ed25519Pair): SignedBlock {
  const { block } = signedBlock.decode(host.disk.blocks[0]?.bytes as Uint8Array);
  const blockData = { ...block.blockData, blockAuthor: accountId(pair.publicKey) };
  const blockDataHash = computeBlockDataHash(computeBlockDigest(blockData));
  const parentHash = blockHash(new Uint8Array(32).fill(8));
  const header = { ...block.header, blockNumber: 9n, parentHash, blockDataHash };
  const value = ed25519Sign(pair, blockSigningMessage(computeHeaderHash(header)));
  return { block: { header, blockData }, signature: { type: "Ed25519", value } };
}

async function push(host: TestHost, pair: Ed25519Pair): Promise<void> {
  const answer = await host.connect().request("sidechain_importBlock", [
    toHex(signedBlocks.encode([blockOf(host, pair)])),
  ]);
  expect(answer).toBe("ok");
  // Takes its turn in the queue before this does.
  await host.call("shutdown", undefined);
}

describe("sidechain_importBlock", () => {
  it("takes a block of a listed validateer into the queue", async () => {
    const host = await new TestHost(new TestChain()).start();
    await host.slots(2);
    const { fingerprint } = host.identity as Identity;
    const entry = { signer: PEER.publicKey, fingerprint, last_activity: 1 };
    const own = { ...entry, signer: host.identity?.signer };
    await host.parentchainBlock({ storage: [["EnclaveBridge", "ShardStatus", [host.shard], [own, entry]]] });
    await push(host, PEER);
    expect(host.wanted).toHaveLength(1);
  });

  it("passes over what nobody of the shard has signed", async () => {
    const host = await new TestHost(new TestChain()).start();
    await host.slots(2);
    await push(host, ed25519FromSeed(new Uint8Array(32).fill(0x52)));
    expect(host.wanted).toEqual([]);
  });
});
