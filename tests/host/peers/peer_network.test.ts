import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_QUEUED_LENGTH,
  MAX_QUEUED_MESSAGES,
  MAX_REDIAL_MS,
  MAX_SOCKET_BUFFER_BYTES,
  MAX_UNANSWERED_MESSAGES,
  MIN_REDIAL_MS,
  PEER_STALL_TIMEOUT_MS,
} from "../../../src/host/peers/peer_link.ts";
import { PeerNetwork } from "../../../src/host/peers/peer_network.ts";
import { MAX_FRAME_LENGTH } from "../../../src/transport/limits.ts";
import { fakePorts, FakeSocket, settle } from "./support.ts";

const A = "wss://a:1";
const B = "wss://b:1";
const block = (n: number) => new Uint8Array([n]);
/** The parameter of each message: `0x04`, one element, and the block. */
const blocksIn = (sent: readonly string[]) =>
  sent.map((text) => JSON.parse(text)).map(({ method, params: [hex] }) => {
    expect(method).toBe("sidechain_importBlock");
    expect(hex.slice(0, 4)).toBe("0x04");
    return Number.parseInt(hex.slice(4), 16);
  });

async function connected() {
  const ports = fakePorts();
  const socket = ports.expectDial(A);
  const network = new PeerNetwork(ports.ports);
  network.setPeers([A]);
  await settle();
  return { ...ports, socket, network };
}

describe("PeerNetwork", () => {
  it("sends each block to all peers as one and the same text", async () => {
    const { ports, expectDial, values } = fakePorts();
    const [a, b] = [expectDial(A), expectDial(B)];
    const network = new PeerNetwork(ports);
    network.setPeers([A, B]);
    await settle();
    expect(values.connected).toBe(2);
    network.broadcast(block(5));
    network.broadcast(block(6));
    expect(blocksIn(a.sent)).toEqual([5, 6]);
    expect(b.sent).toEqual(a.sent);
    expect(values.sent).toBe(4);
  });

  it("closes the connection to a peer that left the list and keeps those of the others", async () => {
    const { ports, expectDial, values, dialled, logs } = fakePorts();
    const [a, b] = [expectDial(A), expectDial(B)];
    const network = new PeerNetwork(ports);
    network.setPeers([A, B]);
    await settle();
    network.setPeers([B]);
    expect([a.closed, b.closed, values.connected]).toEqual([true, false, 1]);
    expect(dialled).toEqual([A, B]);
    expect(logs).not.toContain("PeerLost");
  });

  it("lets a peer that does not answer have no more than its share, and drops the oldest of the rest", async () => {
    const { network, socket, values } = await connected();
    const sent = MAX_UNANSWERED_MESSAGES + MAX_QUEUED_MESSAGES + 3;
    for (let i = 0; i < sent; i++) network.broadcast(block(i));
    expect(socket.sent).toHaveLength(MAX_UNANSWERED_MESSAGES);
    expect(values.dropped).toBe(3);
    socket.answer();
    expect(blocksIn(socket.sent).at(-1)).toBe(MAX_UNANSWERED_MESSAGES + 3);
  });

  it("bounds what waits by its length too", async () => {
    const { network, socket, values } = await connected();
    socket.buffered = MAX_SOCKET_BUFFER_BYTES + 1;
    const large = new Uint8Array(MAX_FRAME_LENGTH / 2 - 200);
    const fit = Math.floor(MAX_QUEUED_LENGTH / MAX_FRAME_LENGTH);
    for (let i = 0; i < fit + 2; i++) network.broadcast(large);
    expect(socket.sent).toEqual([]);
    expect(values.dropped).toBe(2);
  });

  it("does not push a block that no peer takes in one message", async () => {
    const { network, socket, logs } = await connected();
    network.broadcast(new Uint8Array(MAX_FRAME_LENGTH / 2));
    expect(socket.sent).toEqual([]);
    expect(logs).toContain("BlockTooLongToPush");
  });

  it("does not let a slow peer hold up the others", async () => {
    const { ports, expectDial } = fakePorts();
    const [slow, quick] = [expectDial(A), expectDial(B)];
    slow.buffered = Infinity;
    const network = new PeerNetwork(ports);
    network.setPeers([A, B]);
    await settle();
    for (let i = 0; i < 100; i++) {
      network.broadcast(block(i));
      quick.answer();
    }
    expect([slow.sent.length, quick.sent.length]).toEqual([0, 100]);
  });

  it("gives up a connection whose peer leaves a message unanswered, and dials again", async () => {
    const { network, socket, timer, logs, expectDial } = await connected();
    network.broadcast(block(1));
    await timer.pass(PEER_STALL_TIMEOUT_MS - 1);
    expect(socket.closed).toBe(false);
    const next = expectDial(A);
    await timer.pass(1);
    expect([socket.closed, network.connected]).toEqual([true, 0]);
    expect(logs.filter((code) => code === "PeerStalled")).toHaveLength(1);
    await timer.pass(MIN_REDIAL_MS);
    expect(network.connected).toBe(1);
    expect(blocksIn(next.sent)).toEqual([1]);
  });

  it("dials again although the connection that it gave up still answers, and ends later", async () => {
    const { network, socket, timer, expectDial } = await connected();
    socket.lingers = true;
    network.broadcast(block(1));
    network.broadcast(block(2));
    await timer.pass(PEER_STALL_TIMEOUT_MS);
    const next = expectDial(A);
    socket.answer();
    await timer.pass(MIN_REDIAL_MS);
    expect(network.connected).toBe(1);
    expect(blocksIn(next.sent)).toEqual([2]);
    socket.answer();
    socket.end();
    expect(network.connected).toBe(1);
    await timer.pass(PEER_STALL_TIMEOUT_MS);
    expect(next.closed).toBe(true);
  });

  it("is connected again and has sent the newest block, whatever happened to connections before", async () => {
    const happenings = fc.array(
      fc.oneof(
        fc.record({ what: fc.constant("send" as const) }),
        fc.record({ what: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 2 * PEER_STALL_TIMEOUT_MS }) }),
        fc.record({ what: fc.constantFrom("answer" as const, "end" as const), which: fc.nat(7) }),
        fc.record({ what: fc.constant("serve" as const) }),
      ),
      { maxLength: 40 },
    );
    await fc.assert(fc.asyncProperty(happenings, async (all) => {
      const ports = fakePorts();
      const sockets: FakeSocket[] = [];
      const serve = () => {
        const socket = ports.expectDial(A);
        socket.lingers = true;
        sockets.push(socket);
        return socket;
      };
      const network = new PeerNetwork(ports.ports);
      network.setPeers([A]);
      for (const happening of all) {
        if (happening.what === "send") network.broadcast(block(1));
        else if (happening.what === "pass") await ports.timer.pass(happening.ms);
        else if (happening.what === "serve") serve();
        else sockets[happening.which]?.[happening.what]();
      }
      network.broadcast(block(9));
      // From here on every connection is good: it answers each message.
      const good = [serve(), serve(), serve()];
      const answered = new Map<FakeSocket, number>();
      for (let i = 0; i < 200; i++) {
        await ports.timer.pass(MAX_REDIAL_MS);
        for (const socket of good) {
          for (let sent = answered.get(socket) ?? 0; sent < socket.sent.length; sent++) {
            answered.set(socket, sent + 1);
            socket.answer();
          }
        }
      }
      expect(network.connected).toBe(1);
      expect(sockets.flatMap(({ sent }) => blocksIn(sent))).toContain(9);
      network.stop();
      expect(ports.timer.waiting).toBe(0);
    }));
  });

  it("waits for the answer to each message anew", async () => {
    const { network, socket, timer } = await connected();
    for (let i = 0; i < 5; i++) network.broadcast(block(i));
    for (let i = 0; i < 4; i++) {
      await timer.pass(PEER_STALL_TIMEOUT_MS - 1);
      socket.answer();
    }
    expect(socket.closed).toBe(false);
    await timer.pass(PEER_STALL_TIMEOUT_MS);
    expect(socket.closed).toBe(true);
  });

  it("dials a peer that is away after pauses that double up to a bound, and tells of it once", async () => {
    const { ports, timer, dialled, logs } = fakePorts();
    const network = new PeerNetwork(ports);
    network.setPeers([A]);
    const at = [0];
    for (let seen = 1; timer.now() < 60_000;) {
      await timer.pass(10);
      if (dialled.length > seen) at.push(timer.now());
      seen = dialled.length;
    }
    const pauses = at.slice(1).map((ms, i) => ms - (at[i] as number));
    expect(pauses.slice(0, 4)).toEqual([250, 500, 1000, 1000]);
    expect(pauses.at(-1)).toBe(MAX_REDIAL_MS);
    expect(logs).toEqual(["PeerUnreachable"]);
    network.stop();
    expect(timer.waiting).toBe(0);
  });

  it("gives a peer that comes back what waited, or the newest block, so that it learns what it lacks", async () => {
    const { network, socket, timer, expectDial } = await connected();
    network.broadcast(block(1));
    socket.answer();
    socket.close();
    const second = expectDial(A);
    await timer.pass(MIN_REDIAL_MS);
    expect(blocksIn(second.sent)).toEqual([1]);
    second.answer();
    second.close();
    network.broadcast(block(2));
    network.broadcast(block(3));
    const third = expectDial(A);
    await timer.pass(MIN_REDIAL_MS);
    expect(blocksIn(third.sent)).toEqual([2, 3]);
  });

  it("tells once that a peer refuses, and goes on", async () => {
    const { network, socket, logs } = await connected();
    for (let i = 0; i < 3; i++) {
      network.broadcast(block(i));
      socket.answer('{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid parameters"},"id":1}');
    }
    expect(logs.filter((code) => code === "PeerRefuses")).toHaveLength(1);
    expect(socket.closed).toBe(false);
  });

  it("leaves a peer that answers at length", async () => {
    const { network, socket } = await connected();
    network.broadcast(block(1));
    socket.answer("x".repeat(5_000));
    expect(socket.closed).toBe(true);
  });

  it("sends operations after the blocks that wait, and not to a peer that is away", async () => {
    const { network, socket, timer, values, expectDial } = await connected();
    const methods = (sent: readonly string[]) => sent.map((text) => JSON.parse(text).method);
    for (let i = 0; i < MAX_UNANSWERED_MESSAGES; i++) network.broadcast(block(i));
    network.gossip(new Uint8Array([9]));
    network.broadcast(block(20));
    socket.answer();
    socket.answer();
    expect(methods(socket.sent).slice(-2)).toEqual(["sidechain_importBlock", "sidechain_gossipTops"]);
    expect(JSON.parse(socket.sent.at(-1) as string).params).toEqual(["0x09"]);
    network.gossip(new Uint8Array([10]));
    socket.close();
    network.gossip(new Uint8Array([11]));
    expect(values.dropped).toBe(1);
    const next = expectDial(A);
    await timer.pass(MIN_REDIAL_MS);
    expect(blocksIn(next.sent)).toEqual([20]);
  });

  it("lets operations that a slow peer does not take in time go, and never a block for them", async () => {
    const { network, socket, values } = await connected();
    for (let i = 0; i < MAX_UNANSWERED_MESSAGES + 2; i++) network.broadcast(block(i));
    for (let i = 0; i < MAX_QUEUED_MESSAGES + 5; i++) network.gossip(new Uint8Array([i]));
    expect(values.dropped).toBe(5);
    socket.answer();
    socket.answer();
    expect(blocksIn(socket.sent.slice(-2))).toEqual([8, 9]);
  });

  it("ends with nothing left to wait for, also a connection that is just being opened", async () => {
    const { ports, expectDial, timer } = fakePorts();
    const socket = expectDial(A);
    const network = new PeerNetwork(ports);
    network.setPeers([A]);
    network.stop();
    await settle();
    expect(socket.closed).toBe(true);
    expect(timer.waiting).toBe(0);
    network.setPeers([B]);
    expect(network.urls).toEqual([]);
  });
});
