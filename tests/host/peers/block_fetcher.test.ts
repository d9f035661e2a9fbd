import { describe, expect, it } from "vitest";
import type { BlockOutcome } from "../../../src/enclave/api/ecall_values.ts";
import { BlockFetcher, MAX_RETRY_MS, MAX_WISH_MS, MIN_RETRY_MS } from "../../../src/host/peers/block_fetcher.ts";
import {
  type BlockSource,
  IMPORT_BATCH,
  MAX_DRAIN_MS,
  MAX_IDLE_MS,
  MAX_USELESS_ANSWERS,
} from "../../../src/host/peers/peer_drain.ts";
import { blockHash } from "../../../src/primitives/branded.ts";
import { equalBytes } from "../../../src/primitives/bytes.ts";
import { type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";
import { blockOn, branch, hashOf, ManualTimer, MemoryStore, meters, settle } from "./support.ts";

const ZERO = new Uint8Array(32);

/** What peers have, by their names; a name that is not there cannot be reached. */
type Peers = Record<string, readonly SignedBlock[] | BlockSource>;

/** A validateer that has some blocks, and its peers. */
function build(
  own: readonly SignedBlock[],
  peers: Peers,
  verdict: (block: SignedBlock, batch: readonly SignedBlock[]) => string = () => "Imported",
  base = 0n,
) {
  const store = new MemoryStore(own);
  const timer = new ManualTimer();
  const logs: string[] = [];
  const asked: string[] = [];
  const batches: number[] = [];
  const { values, ports } = meters();
  let concurrent = 0;
  const importOne = (block: SignedBlock, batch: readonly SignedBlock[]): BlockOutcome => {
    const { parentHash, blockNumber } = block.block.header;
    // Whoever made it.
    if (blockNumber <= base) return { code: "BlockAlreadyImported", reject: false };
    if (store.byHash(hashOf(block)) !== undefined) return { code: "BlockAlreadyImported", reject: false };
    if (!equalBytes(parentHash, ZERO) && store.byHash(parentHash) === undefined) {
      return { code: "BlockAncestryMismatch", reject: false };
    }
    const code = verdict(block, batch);
    if (code === "Imported") store.put(block);
    return { code, reject: code === "BadSidechainBlock" };
  };
  const fetcher = new BlockFetcher({
    peers: () => Object.keys(peers),
    open: async (peer) => {
      asked.push(peer);
      expect(++concurrent).toBe(1);
      const found = peers[peer];
      await settle();
      if (found === undefined || (Array.isArray(found) && found.length === 0)) {
        concurrent--;
        throw new Error("nobody there");
      }
      const source = Array.isArray(found) ? sourceOf(found) : found as BlockSource;
      return { blocksAfter: source.blocksAfter, close: () => void concurrent-- };
    },
    importBlocks: (encoded) => {
      batches.push(encoded.length);
      const batch = encoded.map((bytes) => signedBlock.decode(bytes));
      return Promise.resolve(batch.map((block) => importOne(block, batch)));
    },
    store,
    timer,
    fetched: ports.fetched,
    log: (_, code) => void logs.push(code),
  });
  return { fetcher, store, timer, logs, asked, batches, values };
}

/** A peer's store as `sidechain_fetchBlocksFromPeer` shows it. */
function sourceOf(blocks: readonly SignedBlock[], limit = 100): BlockSource {
  return {
    blocksAfter: (hash) => {
      const from = blocks.find((block) => equalBytes(hashOf(block), hash))?.block.header.blockNumber;
      const start = equalBytes(hash, ZERO) ? 0n : from;
      if (start === undefined) return Promise.resolve([]);
      const above = blocks.filter(({ block }) => block.header.blockNumber > start);
      // Up to a whole height, as the store gives them.
      const cut = above[limit]?.block.header.blockNumber;
      return Promise.resolve(above.filter(({ block }) => cut === undefined || block.header.blockNumber < cut));
    },
    close: () => {},
  };
}

/** A peer that takes its time for each answer. */
function slow(source: BlockSource, timer: () => ManualTimer, ms: number): BlockSource {
  return {
    blocksAfter: async (hash) => {
      await timer().pass(ms);
      return await source.blocksAfter(hash);
    },
    close: source.close,
  };
}

const holdsAll = (store: MemoryStore, blocks: readonly SignedBlock[]) =>
  blocks.every((block) => store.byHash(hashOf(block)) !== undefined);
const last = (blocks: readonly SignedBlock[]) => blocks.at(-1) as SignedBlock;

describe("BlockFetcher", () => {
  it("takes everything a peer has, answer by answer, in batches none of which is short but old", async () => {
    const chain = branch(undefined, 350);
    const { fetcher, store, batches, values, logs } = build([], { a: chain });
    fetcher.want(ZERO, hashOf(last(chain)));
    await fetcher.idle();
    expect(holdsAll(store, chain)).toBe(true);
    expect(values.fetched).toBe(350);
    expect(Math.max(...batches)).toBeLessThan(IMPORT_BATCH + 8);
    expect(logs).toEqual(["BlocksFetched"]);
  });

  it("asks the next peer if one is away, behind, or has another chain", async () => {
    const chain = branch(undefined, 10);
    const other = branch(undefined, 12, 9);
    const { fetcher, store, asked } = build(chain.slice(0, 3), {
      away: [],
      behind: chain.slice(0, 4),
      other: other.slice(5),
      good: chain,
    });
    fetcher.want(hashOf(chain[2] as SignedBlock), hashOf(last(chain)));
    await fetcher.idle();
    expect(asked).toEqual(["away", "behind", "other", "good"]);
    expect(holdsAll(store, chain)).toBe(true);
  });

  it("asks the peer first that had blocks last", async () => {
    const chain = branch(undefined, 6);
    const { fetcher, asked } = build([], { away: [], good: chain });
    fetcher.want(ZERO, undefined);
    await fetcher.idle();
    fetcher.want(hashOf(last(chain)), undefined);
    await fetcher.idle();
    expect(asked).toEqual(["away", "good", "good"]);
  });

  it("goes back along the own branch until the peer knows a block of it", async () => {
    const shared = branch(undefined, 20);
    const mine = branch(last(shared), 37, 1);
    const theirs = branch(last(shared), 40, 2);
    const { fetcher, store } = build([...shared, ...mine], { a: [...shared, ...theirs] });
    fetcher.want(hashOf(last(mine)), hashOf(last(theirs)));
    await fetcher.idle();
    expect(holdsAll(store, theirs)).toBe(true);
  });

  it("goes back further where answers end with both branches at one height", async () => {
    const shared = branch(undefined, 20);
    const mine = branch(last(shared), 30, 1);
    const theirs = branch(last(shared), 60, 2);
    const both = [...shared, ...mine, ...theirs].sort((a, b) =>
      Number(a.block.header.blockNumber - b.block.header.blockNumber)
    );
    const { fetcher, store, logs } = build([...shared, ...mine], { a: sourceOf(both, 12) });
    fetcher.want(hashOf(last(mine)), hashOf(last(theirs)));
    await fetcher.idle();
    expect(logs).toEqual(["BlocksFetched"]);
    expect(holdsAll(store, theirs)).toBe(true);
  });

  it("goes back also if the peer knows the own branch, and shows the other one from above the fork only", async () => {
    const shared = branch(undefined, 20);
    const mine = branch(last(shared), 5, 1);
    const theirs = branch(last(shared), 9, 2);
    const { fetcher, store } = build([...shared, ...mine], { a: [...shared, ...mine, ...theirs] });
    fetcher.want(hashOf(last(mine)), hashOf(last(theirs)));
    await fetcher.idle();
    expect(holdsAll(store, theirs)).toBe(true);
  });

  it("begins at a block that only the peer has stored: that of a received state", async () => {
    const chain = branch(undefined, 9);
    // The state came without its blocks.
    const { fetcher, store } = build([], { a: chain });
    store.put(chain[4] as SignedBlock);
    fetcher.want(hashOf(chain[4] as SignedBlock), hashOf(last(chain)));
    await fetcher.idle();
    expect(holdsAll(store, chain.slice(4))).toBe(true);
    expect(holdsAll(store, chain.slice(0, 4))).toBe(false);
  });

  it("leaves a peer at once that sends a block which no honest one has", async () => {
    const chain = branch(undefined, 10);
    const bad = [...chain.slice(0, 2), ...branch(chain[1], 5, 6)];
    const judge = (block: SignedBlock) => block.block.header.blockDataHash[0] === 6 ? "BadSidechainBlock" : "Imported";
    const { fetcher, store, logs } = build([], { bad, good: chain }, judge);
    fetcher.want(ZERO, hashOf(last(chain)));
    await fetcher.idle();
    expect(logs[0]).toBe("PeerGivesNoBlocks");
    expect(holdsAll(store, chain)).toBe(true);
  });

  it("leaves a peer that sends the same blocks for ever", async () => {
    const chain = branch(undefined, 5);
    let asked = 0;
    const same: BlockSource = { blocksAfter: () => (asked++, Promise.resolve(chain)), close: () => {} };
    const { fetcher, logs } = build([], { same });
    fetcher.want(ZERO, undefined);
    await fetcher.idle();
    expect(asked).toBe(2);
    expect(logs).toContain("PeerGivesNoBlocks");
  });

  it("waits, ever longer, if blocks rest on a parentchain block that is not here yet", async () => {
    const chain = branch(undefined, 10);
    let known = 4n;
    const judge = (block: SignedBlock) => block.block.header.blockNumber > known ? "Parked" : "Imported";
    const { fetcher, store, timer, asked, logs } = build([], { a: chain }, judge);
    fetcher.want(ZERO, hashOf(last(chain)));
    await fetcher.idle();
    expect(holdsAll(store, chain.slice(0, 4))).toBe(true);
    await timer.pass(MIN_RETRY_MS);
    await timer.pass(2 * MIN_RETRY_MS - 1);
    // Pushes go on meanwhile, each a wish.
    fetcher.want(hashOf(chain[3] as SignedBlock), hashOf(last(chain)));
    expect(asked).toHaveLength(2);
    known = 10n;
    await timer.pass(1);
    await fetcher.idle();
    expect(holdsAll(store, chain)).toBe(true);
    expect(timer.waiting).toBe(0);
    expect(logs.filter((code) => code === "BlocksUnavailable")).toHaveLength(1);
  });

  it("goes on past a branch that cannot be taken, whose ground was lost", async () => {
    const chain = branch(undefined, 10);
    const lost = branch(chain[3], 3, 1);
    const mixed = [...chain, ...lost].sort((a, b) => Number(a.block.header.blockNumber - b.block.header.blockNumber));
    const judge = (block: SignedBlock) =>
      equalBytes(hashOf(block), hashOf(lost[0] as SignedBlock)) ? "Parked" : "Imported";
    const peer = sourceOf(mixed, 7);
    const { fetcher, store } = build([], { a: peer }, judge);
    fetcher.want(ZERO, hashOf(last(chain)));
    await fetcher.idle();
    expect(holdsAll(store, chain)).toBe(true);
    expect(lost.some((block) => store.byHash(hashOf(block)) !== undefined)).toBe(false);
  });

  it("asks again at once when there are other peers", async () => {
    const chain = branch(undefined, 10);
    const peers: Record<string, readonly SignedBlock[]> = {};
    const { fetcher, store } = build([], peers);
    fetcher.want(ZERO, hashOf(last(chain)));
    await fetcher.idle();
    peers["a"] = chain;
    fetcher.peersChanged();
    await fetcher.idle();
    expect(holdsAll(store, chain)).toBe(true);
  });

  it("counts wishes that come while it asks as one", async () => {
    const chain = branch(undefined, 10);
    const { fetcher, asked } = build([], { a: chain });
    for (const block of chain) fetcher.want(ZERO, hashOf(block));
    await fetcher.idle();
    expect(asked).toEqual(["a"]);
  });

  it("ends at once and leaves nothing to wait for", async () => {
    const { fetcher, timer, logs, asked } = build([], { away: [] });
    fetcher.want(ZERO, undefined);
    fetcher.stop();
    await fetcher.idle();
    expect([timer.waiting, logs.length]).toEqual([0, 0]);
    fetcher.want(ZERO, undefined);
    await fetcher.idle();
    expect(asked).toHaveLength(1);
  });

  it("leaves a peer that has nothing but invented blocks below the confirmed one", async () => {
    const chain = branch(undefined, 120);
    let answers = 0;
    const invent = () => Promise.resolve([blockOn(blockHash(new Uint8Array(32).fill(9)), ++answers, 9)]);
    const evil: BlockSource = { blocksAfter: invent, close: () => {} };
    const { fetcher, store, asked } = build(chain.slice(0, 105), { evil, good: chain }, undefined, 100n);
    fetcher.want(hashOf(chain[104] as SignedBlock), hashOf(last(chain)));
    await fetcher.idle();
    expect([answers, asked]).toEqual([MAX_USELESS_ANSWERS, ["evil", "good"]]);
    expect(holdsAll(store, chain)).toBe(true);
  });

  it("leaves a peer that shows known blocks slowly, and one that gives new ones drop by drop", async () => {
    const chain = branch(undefined, 300);
    const answerMs = 19_000;
    for (const [from, limitMs] of [[0, MAX_IDLE_MS], [99, MAX_DRAIN_MS]] as const) {
      let timer = new ManualTimer();
      // One block in each answer.
      const drops: BlockSource = {
        blocksAfter: (hash) => {
          const at = equalBytes(hash, ZERO) ? 0 : chain.findIndex((block) => equalBytes(hashOf(block), hash)) + 1;
          return Promise.resolve(chain.slice(at, at + 1));
        },
        close: () => {},
      };
      const world = build(chain.slice(0, 100), { drops: slow(drops, () => timer, answerMs), good: chain });
      timer = world.timer;
      world.fetcher.want(hashOf(chain[from] as SignedBlock), hashOf(last(chain)));
      await world.fetcher.idle();
      expect(world.asked).toEqual(["drops", "good"]);
      expect(holdsAll(world.store, chain)).toBe(true);
      expect(timer.now()).toBeLessThan(limitMs + answerMs);
    }
  });

  it("asks again from the newest block, for a while only, for what nobody has", async () => {
    const chain = branch(undefined, 600);
    const lost = blockOn(blockHash(new Uint8Array(32).fill(7)), 20, 7);
    const peer = chain.slice(0, 10);
    const { fetcher, store, timer, asked, batches, logs } = build(chain.slice(0, 10), { a: peer, b: peer });
    const grow = async (seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        // All is well otherwise: blocks come by themselves.
        for (const next of chain.slice(peer.length, peer.length + 3)) {
          peer.push(next);
          store.put(next);
        }
        await timer.pass(1000);
        await fetcher.idle();
      }
    };
    fetcher.want(hashOf(chain[9] as SignedBlock), hashOf(lost));
    await fetcher.idle();
    await grow(MAX_WISH_MS / 1000 + 1);
    const [rounds, handed] = [asked.length, batches.reduce((sum, count) => sum + count, 0)];
    expect(rounds).toBeGreaterThan(2 * MAX_WISH_MS / MAX_RETRY_MS - 4);
    expect(handed).toBeLessThanOrEqual(rounds);
    await grow(60);
    expect([asked.length, timer.waiting]).toEqual([rounds, 0]);
    // Wanted again, it is asked for again.
    fetcher.want(hashOf(last(peer)), hashOf(lost));
    await fetcher.idle();
    expect(asked).toHaveLength(rounds + 2);
    expect(logs).toEqual(["BlocksUnavailable", "BlocksUnavailable"]);
  });

  it("goes on asking for as long as it is wanted", async () => {
    const chain = branch(undefined, 10);
    const peers: Record<string, readonly SignedBlock[]> = { behind: chain.slice(0, 5) };
    const { fetcher, store, timer } = build(chain.slice(0, 4), peers);
    for (let waited = 0; waited < 3 * MAX_WISH_MS; waited += 1000) {
      fetcher.want(hashOf(chain[3] as SignedBlock), hashOf(last(chain)));
      await timer.pass(1000);
    }
    peers["behind"] = chain;
    await timer.pass(MAX_RETRY_MS);
    await fetcher.idle();
    expect(holdsAll(store, chain)).toBe(true);
  });

  it("says what to do if all peers have dropped the blocks after the newest one here", async () => {
    const chain = branch(undefined, 40);
    const kept = { a: chain.slice(20), b: chain.slice(25) };
    const { fetcher, timer, logs } = build(chain.slice(0, 5), kept);
    fetcher.want(hashOf(chain[4] as SignedBlock), hashOf(last(chain)));
    await fetcher.idle();
    await timer.pass(5 * MAX_RETRY_MS);
    expect(logs).toEqual(["AwayForTooLong"]);
    // One that has them is enough, also one that lacks the wanted block.
    for (
      const other of [{ ...kept, c: chain.slice(5) }, { ...kept, c: chain.slice(0, 30) }, { a: chain.slice(0, 5) }]
    ) {
      const { fetcher, logs } = build(chain.slice(0, 5), other);
      fetcher.want(hashOf(chain[4] as SignedBlock), hashOf(last(chain)));
      await fetcher.idle();
      expect(logs).not.toContain("AwayForTooLong");
    }
  });

  it("offers a block again with those on it, if it is taken only with them and comes before them", async () => {
    const chain = branch(undefined, 2 * IMPORT_BATCH);
    const third = chain[IMPORT_BATCH - 1] as SignedBlock;
    const judge = (block: SignedBlock, batch: readonly SignedBlock[]) =>
      block.block.header.blockNumber !== third.block.header.blockNumber ||
        batch.some(({ block }) => equalBytes(block.header.parentHash, hashOf(third)))
        ? "Imported"
        : "Equivocation";
    // In one answer, and at the end of one.
    for (const limit of [2 * IMPORT_BATCH, IMPORT_BATCH]) {
      const { fetcher, store } = build([], { a: sourceOf(chain, limit) }, judge);
      fetcher.want(ZERO, hashOf(last(chain)));
      await fetcher.idle();
      expect(holdsAll(store, chain)).toBe(true);
    }
  });
});
