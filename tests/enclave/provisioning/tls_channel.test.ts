import { EventEmitter } from "node:events";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  ChannelDeadline,
  EVIDENCE_TIMEOUT_MS,
  MAX_TRANSFER_MS,
  MIN_TRANSFER_BYTES_PER_MS,
  TRANSFER_GRACE_MS,
} from "../../../src/enclave/deno/channel_deadline.ts";
import { MAX_UNREAD_BYTES, secureChannel, UNREAD_HIGH_BYTES } from "../../../src/enclave/deno/tls_channel.ts";

/** A socket that does what a test tells it. */
class FakeSocket extends EventEmitter {
  destroyed = false;
  onTimeout = () => {};
  finished: Uint8Array | undefined = new Uint8Array(32).fill(1);
  peerFinished: Uint8Array | undefined = new Uint8Array(32).fill(2);
  protocol = "TLSv1.3";
  raw: Uint8Array | undefined = new Uint8Array([9]);

  getFinished = () => this.finished;
  getPeerFinished = () => this.peerFinished;
  getProtocol = () => this.protocol;
  getPeerCertificate = () => ({ raw: this.raw });
  setTimeout = (_ms: number, onTimeout: () => void) => void (this.onTimeout = onTimeout);
  write = (_bytes: Uint8Array, done: () => void) => done();
  destroy = () => {
    this.destroyed = true;
    this.emit("close");
  };

  channel(role: "client" | "server" = "server", valve = { shut: () => {}, open: () => {} }) {
    const deadline = new ChannelDeadline();
    return secureChannel(this as unknown as TLSSocket, { role, ownCertificate: new Uint8Array(1), valve, deadline });
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("secureChannel()", () => {
  it("binds to what both ends know of the session, the client's part first", () => {
    const socket = new FakeSocket();
    const bytes = (first: number, second: number) => new Uint8Array(64).map((_, i) => (i < 32 ? first : second));
    expect(socket.channel("client").binding).toEqual(bytes(1, 2));
    expect(socket.channel("server").binding).toEqual(bytes(2, 1));
    expect(socket.channel().peerCertificate).toEqual(new Uint8Array([9]));
  });

  it("refuses sessions without such a binding, and older TLS", () => {
    const changes: ((socket: FakeSocket) => void)[] = [
      (socket) => (socket.finished = undefined),
      (socket) => (socket.peerFinished = undefined),
      (socket) => (socket.peerFinished = new Uint8Array(12)),
      (socket) => (socket.protocol = "TLSv1.2"),
    ];
    for (const change of changes) {
      const socket = new FakeSocket();
      change(socket);
      expect(() => socket.channel()).toThrow("ConnectionBroken");
    }
  });

  it("shuts the valve when much is unread, opens it when half of that is read, and cuts off who sends on", async () => {
    const turns: string[] = [];
    const socket = new FakeSocket();
    const { stream } = socket.channel("server", { shut: () => turns.push("shut"), open: () => turns.push("open") });
    const chunk = new Uint8Array(UNREAD_HIGH_BYTES / 4);
    for (let i = 0; i < 5; i++) socket.emit("data", chunk);
    expect(turns).toEqual(["shut"]);
    for (let i = 0; i < 3; i++) await stream.read();
    expect(turns).toEqual(["shut", "open"]);
    for (let sent = 0; sent <= MAX_UNREAD_BYTES; sent += chunk.length) socket.emit("data", chunk);
    expect(socket.destroyed).toBe(true);
    await expect(stream.write(chunk)).rejects.toMatchObject({ code: "ConnectionBroken" });
  });

  it("ends with ConnectionTimedOut when the peer is silent", async () => {
    const socket = new FakeSocket();
    const { stream } = socket.channel();
    const reading = stream.read();
    socket.onTimeout();
    await expect(reading).rejects.toMatchObject({ code: "ConnectionTimedOut" });
    expect(socket.destroyed).toBe(true);
    await expect(stream.write(new Uint8Array(1))).rejects.toMatchObject({ code: "ConnectionTimedOut" });
  });

  it("gives what had arrived before the end or the failure", async () => {
    for (const event of ["end", "close"]) {
      const socket = new FakeSocket();
      const { stream } = socket.channel();
      socket.emit("data", new Uint8Array([5]));
      socket.emit(event);
      expect(await stream.read()).toEqual(new Uint8Array([5]));
      if (event === "end") expect(await stream.read()).toBeUndefined();
      else await expect(stream.read()).rejects.toMatchObject({ code: "ConnectionBroken" });
    }
  });
});

describe("the deadline of a channel", () => {
  /** A peer that sends so many bytes each second, until it is cut off or the time is over; gives the seconds it had. */
  function drip(socket: FakeSocket, bytesPerSecond: number, seconds: number): number {
    for (let second = 0; second < seconds; second++) {
      if (socket.destroyed) return second;
      socket.emit("data", new Uint8Array(bytesPerSecond));
      vi.advanceTimersByTime(1_000);
    }
    return socket.destroyed ? seconds : Infinity;
  }

  const valve = { shut: () => {}, open: () => {} };

  it("cuts off who sends bytes and no evidence: ConnectionTimedOut", async () => {
    const socket = new FakeSocket();
    const { stream } = socket.channel();
    expect(drip(socket, 1, 100)).toBe(EVIDENCE_TIMEOUT_MS / 1_000);
    await expect(stream.write(new Uint8Array(1))).rejects.toMatchObject({ code: "ConnectionTimedOut" });
  });

  it("cuts off who has proven itself and then sends too slowly, whatever it was given before", () => {
    const socket = new FakeSocket();
    const { verified } = socket.channel("client", valve);
    expect(drip(socket, 1, EVIDENCE_TIMEOUT_MS / 1_000 - 1)).toBe(Infinity);
    verified();
    const seconds = drip(socket, MIN_TRANSFER_BYTES_PER_MS * 500, 1_000);
    // Half the slowest rate earns half a second each second.
    expect(seconds).toBeGreaterThanOrEqual(TRANSFER_GRACE_MS / 1_000);
    expect(seconds).toBeLessThanOrEqual(2 * TRANSFER_GRACE_MS / 1_000 + 2);
  });

  it("lets a transfer at the slowest rate go on, and none for longer than the longest", () => {
    const deadline = new ChannelDeadline();
    let isLate = false;
    deadline.onLate = () => (isLate = true);
    deadline.verified();
    const seconds = MAX_TRANSFER_MS / 1_000;
    for (let second = 0; second < seconds; second++) {
      expect(isLate).toBe(false);
      deadline.moved(MIN_TRANSFER_BYTES_PER_MS * 1_000);
      vi.advanceTimersByTime(1_000);
    }
    expect(isLate).toBe(true);
  });

  it("ends with its connection", () => {
    const socket = new FakeSocket();
    socket.channel();
    socket.emit("close");
    expect(vi.getTimerCount()).toBe(0);
  });
});
