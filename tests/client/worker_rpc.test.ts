import { describe, expect, it } from "vitest";
import {
  connectWorkerRpc,
  MAX_EARLY_PUSHES,
  MAX_FRAME_LENGTH,
  MAX_PENDING_REQUESTS,
  REQUEST_TIMEOUT_MS,
} from "../../src/client/worker_rpc.ts";
import type { SubscriptionUpdate } from "../../src/client/rpc_message.ts";
import { WorkerRpcError } from "../../src/client/worker_rpc_error.ts";
import { FakeSocket, FakeTimer } from "./doubles.ts";

const WATCH = "author_submitAndWatchExtrinsic";
const HASH = `0x${"5f".repeat(32)}`;

async function setUp() {
  const socket = new FakeSocket();
  const timer = new FakeTimer();
  return { socket, timer, rpc: await connectWorkerRpc(socket.open, timer) };
}

async function failure(promise: Promise<unknown>): Promise<WorkerRpcError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WorkerRpcError) return error;
    throw error;
  }
  throw new Error("want a WorkerRpcError, got a result");
}

function recorder() {
  const updates: SubscriptionUpdate[] = [];
  const closed: string[] = [];
  return {
    updates,
    closed,
    onUpdate: (update: SubscriptionUpdate) => void updates.push(update),
    onClosed: (error: WorkerRpcError) => void closed.push(error.code),
  };
}

describe("connectWorkerRpc()", () => {
  it("reports ConnectFailed when the socket does not open", async () => {
    const cause = new Error("refused");
    const error = await failure(connectWorkerRpc(() => Promise.reject(cause), new FakeTimer()));
    expect(error.code).toBe("ConnectFailed");
    expect(error.cause).toBe(cause);
  });

  it("sends the envelope of the protocol with ids from 1", async () => {
    const { socket, rpc } = await setUp();
    socket.onSend = ({ id }) => socket.answer(id, "0x00");
    await rpc.request("author_getShard");
    await rpc.request("author_pendingExtrinsics", ["a"]);
    expect(socket.sent).toEqual([
      { jsonrpc: "2.0", id: 1, method: "author_getShard", params: [] },
      { jsonrpc: "2.0", id: 2, method: "author_pendingExtrinsics", params: ["a"] },
    ]);
  });
});

describe("request()", () => {
  it("matches answers by id in whatever order they come", async () => {
    const { socket, rpc } = await setUp();
    const first = rpc.request("a");
    const second = rpc.request("b");
    socket.answer(2, "two");
    socket.answer(1, "one");
    expect(await Promise.all([first, second])).toEqual(["one", "two"]);
  });

  it("reports ErrorObject with the number of the worker", async () => {
    const { socket, rpc } = await setUp();
    const answer = failure(rpc.request("nope"));
    socket.deliver({ jsonrpc: "2.0", id: 1, error: { code: -32601, message: "Method not found" } });
    const error = await answer;
    expect([error.code, error.rpcCode]).toEqual(["ErrorObject", -32601]);
  });

  it("reports MalformedAnswer when neither result nor error is there", async () => {
    const { socket, rpc } = await setUp();
    const answer = failure(rpc.request("a"));
    socket.deliver({ jsonrpc: "2.0", id: 1 });
    expect((await answer).code).toBe("MalformedAnswer");
  });

  it("reports RequestTimeout, leaves no timer behind and ignores the late answer", async () => {
    const { socket, timer, rpc } = await setUp();
    const late = failure(rpc.request("a"));
    timer.advance(REQUEST_TIMEOUT_MS - 1);
    expect(timer.waiting).toBe(1);
    timer.advance(1);
    expect((await late).code).toBe("RequestTimeout");
    socket.answer(1, "late");
    const next = rpc.request("b");
    socket.answer(2, "fine");
    expect(await next).toBe("fine");
    expect(timer.waiting).toBe(0);
  });

  it("reports TooManyRequests above the bound and recovers when answers come", async () => {
    const { socket, rpc } = await setUp();
    const pending = Array.from({ length: MAX_PENDING_REQUESTS }, () => rpc.request("a"));
    expect((await failure(rpc.request("a"))).code).toBe("TooManyRequests");
    for (let id = 1; id <= MAX_PENDING_REQUESTS; id++) socket.answer(id, id);
    await Promise.all(pending);
    const next = rpc.request("a");
    socket.answer(MAX_PENDING_REQUESTS + 1, "again");
    expect(await next).toBe("again");
  });

  it("reports ConnectionClosed for what is pending and for what comes after", async () => {
    const { socket, timer, rpc } = await setUp();
    const pending = failure(rpc.request("a"));
    socket.end("gone");
    expect((await pending).code).toBe("ConnectionClosed");
    expect((await failure(rpc.request("b"))).code).toBe("ConnectionClosed");
    expect(timer.waiting).toBe(0);
  });

  it.each([
    ["text that is not JSON", "{"],
    ["another protocol version", JSON.stringify({ jsonrpc: "1.0", id: 1, result: "" })],
    ["an array", "[]"],
    ["an id that is no number", JSON.stringify({ jsonrpc: "2.0", id: "1", result: "" })],
    ["a push without subscription", JSON.stringify({ jsonrpc: "2.0", method: WATCH, params: { result: "0x" } })],
  ])("ends the connection on %s", async (_what, text) => {
    const { socket, rpc } = await setUp();
    const pending = failure(rpc.request("a"));
    socket.deliver(text);
    expect((await pending).code).toBe("ConnectionClosed");
    expect(socket.closed).toBe(1);
  });

  it("ends the connection on a frame longer than any answer", async () => {
    const { socket, rpc } = await setUp();
    const pending = failure(rpc.request("a"));
    socket.deliver("x".repeat(MAX_FRAME_LENGTH + 1));
    expect((await pending).code).toBe("ConnectionClosed");
  });
});

describe("subscribe()", () => {
  it("delivers pushes of the exact text of the answer only", async () => {
    const { socket, rpc } = await setUp();
    const heard = recorder();
    const subscribed = rpc.subscribe(WATCH, ["0x00"], heard);
    socket.answer(1, HASH);
    expect((await subscribed).answer).toBe(HASH);
    socket.push(HASH.toUpperCase(), "0x010a");
    socket.push(`0x${"60".repeat(32)}`, "0x010a");
    socket.push(HASH, "0x0102");
    socket.push(HASH, "", "broken");
    expect(heard.updates).toEqual([{ result: "0x0102", error: undefined }, { result: "", error: "broken" }]);
  });

  it("delivers pushes that came before the answer, in order", async () => {
    const { socket, rpc } = await setUp();
    const heard = recorder();
    const subscribed = rpc.subscribe(WATCH, [], heard);
    socket.push(HASH, "0x0102");
    socket.push(`0x${"60".repeat(32)}`, "0x010a");
    socket.push(HASH, "0x0104");
    expect(heard.updates).toEqual([]);
    socket.answer(1, HASH);
    await subscribed;
    expect(heard.updates.map((update) => update.result)).toEqual(["0x0102", "0x0104"]);
  });

  it("keeps a bounded number of early pushes and forgets them with the last answer", async () => {
    const { socket, rpc } = await setUp();
    const first = recorder();
    const subscribed = rpc.subscribe(WATCH, [], first);
    socket.push(HASH, "0x00");
    for (let i = 0; i < MAX_EARLY_PUSHES; i++) socket.push("0xother", "0x01");
    socket.answer(1, HASH);
    await subscribed;
    expect(first.updates).toEqual([]);
    socket.push("0xother", "0x01");
    const second = recorder();
    const again = rpc.subscribe(WATCH, [], second);
    socket.answer(2, "0xother");
    await again;
    expect(second.updates).toEqual([]);
  });

  it("stops on request and tells the listener when the connection ends", async () => {
    const { socket, rpc } = await setUp();
    const stopped = recorder();
    const open = recorder();
    const one = rpc.subscribe(WATCH, [], stopped);
    const two = rpc.subscribe(WATCH, [], open);
    socket.answer(1, "0x01");
    socket.answer(2, "0x02");
    (await one).stop();
    await two;
    socket.push("0x01", "0x00");
    rpc.close();
    socket.end("late");
    expect([stopped.updates, stopped.closed, open.closed]).toEqual([[], [], ["ConnectionClosed"]]);
    expect(socket.closed).toBe(1);
  });

  it("reports MalformedAnswer when the answer is no text", async () => {
    const { socket, rpc } = await setUp();
    const answer = failure(rpc.subscribe(WATCH, [], recorder()));
    socket.answer(1, 7);
    expect((await answer).code).toBe("MalformedAnswer");
  });
});
