import { afterEach, describe, expect, it } from "vitest";
import { NodeConnection } from "../../src/host/parentchain/node_connection.ts";

const TIMES = { connectMs: 1_000, pauseMs: 20 };
const WAIT = { timeout: 30_000 };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

type Json = Readonly<Record<string, unknown>>;

/** A request as the node sees it, on the connection of a number from 1 on. */
interface Asked {
  readonly connection: number;
  readonly method: string;
  readonly answer: (message: Json) => void;
  readonly socket: WebSocket;
}

/** A node that answers "ask", and tells the number of the connection once in a while to who subscribes to "sub" or "other". */
function startNode(rule: (asked: Asked) => boolean = () => false) {
  const sockets: WebSocket[] = [];
  const timers: ReturnType<typeof setInterval>[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const connection = sockets.push(socket);
    const send = (message: Json) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
    socket.onmessage = ({ data }) => {
      const { id, method } = JSON.parse(data);
      const answer = (message: Json) => send({ jsonrpc: "2.0", id, ...message });
      if (rule({ connection, method, answer, socket })) return;
      const subscription = `${method}${connection}`;
      answer({ result: method === "ask" ? connection : subscription });
      const push = () => send({ jsonrpc: "2.0", method, params: { subscription, result: connection } });
      if (method !== "ask") timers.push(setInterval(push, 10));
    };
    return response;
  });
  ends.push(async () => {
    for (const timer of timers) clearInterval(timer);
    for (const socket of sockets) socket.close();
    await server.shutdown();
  });
  return { url: `ws://127.0.0.1:${server.addr.port}`, cut: () => sockets.at(-1)?.close(), count: () => sockets.length };
}

/** A connection with both subscriptions, what they brought last, and what was told of it. */
async function connect(url: string) {
  const connection = await NodeConnection.open(url, () => {}, TIMES);
  ends.push(() => connection.close());
  const told: string[] = [];
  connection.onLost = () => void told.push("lost");
  connection.onConnected = () => void told.push("connected");
  const last = { sub: 0, other: 0 };
  for (const method of ["sub", "other"] as const) {
    await connection.subscribe(method, method, (value) => void (last[method] = value as number));
  }
  await expect.poll(() => last, WAIT).toEqual({ sub: 1, other: 1 });
  return { connection, told, last };
}

describe("NodeConnection", () => {
  it("has its subscriptions again after each loss", async () => {
    const node = startNode();
    const { connection, told, last } = await connect(node.url);
    for (let line = 2; line < 5; line++) {
      node.cut();
      await expect.poll(() => last, WAIT).toEqual({ sub: line, other: line });
      expect(await connection.ask("ask", [])).toBe(line);
    }
    expect(told).toEqual(Array.from({ length: 3 }, () => ["lost", "connected"]).flat());
  });

  it("dials again if it is lost while it subscribes, or the node refuses one of the subscriptions", async () => {
    const node = startNode(({ connection, method, answer, socket }) => {
      if (connection === 2 && method === "other") return socket.close(), true;
      if (connection === 3 && method === "other") return answer({ error: { code: -32_000, message: "busy" } }), true;
      return false;
    });
    const { told, last } = await connect(node.url);
    node.cut();
    await expect.poll(() => last, WAIT).toEqual({ sub: 4, other: 4 });
    expect(told).toEqual(["lost", "connected"]);
  });

  it("dials again if the node ends a subscription", async () => {
    let drop = () => {};
    const node = startNode(({ connection, method, socket }) => {
      const params = { subscription: "sub1", error: { code: 1, message: "too slow" } };
      if (connection === 1 && method === "other") {
        drop = () => socket.send(JSON.stringify({ jsonrpc: "2.0", method: "sub", params }));
      }
      return false;
    });
    const { told, last } = await connect(node.url);
    drop();
    await expect.poll(() => last, WAIT).toEqual({ sub: 2, other: 2 });
    expect(told).toEqual(["lost", "connected"]);
  });

  it("waits no longer than its time for a node that takes a connection, or a subscription, and says nothing", async () => {
    let isMute = false;
    const node = startNode(({ connection, method }) => connection === 2 && method === "other");
    const target = Number(new URL(node.url).port);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let accepted = 0;
    void (async () => {
      for await (const incoming of listener) {
        accepted++;
        if (isMute) continue;
        const outgoing = await Deno.connect({ hostname: "127.0.0.1", port: target });
        void incoming.readable.pipeTo(outgoing.writable).catch(() => {});
        void outgoing.readable.pipeTo(incoming.writable).catch(() => {});
      }
    })();
    ends.push(() => listener.close());
    const { told, last } = await connect(`ws://127.0.0.1:${listener.addr.port}`);
    isMute = true;
    node.cut();
    await expect.poll(() => accepted, WAIT).toBeGreaterThanOrEqual(3);
    isMute = false;
    await expect.poll(() => last, WAIT).toEqual({ sub: 3, other: 3 });
    expect(told).toEqual(["lost", "connected"]);
  });

  it("fails what is asked as soon as the line is lost or given up, and at once while there is none", async () => {
    const node = startNode(({ method }) => method === "never");
    const { connection, told } = await connect(node.url);
    const lost = { code: "Disconnected" };
    const asked = connection.ask("never", []);
    node.cut();
    await expect(asked).rejects.toMatchObject(lost);
    await expect(connection.ask("ask", [])).rejects.toMatchObject(lost);
    await expect.poll(() => told, WAIT).toEqual(["lost", "connected"]);
    const again = connection.ask("never", []);
    connection.renew();
    await expect(again).rejects.toMatchObject(lost);
    await expect.poll(() => told.length, WAIT).toBe(4);
  });

  it("ends for good, also while it pauses or dials", async () => {
    const node = startNode(({ connection, method }) => connection === 2 && method === "sub");
    const first = await connect(node.url);
    first.connection.close();
    await expect(first.connection.ask("ask", [])).rejects.toMatchObject({ code: "Disconnected" });
    expect(first.told).toEqual([]);
    await expect(NodeConnection.open(node.url.replace(/\d+$/, "1"), () => {}, TIMES)).rejects.toMatchObject({
      code: "Unreachable",
    });
    const count = node.count();
    await new Promise((resolve) => setTimeout(resolve, 10 * TIMES.pauseMs));
    expect(node.count()).toBe(count);
  });
});
