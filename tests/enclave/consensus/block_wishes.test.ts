import { beforeEach, describe, expect, it } from "vitest";
import { BlockWishes, type MissingBlock, WISH_PAUSE_MS } from "../../../src/enclave/core/block_wishes.ts";
import { Outbox } from "../../../src/enclave/core/outbox.ts";
import { blockHash } from "../../../src/primitives/branded.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { SidechainChain } from "../../../src/sidechain/chain.ts";
import type { ChainPoint } from "../../../src/sidechain/chain_block.ts";
import { ALICE, genesis, plainBlocks } from "../../sidechain/builders.ts";

const hashOf = (byte: number) => blockHash(new Uint8Array(32).fill(byte));
const FAR: MissingBlock = { hash: hashOf(1), number: 500n };
const OTHER: MissingBlock = { hash: hashOf(2), number: 600n };

let chain: SidechainChain;
let wishes: BlockWishes;
let asked: { from: string; until: string }[];
let outbox: Outbox;

beforeEach(() => {
  chain = new SidechainChain(genesis());
  const blocks = plainBlocks(chain.base, Array(100).fill(ALICE));
  for (const block of blocks) chain.insert(block);
  const base = blocks[9] as ChainPoint;
  unwrap(chain.confirm({ blockNumber: base.number, blockHeaderHash: base.hash }));
  asked = [];
  outbox = new Outbox((effects) => {
    for (const effect of effects) {
      if (effect.type !== "blocks_wanted") continue;
      const { from, until } = effect.value;
      asked.push({ from: nameOf(from), until: until === undefined ? "" : String(until[0]) });
    }
  });
  wishes = new BlockWishes(chain, outbox);
});

/** Number of a block of the chain. */
function nameOf(hash: Uint8Array): string {
  const point = chain.get(blockHash(hash));
  return point === undefined ? toHex(hash).slice(0, 4) : String(point.number);
}

function asks(run: () => void): string[] {
  asked = [];
  run();
  outbox.flush();
  return asked.map(({ from, until }) => `${from} to ${until}`);
}

describe("BlockWishes", () => {
  it("asks from the head, then from further and further below, at last from the confirmed block, each after a pause", () => {
    let nowMs = 0;
    const next = () => asks(() => wishes.follow([FAR], nowMs += WISH_PAUSE_MS));
    const round = [["100 to 1"], ["92 to 1"], ["36 to 1"], ["10 to 1"]];
    expect([next(), next(), next(), next()]).toEqual(round);
    expect(next()).toEqual(["100 to 1"]);
    expect(asks(() => wishes.follow([FAR], nowMs + WISH_PAUSE_MS - 1))).toEqual([]);
  });

  it("does not ask from the head for a block that cannot stand above it", () => {
    expect(asks(() => wishes.follow([{ ...FAR, number: 101n }], 0))).toEqual(["92 to 1"]);
  });

  it("asks from further below at once if nobody had anything, for one round", () => {
    expect(asks(() => wishes.follow([FAR], 0))).toEqual(["100 to 1"]);
    const answers = () => asks(() => wishes.answered(undefined, [FAR], 1));
    expect([answers(), answers(), answers()]).toEqual([["92 to 1"], ["36 to 1"], ["10 to 1"]]);
    expect(answers()).toEqual([]);
    expect(asks(() => wishes.follow([FAR], 1 + WISH_PAUSE_MS))).toEqual(["100 to 1"]);
  });

  it("goes on from the newest block that came, at once", () => {
    asks(() => wishes.follow([FAR], 0));
    expect(asks(() => wishes.answered({ hash: hashOf(7), number: 50n }, [FAR], 1))).toEqual(["0x07 to 1"]);
    expect(asks(() => wishes.answered({ hash: hashOf(8), number: 51n }, [FAR], 1))).toEqual(["0x08 to 1"]);
    // The last one brought nothing: the whole round again.
    expect(asks(() => wishes.answered(undefined, [FAR], 1))).toEqual(["100 to 1"]);
  });

  it("does not hurry for the same blocks again, which somebody sends who has nothing else", () => {
    asks(() => wishes.follow([FAR], 0));
    const same = () => asks(() => wishes.answered({ hash: hashOf(7), number: 50n }, [FAR], 1));
    expect(same()).toEqual(["0x07 to 1"]);
    const more = Array.from({ length: 10 }, same).flat();
    expect(more).toEqual(["100 to 1", "92 to 1", "36 to 1", "10 to 1"]);
  });

  it("takes turns among blocks that are missing, so that one that nobody has holds up none", () => {
    let nowMs = 0;
    const next = () => asks(() => wishes.follow([FAR, OTHER], nowMs += WISH_PAUSE_MS));
    expect([next(), next(), next()]).toEqual([["100 to 1"], ["92 to 2"], ["36 to 1"]]);
  });

  it("asks for nothing when nothing is missing, and begins anew afterwards", () => {
    expect(asks(() => wishes.follow([], 0))).toEqual([]);
    expect(wishes.isOpen).toBe(false);
    asks(() => wishes.follow([FAR], 0));
    expect(wishes.isOpen).toBe(true);
    expect(asks(() => wishes.answered({ hash: hashOf(7), number: 50n }, [], 1))).toEqual([]);
    expect(wishes.isOpen).toBe(false);
    expect(asks(() => wishes.follow([FAR], 2))).toEqual(["100 to 1"]);
  });

  it("takes blocks that nobody asked for for no answer", () => {
    expect(asks(() => wishes.answered({ hash: hashOf(7), number: 50n }, [FAR], 0))).toEqual(["100 to 1"]);
  });
});
