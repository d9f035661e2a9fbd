import { describe, expect, it } from "vitest";
import { ignoreParams } from "../../src/transport/params.ts";
import { defineMethod, RpcRouter } from "../../src/transport/router.ts";
import { type ServedSocket, ServedSockets, type ServedSocketsOptions } from "../../src/transport/served_sockets.ts";

const PING = '{"jsonrpc":"2.0","method":"ping","id":1}';
const PONG = '{"jsonrpc":"2.0","result":"pong","id":1}';
const MAX = 3;

/** A socket whose events a test fires. */
class FakeSocket implements ServedSocket {
  readyState = 0;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  closedWith: { code: number; reason: string } | undefined;
  onopen: ServedSocket["onopen"] = null;
  onmessage: ServedSocket["onmessage"] = null;
  onclose: ServedSocket["onclose"] = null;
  onerror: ServedSocket["onerror"] = null;

  send(text: string): void {
    this.sent.push(text);
  }

  close(code: number, reason: string): void {
    this.readyState = 2;
    this.closedWith = { code, reason };
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.({} as Event);
  }

  says(data: unknown): void {
    this.onmessage?.({ data } as MessageEvent);
  }

  ends(): void {
    this.readyState = 3;
    this.onclose?.({} as CloseEvent);
  }
}

const ended: string[] = [];
const router = new RpcRouter<undefined>([
  defineMethod({ name: "ping", decode: ignoreParams, handle: () => "pong" }),
  defineMethod({
    name: "follow",
    decode: ignoreParams,
    handle: (_params, _context, call) => {
      call.subscribe({ type: "substrate", method: "news" }, "a").onClose = () => ended.push("a");
      return "a";
    },
  }),
]);

function create(options: Partial<ServedSocketsOptions<undefined>> = {}) {
  const sockets = new ServedSockets<undefined>({ router, context: undefined, nowMs: () => 0, max: MAX, ...options });
  const upgrade = () => {
    const socket = new FakeSocket();
    sockets.serve(socket);
    return socket;
  };
  const open = () => {
    const socket = upgrade();
    socket.opens();
    return socket;
  };
  return { sockets, upgrade, open };
}

/** Lets answers that wait for nothing be sent. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("ServedSockets", () => {
  it("gives no place to a socket that was upgraded and of which nothing is heard any more", async () => {
    const { sockets, upgrade, open } = create();
    for (let i = 0; i < 10 * MAX; i++) upgrade();
    expect([sockets.size, sockets.isFull]).toEqual([0, false]);
    const good = open();
    good.says(PING);
    await settle();
    expect(good.sent).toEqual([PONG]);
  });

  it("answers a message that comes right after the opening", async () => {
    const { upgrade } = create();
    const socket = upgrade();
    socket.opens();
    socket.says(PING);
    await settle();
    expect(socket.sent).toEqual([PONG]);
  });

  it("closes with 1013 those that open when the places are gone, hears nothing of them, and counts them until they are gone", async () => {
    const { sockets, upgrade, open } = create();
    const late = Array.from({ length: MAX + 2 }, upgrade);
    expect(sockets.isFull).toBe(false);
    for (const socket of late) socket.opens();
    expect(late.map(({ closedWith }) => closedWith?.code)).toEqual([...Array(MAX).fill(undefined), 1013, 1013]);
    for (const socket of late) socket.says(PING);
    await settle();
    expect(late.map(({ sent }) => sent.length)).toEqual([...Array(MAX).fill(1), 0, 0]);
    expect([sockets.size, sockets.isFull]).toEqual([MAX + 2, true]);
    for (const socket of late.slice(MAX)) socket.ends();
    expect([sockets.size, sockets.isFull]).toEqual([MAX, true]);
    late[0]?.ends();
    expect([sockets.size, sockets.isFull]).toEqual([MAX - 1, false]);
    expect(open().closedWith).toBeUndefined();
  });

  it("frees a place once, and ends the subscriptions of the socket that had it", async () => {
    const { sockets, open } = create();
    const socket = open();
    socket.says('{"jsonrpc":"2.0","method":"follow","id":1}');
    await settle();
    socket.ends();
    socket.ends();
    expect(ended).toEqual(["a"]);
    expect([sockets.size, sockets.counts]).toEqual([0, { opened: 1, closed: 1, messages: 1 }]);
  });

  it("closes with 1001 all sockets when it is stopped, and those that open later", () => {
    const { sockets, upgrade, open } = create();
    const [first, second] = [open(), upgrade()];
    sockets.stop("the node stops");
    second.opens();
    const gone = { code: 1001, reason: "the node stops" };
    expect([first.closedWith, second.closedWith]).toEqual([gone, gone]);
  });

  it("ignores binary messages, or closes with 1003 what its reader of them does not take", async () => {
    const ignoring = create().open();
    ignoring.says(new ArrayBuffer(1));
    ignoring.says(PING);
    const readBinary = (data: unknown) => data instanceof Uint8Array ? PING : undefined;
    const { open } = create({ readBinary });
    const [read, refused] = [open(), open()];
    read.says(new Uint8Array(1));
    refused.says({});
    await settle();
    expect([ignoring.sent, ignoring.closedWith, read.sent, refused.sent]).toEqual([[PONG], undefined, [PONG], []]);
    expect(refused.closedWith?.code).toBe(1003);
  });
});
