import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fundEnclaveAccount, type FundingRequest, TRANSFER_TIMEOUT_MS } from "../../src/host/parentchain/funding.ts";
import type { ChainFacts } from "../../src/host/parentchain/link.ts";
import { enclaveFunds } from "../../src/parentchain/funding.ts";
import { ParentchainMetadata } from "../../src/parentchain/metadata.ts";
import { buildTestMetadata } from "../parentchain/metadata_builder.ts";

const metadata = new ParentchainMetadata(buildTestMetadata());
/** What is left to an enclave that has paid for its vault. */
const ENOUGH = enclaveFunds(metadata, false) / 4n;
/** Longer than the pause between two looks. */
const NEXT_LOOK_MS = 11_000;

/** A request whose account has `balance`, which can be changed, and what was logged. */
function build(balance: bigint, changes: Partial<FundingRequest> = {}) {
  const lines: string[] = [];
  const account = { balance };
  const request: FundingRequest = {
    link: { facts: { metadata } as ChainFacts, freeBalance: async () => account.balance },
    url: "ws://127.0.0.1:1",
    account: new Uint8Array(32).fill(1),
    development: false,
    waits: true,
    signal: new AbortController().signal,
    log: (level, code, fields) => void lines.push(`${level} ${code} ${fields?.["balance"]}`),
    ...changes,
  };
  return { lines, account, request };
}

const realTimeout = setTimeout;

/** A node whose connections end as `onOpen` does; counts them. */
function serveNode(onOpen: (socket: WebSocket) => void) {
  const dialled: WebSocket[] = [];
  const closed = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (asked) => {
    const { socket, response } = Deno.upgradeWebSocket(asked);
    socket.onopen = () => (dialled.push(socket), onOpen(socket));
    socket.onclose = () => closed.resolve();
    return response;
  });
  return { url: `ws://127.0.0.1:${server.addr.port}`, dialled, closed: closed.promise, stop: () => server.shutdown() };
}

/** Lets a number of seconds pass, and the sockets do after each what they do of themselves. */
async function pass(seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await vi.advanceTimersByTimeAsync(1_000);
    await new Promise((resolve) => realTimeout(resolve, 5));
  }
}

/** Whether it has resolved by now. */
async function hasEnded(work: Promise<void>): Promise<boolean> {
  let ended = false;
  void work.then(() => ended = true);
  await vi.advanceTimersByTimeAsync(0);
  return ended;
}

describe("fundEnclaveAccount()", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is content with a quarter of the funds", async () => {
    const { lines, request } = build(ENOUGH);
    await fundEnclaveAccount(request);
    expect(lines).toEqual([]);
  });

  it("tells once that the account is unfunded, and waits until it has been paid", async () => {
    const { lines, account, request } = build(ENOUGH - 1n);
    const funded = fundEnclaveAccount(request);
    await vi.advanceTimersByTimeAsync(NEXT_LOOK_MS);
    expect(await hasEnded(funded)).toBe(false);
    account.balance = ENOUGH;
    await vi.advanceTimersByTimeAsync(NEXT_LOOK_MS);
    expect(await hasEnded(funded)).toBe(true);
    expect(lines).toEqual([`warn EnclaveAccountUnfunded ${ENOUGH - 1n}`]);
  });

  it("tells it and goes on if it is not to wait, as for a validateer that has taken part", async () => {
    const { lines, request } = build(ENOUGH - 1n, { waits: false });
    await fundEnclaveAccount(request);
    expect(lines).toEqual([`warn EnclaveAccountUnfunded ${ENOUGH - 1n}`]);
  });

  it("ends at the signal while //Alice's node does not answer, and leaves no connection", async () => {
    vi.useRealTimers();
    const connected = Promise.withResolvers<void>();
    const node = serveNode(() => connected.resolve());
    const stop = new AbortController();
    const funded = fundEnclaveAccount(build(0n, { development: true, url: node.url, signal: stop.signal }).request);
    await connected.promise;
    stop.abort();
    await expect(funded).rejects.toBe(stop.signal.reason);
    await node.closed;
    await node.stop();
  });

  it("reports BadAnswer in time if //Alice's node answers nothing, and leaves no connection", async () => {
    const connected = Promise.withResolvers<void>();
    const node = serveNode(() => connected.resolve());
    const funded = fundEnclaveAccount(build(0n, { development: true, url: node.url }).request);
    const reported = expect(funded).rejects.toMatchObject({
      code: "BadAnswer",
      message: expect.stringMatching(/has not paid.* within 60 s/),
    });
    await connected.promise;
    await vi.advanceTimersByTimeAsync(TRANSFER_TIMEOUT_MS);
    await reported;
    await node.closed;
    await node.stop();
  });

  it("reports BadAnswer in time if //Alice's node ends each connection, and dials it no more", async () => {
    // The library prints that it was disconnected.
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const node = serveNode((socket) => socket.close());
    const funded = fundEnclaveAccount(build(0n, { development: true, url: node.url }).request);
    const reported = expect(funded).rejects.toMatchObject({ code: "BadAnswer" });
    await pass(TRANSFER_TIMEOUT_MS / 1_000);
    await reported;
    expect(node.dialled.length).toBeGreaterThan(1);
    const before = node.dialled.length;
    await pass(10);
    expect(node.dialled).toHaveLength(before);
    printed.mockRestore();
    await node.stop();
  });
});
