import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BLOCK_TIMEOUT_MS, streamBlocks } from "../../../src/apps/cli/block_events.ts";
import { EXIT_FAILURE } from "../../../src/apps/cli/cli_error.ts";
import { listenToEvents } from "../../../src/apps/cli/listen.ts";
import type { Parentchain } from "../../../src/apps/cli/parentchain.ts";

const EVENT = {
  phase: "Initialization",
  event: { section: "system", method: "Remarked", data: { toHuman: () => ({}) } },
};

/** A node that tells of the blocks it is bidden to, each with one event. */
function build() {
  const world = { isSilent: false, hasStopped: false };
  const heads: ((header: unknown) => void)[] = [];
  const ends: (() => void)[] = [];
  const never = new Promise<never>(() => {});
  const api = {
    rpc: {
      chain: {
        subscribeNewHeads: (head: (header: unknown) => void) => {
          heads.push(head);
          return Promise.resolve(() => void (world.hasStopped = true));
        },
        getBlockHash: (number: number) =>
          world.isSilent ? never : Promise.resolve({ toU8a: () => new Uint8Array(32).fill(number) }),
      },
    },
    at: () => Promise.resolve({ query: { system: { events: () => Promise.resolve([EVENT]) } } }),
    once: (_name: string, end: () => void) => void ends.push(end),
  };
  const tell = (number: number) => heads.forEach((head) => head({ number: { toNumber: () => number } }));
  const end = () => ends.forEach((told) => told());
  return { chain: { api } as unknown as Parentchain, world, tell, end };
}

const SILENT = {
  code: "Parentchain",
  exitCode: EXIT_FAILURE,
  message: "The node has told of no block within 120 s",
};

describe("streamBlocks()", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("gives each block in turn, also those that a later one stands for", async () => {
    const { chain, tell } = build();
    const stream = await streamBlocks(chain);
    tell(7);
    tell(9);
    const numbers = [await stream.next(), await stream.next(), await stream.next()].map(({ number }) => number);
    expect(numbers).toEqual([7, 8, 9]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for a block for as long as a node may need, and begins anew with each", async () => {
    const { chain, tell } = build();
    const stream = await streamBlocks(chain);
    for (const number of [1, 2, 3]) {
      const next = stream.next();
      await vi.advanceTimersByTimeAsync(BLOCK_TIMEOUT_MS - 1);
      tell(number);
      expect((await next).number).toBe(number);
    }
  });

  it("reports Parentchain when the node tells of no block", async () => {
    const { chain } = build();
    const stream = await streamBlocks(chain);
    const reported = expect(stream.next()).rejects.toMatchObject(SILENT);
    await vi.advanceTimersByTimeAsync(BLOCK_TIMEOUT_MS);
    await reported;
  });

  it("reports Parentchain when the node tells of a block and does not show it", async () => {
    const { chain, world, tell } = build();
    const stream = await streamBlocks(chain);
    world.isSilent = true;
    tell(1);
    const reported = expect(stream.next()).rejects.toMatchObject(SILENT);
    await vi.advanceTimersByTimeAsync(BLOCK_TIMEOUT_MS);
    await reported;
  });

  it("reports Parentchain at once when the connection is closed", async () => {
    const { chain, end } = build();
    const stream = await streamBlocks(chain);
    const next = stream.next();
    end();
    await expect(next).rejects.toMatchObject({ code: "Parentchain", message: "The node closed the connection" });
  });
});

describe("listenToEvents()", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("prints what came and ends when the node falls silent", async () => {
    const { chain, world, tell } = build();
    const printed: string[] = [];
    const terminal = { print: (line: string) => void printed.push(line), note: () => {} };
    const reported = expect(listenToEvents(chain, terminal, {})).rejects.toMatchObject(SILENT);
    await vi.advanceTimersByTimeAsync(0);
    tell(1);
    await vi.advanceTimersByTimeAsync(BLOCK_TIMEOUT_MS);
    await reported;
    expect(printed).toEqual(["block 1 phase Initialization event system.Remarked {}"]);
    expect(world.hasStopped).toBe(true);
  });
});
