import { describe, expect, it } from "vitest";
import { BlockFetcher, type BlockSource } from "../../src/host/parentchain/block_fetcher.ts";
import { JustificationFeed } from "../../src/host/parentchain/justification_feed.ts";
import { computeHeaderHash, type ParentchainHeader, parentchainHeader } from "../../src/parentchain/header.ts";
import { blockInput } from "../../src/parentchain/parentchain_init.ts";
import { type BlockHash, blockHash, h256 } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";

function header(number: number, parentHash: BlockHash): ParentchainHeader {
  const root = h256(new Uint8Array(32).fill(number));
  return { parentHash, number, stateRoot: root, extrinsicsRoot: root, digest: [] };
}

/** A chain of empty blocks as a node tells it; counts what is asked. */
class FakeNode implements BlockSource {
  readonly headers: ParentchainHeader[] = [header(0, blockHash(new Uint8Array(32)))];
  readonly asked: string[] = [];

  grow(): ParentchainHeader {
    const last = this.headers.at(-1) as ParentchainHeader;
    const next = header(this.headers.length, computeHeaderHash(last));
    this.headers.push(next);
    return next;
  }

  blockHash(number: number) {
    this.asked.push(`hash ${number}`);
    return Promise.resolve(computeHeaderHash(this.headers[number] as ParentchainHeader));
  }

  block(hash: Uint8Array) {
    const found = this.headers.find((one) => toHex(computeHeaderHash(one)) === toHex(hash));
    if (found === undefined) return Promise.reject(new Error("unknown block"));
    this.asked.push(`block ${found.number}`);
    const headerBytes = parentchainHeader.encode(found);
    return Promise.resolve({ header: found, headerBytes, extrinsics: [], justification: undefined });
  }

  readProof() {
    this.asked.push("proof");
    return Promise.resolve([]);
  }

  values() {
    return Promise.resolve([]);
  }
}

describe("BlockFetcher", () => {
  const range = (from: number, to: number) => ({ from, to, keys: [], contentFrom: 1 });

  it("asks twice for an announced block and for its parent, three times for another", async () => {
    const node = new FakeNode();
    for (let i = 0; i < 4; i++) node.grow();
    const fetcher = new BlockFetcher(node, "sealed", new JustificationFeed());
    fetcher.noteAnnounced(node.headers[4] as ParentchainHeader);
    const { blocks } = await fetcher.next(range(2, 4));
    expect(blocks.map((bytes) => parentchainHeader.decode(blockInput.decode(bytes).header).number)).toEqual([2, 3, 4]);
    expect(node.asked.toSorted()).toEqual(["block 2", "block 3", "block 4", "hash 2", "proof", "proof", "proof"]);
  });

  it("asks the node when what was announced was used before, so that a refused block is not asked for again", async () => {
    const node = new FakeNode();
    const announced = node.grow();
    const fetcher = new BlockFetcher(node, "sealed", new JustificationFeed());
    fetcher.noteAnnounced(announced);
    await fetcher.next(range(1, 1));
    await fetcher.next(range(1, 1));
    expect(node.asked).toEqual(["block 1", "proof", "hash 1", "block 1", "proof"]);
  });

  it("forgets the oldest of many announced blocks", async () => {
    const node = new FakeNode();
    const fetcher = new BlockFetcher(node, "sealed", new JustificationFeed());
    for (let i = 0; i < 100; i++) fetcher.noteAnnounced(node.grow());
    await fetcher.next(range(1, 1));
    await fetcher.next(range(100, 100));
    expect(node.asked.filter((question) => question.startsWith("hash"))).toEqual(["hash 1"]);
  });
});
